"""Proposals out of levels: what is missing, within limits and budgets, once a night."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backoffice.core.actor import current_unit, service
from backoffice.core.choices import Origin
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows
from inventory.models import ReplenishmentProposal, Supplier
from inventory.planning.assortment import Assortment, Levels, Rule
from inventory.planning.calibration import FillCurve
from inventory.planning.reorder_point import Orders, to_order
from inventory.selectors.stock import StockPosition, stock_positions
from inventory.services.candidates import Candidate, Candidates
from inventory.services.levels import Pair

# One run after the other: the second sees what the first proposed and spent.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('inventory.propose_replenishment'))"
TAKEN = """
SELECT r.sku_id, r.warehouse_id FROM inventory_replenishmentproposal r
JOIN unnest(%(houses)s::bigint[], %(days)s::date[]) AS n(id, day) ON n.id = r.warehouse_id
WHERE r.status IN ('PROPOSED', 'APPROVED') OR r.planned_on = n.day
"""
SPENT = """
SELECT r.warehouse_id, i.supplier_id, sum(r.quantity * r.unit_price
  * CASE WHEN r.currency = c.currency THEN 1 ELSE s.exchange_rate END)
FROM inventory_replenishmentproposal r
JOIN inventory_supplieritem i ON i.id = r.supplier_item_id
JOIN inventory_supplier s ON s.id = i.supplier_id
CROSS JOIN (SELECT currency FROM core_company ORDER BY id LIMIT 1) c
JOIN inventory_warehouse w ON w.id = r.warehouse_id
WHERE r.planned_on = (%(now)s AT TIME ZONE w.time_zone)::date GROUP BY 1, 2
"""
# Stock that began as the demo's is the demo's, and so is what is bought for it.
OF_DEMO = """
SELECT p.sku_id, p.warehouse_id FROM unnest(%(skus)s::bigint[], %(houses)s::bigint[])
  AS p(sku_id, warehouse_id)
JOIN LATERAL (SELECT m.origin FROM inventory_stockmove m
  WHERE m.sku_id = p.sku_id AND m.warehouse_id = p.warehouse_id ORDER BY m.id LIMIT 1) f ON true
WHERE f.origin = 'DEMO'
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A part of a night: what was looked at, the levels found, and the curve behind them."""

    candidates: Candidates
    known: Assortment
    levels: Levels
    curve: FillCurve


@dataclass(frozen=True, slots=True)
class Written:
    """The new proposals by pair, those to be ordered at once, and what limits left out."""

    created: dict[Pair, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    value: Decimal = Decimal(0)
    cut: int = 0
    left_out: int = 0
    left_out_value: Decimal = Decimal(0)


@service
def write_proposals(planned: Planned, *, now: datetime, reason: str = "") -> Written:
    """Propose what is missing now from the levels; what is proposed already is left alone."""
    execute(LOCK)
    chosen = planned.candidates
    taken = set(execute(TAKEN, _nights(chosen)))
    positions = stock_positions([row.pair for row in chosen.rows])
    orders = _orders(planned, positions)
    wanted = [n for n, row in enumerate(chosen.rows) if row.pair not in taken]
    wanted = [n for n in wanted if orders.proposed[n] > 0]
    purse = _Purse(chosen, now)
    quantities = purse.spend(wanted, orders, _urgency(planned, positions))
    kept = [n for n in wanted if n in quantities]
    created = _insert(planned, positions, orders, quantities, kept)
    free = [
        created[row.pair]
        for n in kept
        if (row := chosen.rows[n]).pair in created
        and (limit := chosen.terms[n].orders_up_to) is not None
        and quantities[n] * row.unit_cost <= limit
    ]
    value = sum((quantities[n] * chosen.rows[n].unit_cost for n in kept), Decimal(0))
    return Written(created, free, value, purse.cut, purse.left_out, purse.left_out_value)


def _nights(chosen: Candidates) -> dict[str, list[Any]]:
    return {"houses": list(chosen.planned_on), "days": list(chosen.planned_on.values())}


def _orders(planned: Planned, positions: dict[Pair, StockPosition]) -> Orders:
    chosen = planned.candidates
    return to_order(
        np.array([positions[row.pair].position for row in chosen.rows]),
        planned.levels.point,
        planned.levels.quantity,
        minimum=chosen.term("minimum", missing=-1),
        maximum=chosen.term("maximum", missing=-1),
        minimum_quantity=chosen.column("minimum_quantity"),
        pack_size=chosen.column("pack_size"),
    )


def _urgency(planned: Planned, positions: dict[Pair, StockPosition]) -> NDArray[np.float64]:
    """Return for how many days each position lasts."""
    at = np.array([positions[row.pair].position for row in planned.candidates.rows])
    return at / np.maximum(planned.levels.level, 1e-6)


class _Purse:
    """What may be proposed tonight: by proposal, supplier, warehouse and company."""

    def __init__(self, chosen: Candidates, now: datetime) -> None:
        self.chosen = chosen
        self.cut = self.left_out = 0
        self.left_out_value = Decimal(0)
        suppliers = Supplier.objects.filter(day_budget__isnull=False)
        self.suppliers = dict(suppliers.values_list("pk", "day_budget"))
        self.houses = dict(chosen.budgets)
        if self.suppliers or self.houses:
            for house, supplier, value in execute(SPENT, {"now": now}):
                self._take(house, supplier, value)

    def spend(
        self, wanted: Sequence[int], orders: Orders, urgency: NDArray[np.float64]
    ) -> dict[int, int]:
        """Return the quantities that fit, given to what runs out first."""
        found: dict[int, int] = {}
        for n in sorted(wanted, key=lambda n: (urgency[n], n)):
            row, units = self.chosen.rows[n], int(orders.proposed[n])
            fits = _within(units, row, self.chosen.terms[n].proposal_limit)
            value = fits * row.unit_cost
            if not fits or value > self._left(row.warehouse_id, row.supplier_id):
                self.left_out += 1
                self.left_out_value += units * row.unit_cost
                continue
            self.cut += fits < units
            self._take(row.warehouse_id, row.supplier_id, value)
            found[n] = fits
        return found

    def _left(self, house: int, supplier: int) -> Decimal:
        endless = Decimal("Infinity")
        budgets = (self.houses.get(None), self.houses.get(house), self.suppliers.get(supplier))
        return min((b for b in budgets if b is not None), default=endless)

    def _take(self, house: int, supplier: int, value: Decimal) -> None:
        for budgets, key in (
            (self.houses, None),
            (self.houses, house),
            (self.suppliers, supplier),
        ):
            if key in budgets:
                budgets[key] -= value  # type: ignore[index]


def _within(units: int, row: Candidate, limit: Decimal | None) -> int:
    """Return the whole packs of `units` that a limit allows; 0 where not even the minimum."""
    if limit is None or units * row.unit_cost <= limit:
        return units
    packs = int(limit / row.unit_cost) // row.pack_size * row.pack_size
    return packs if packs >= row.minimum_quantity else 0


def _insert(
    planned: Planned,
    positions: dict[Pair, StockPosition],
    orders: Orders,
    quantities: dict[int, int],
    kept: Sequence[int],
) -> dict[Pair, int]:
    if not kept:
        return {}
    chosen = [planned.candidates.rows[n] for n in kept]
    pairs = [row.pair for row in chosen]
    columns = {"skus": [sku for sku, _ in pairs], "houses": [house for _, house in pairs]}
    of_demo = set(execute(OF_DEMO, columns))
    mine = current_unit().actor.origin
    rows = insert_rows(
        ReplenishmentProposal,
        {
            "sku_id": columns["skus"],
            "warehouse_id": columns["houses"],
            "supplier_item_id": [row.supplier_item_id for row in chosen],
            "planned_on": [planned.candidates.planned_on[row.warehouse_id] for row in chosen],
            "quantity": [quantities[n] for n in kept],
            "unit_price": [row.price for row in chosen],
            "currency": [row.currency for row in chosen],
            "reorder_point": [int(orders.reorder_point[n]) for n in kept],
            "position": [positions[pair].position for pair in pairs],
            "explanation": [
                _explain(planned, positions[row.pair], orders, quantities[n], n)
                for n, row in zip(kept, chosen, strict=True)
            ],
            "origin": [Origin.DEMO if pair in of_demo else mine for pair in pairs],
        },
        on_conflict="ON CONFLICT DO NOTHING",
        returning="id, sku_id, warehouse_id, quantity",
    )
    emit(
        "replenishment.proposed",
        [
            Fact(pk, data={"sku_id": sku, "warehouse_id": house, "quantity": quantity})
            for pk, sku, house, quantity in rows
        ],
    )
    return {(sku, house): pk for pk, sku, house, _quantity in rows}


def _explain(
    planned: Planned, stock: StockPosition, orders: Orders, quantity: int, n: int
) -> dict[str, Any]:
    """Return every number that led to one proposal; units and days, money in company currency."""
    row, terms = planned.candidates.rows[n], planned.candidates.terms[n]
    demand, levels = planned.known.demand, planned.levels
    lead_demand = float(levels.level[n] * levels.lead_time[n])
    fill = float(terms.fill_rate)
    replayed = planned.curve.delivered(fill)
    return {
        "rule": Rule(levels.rule[n]).name,
        "known_days": int(demand.known_days[n]),
        "days_without_stock": int(demand.is_censored[n].sum()),
        "units_asked": int(demand.daily[n].sum()),
        "bulk_lines": int(demand.bulk_lines[n]),
        "bulk_units": int(demand.bulk_units[n]),
        "level": round(float(levels.level[n]), 4),
        "category": row.category,
        "category_level": round(float(levels.family_level[n]), 4),
        "spread": round(float(levels.spread[n]), 2),
        "lead_time": round(float(levels.lead_time[n]), 2),
        "lead_time_deviation": round(float(levels.lead_deviation[n]), 2),
        "receipts": len(planned.candidates.observed.get(row.supplier_id, ())),
        "offered_lead_time": row.lead_time_days,
        "lead_demand": round(lead_demand, 2),
        "safety_stock": round(float(levels.point[n]) - lead_demand, 2),
        "reorder_point": int(orders.reorder_point[n]),
        "order_quantity": round(float(levels.quantity[n]), 2),
        "cover_days": round(float(levels.quantity[n] / max(levels.level[n], 1e-6)), 1),
        "order_up_to": int(orders.order_up_to[n]),
        "minimum": terms.minimum,
        "maximum": terms.maximum,
        "fill_rate": fill,
        "fill_replayed": None if replayed is None else round(replayed, 4),
        "replayed_days": planned.curve.days,
        "penalty_days": round(float(levels.knob[n]), 1),
        "order_rhythm_days": terms.order_rhythm_days,
        "on_hand": stock.on_hand,
        "reserved": stock.reserved,
        "quarantined": stock.quarantined,
        "on_order": stock.on_order,
        "waiting": stock.waiting,
        "position": stock.position,
        "unit_value": str(round(row.unit_value, 4)),
        "minimum_quantity": row.minimum_quantity,
        "pack_size": row.pack_size,
        "wanted": int(orders.proposed[n]),
        "quantity": quantity,
    }
