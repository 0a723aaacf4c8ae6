"""Replenishment: proposed every night, approved or rejected, ordered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import insert_rows, per_row
from backoffice.core.states import Outcome
from inventory.choices import ProposalStatus
from inventory.models import ReplenishmentProposal, Warehouse
from inventory.planning.reorder_point import Demand, Plan, measure_demand, plan
from inventory.services.candidates import WINDOW_DAYS, Candidate, Night, read_night
from inventory.services.levels import Pair
from inventory.services.purchasing import (
    CreatePurchaseOrder,
    PurchaseLine,
    create_purchase_orders,
)
from inventory.states import PROPOSAL

# Nobody decided for so long: the numbers are stale, the next night reckons anew.
PROPOSAL_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a night proposed, what of it was ordered without asking, and what expired."""

    created: list[int] = field(default_factory=list)
    ordered: list[int] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)


@service
def propose_replenishment(
    *, now: datetime, warehouse_ids: Sequence[int] | None = None, reason: str = ""
) -> Proposed:
    """Propose what to buy for warehouses; a second run of the same night proposes nothing more.

    A need that is on order or proposed already is covered. Proposals within their policy's limit
    are approved and ordered at once.
    """
    if warehouse_ids is None:
        active = Warehouse.objects.filter(is_active=True).order_by("pk")
        warehouse_ids = list(active.values_list("pk", flat=True))
    expired = _expire(warehouse_ids, now=now)
    night = read_night(warehouse_ids, now=now)
    if not night.candidates:
        return Proposed(expired=expired)
    demand, planned = _plan(night)
    wanted = [n for n in range(len(night.candidates)) if planned.proposed[n] > 0]
    if not wanted:
        return Proposed(expired=expired)
    created = _insert(night, demand, planned, wanted)
    free = [
        created[c.pair]
        for n in wanted
        if (c := night.candidates[n]).pair in created
        and c.orders_up_to is not None
        and int(planned.proposed[n]) * c.unit_cost <= c.orders_up_to
    ]
    approve_proposals(free, now=now, reason=gettext_noop("within the policy's limit"))
    ordered = order_proposals(free, now=now, reason=gettext_noop("within the policy's limit")).moved
    return Proposed(sorted(created.values()), ordered, expired)


def _expire(warehouse_ids: Sequence[int], *, now: datetime) -> list[int]:
    old = ReplenishmentProposal.objects.filter(
        warehouse_id__any=warehouse_ids,
        status=ProposalStatus.PROPOSED,
        created_at__lt=now - PROPOSAL_LIFE,
    )
    return PROPOSAL.apply(old.values_list("pk", flat=True), "expire", skip_locked=True).moved


def _plan(night: Night) -> tuple[Demand, Plan]:
    demand = measure_demand(night.daily, night.is_observed)
    planned = plan(
        demand,
        position=np.array([night.positions[c.pair].position for c in night.candidates]),
        lead_time_days=night.column("lead_time_days"),
        service_level=night.column("service_level"),
        order_cost=night.column("order_cost"),
        unit_cost=night.column("unit_cost"),
        holding_rate=night.column("holding_rate"),
        rhythm_days=night.column("order_rhythm_days"),
        minimum_quantity=night.column("minimum_quantity"),
        pack_size=night.column("pack_size"),
        minimum=night.column("minimum", missing=-1),
        maximum=night.column("maximum", missing=-1),
    )
    return demand, planned


def _insert(night: Night, demand: Demand, planned: Plan, wanted: Sequence[int]) -> dict[Pair, int]:
    """Insert proposals; what another run was faster with is left out."""
    chosen = [night.candidates[n] for n in wanted]
    rows = insert_rows(
        ReplenishmentProposal,
        {
            "sku_id": [c.sku_id for c in chosen],
            "warehouse_id": [c.warehouse_id for c in chosen],
            "supplier_item_id": [c.supplier_item_id for c in chosen],
            "planned_on": [night.planned_on[c.warehouse_id] for c in chosen],
            "quantity": [int(planned.proposed[n]) for n in wanted],
            "unit_price": [c.price for c in chosen],
            "currency": [c.currency for c in chosen],
            "reorder_point": [int(planned.reorder_point[n]) for n in wanted],
            "position": [night.positions[c.pair].position for c in chosen],
            "explanation": [_explain(night, demand, planned, n) for n in wanted],
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


def _explain(night: Night, demand: Demand, planned: Plan, n: int) -> dict[str, Any]:
    """Return every number that led to one proposal; units and days, money in company currency."""
    candidate: Candidate = night.candidates[n]
    stock = night.positions[candidate.pair]
    return {
        "window_days": WINDOW_DAYS,
        "days_without_stock": int(night.known_days[n] - night.is_observed[n].sum()),
        "days_measured": int(demand.days[n]),
        "units_asked": int(demand.units[n]),
        "mean_per_day": round(float(demand.mean[n]), 4),
        "deviation_per_day": round(float(demand.deviation[n]), 4),
        "service_level": str(candidate.service_level),
        "z": round(float(planned.z[n]), 4),
        "lead_time_days": candidate.lead_time_days,
        "protection_days": float(planned.protection_days[n]),
        "lead_demand": round(float(planned.lead_demand[n]), 2),
        "safety_stock": round(float(planned.safety_stock[n]), 2),
        "reorder_point": int(planned.reorder_point[n]),
        "order_quantity": int(planned.order_quantity[n]),
        "order_up_to": int(planned.order_up_to[n]),
        "minimum": candidate.minimum,
        "maximum": candidate.maximum,
        "on_hand": stock.on_hand,
        "reserved": stock.reserved,
        "quarantined": stock.quarantined,
        "on_order": stock.on_order,
        "waiting": stock.waiting,
        "position": stock.position,
        "order_cost": str(candidate.order_cost),
        "unit_cost": str(round(candidate.unit_cost, 4)),
        "holding_rate": str(candidate.holding_rate),
        "minimum_quantity": candidate.minimum_quantity,
        "pack_size": candidate.pack_size,
        "quantity": int(planned.proposed[n]),
    }


@service
def approve_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Approve proposals."""
    return PROPOSAL.apply(ids, "approve")


@service
def reject_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Reject proposals; the same night does not propose them again."""
    return PROPOSAL.apply(ids, "reject")


@service
def order_proposals(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Order approved proposals: one purchase order per supplier, warehouse, currency and origin."""
    outcome = PROPOSAL.check(ids, "order")
    if not outcome.moved:
        return outcome
    rows = ReplenishmentProposal.objects.filter(pk__any=outcome.moved).order_by("pk")
    columns = ("supplier_item__supplier_id", "warehouse_id", "currency", "origin")
    groups: dict[tuple[int, int, str, str], list[tuple[int, PurchaseLine]]] = {}
    for pk, sku, quantity, price, *key in rows.values_list(
        "pk", "sku_id", "quantity", "unit_price", *columns
    ):
        line = PurchaseLine(sku, quantity, price)
        groups.setdefault((key[0], key[1], key[2], key[3]), []).append((pk, line))
    # Each order serves the proposals of its group, which are of one origin: the first speaks.
    commands = [
        CreatePurchaseOrder(
            supplier, house, [line for _pk, line in members], currency, proposal_id=members[0][0]
        )
        for (supplier, house, currency, _origin), members in groups.items()
    ]
    created = create_purchase_orders(commands, now=now, reason=reason)
    placed: dict[int, int] = {}
    for n, members in enumerate(groups.values()):
        if n in created.ids:
            placed |= {pk: created.ids[n] for pk, _line in members}
        for refusal in created.refused.get(n, []):
            outcome.block([pk for pk, _line in members], refusal)
    _order(outcome.moved, placed)
    return outcome


def _order(ids: Sequence[int], placed: Mapping[int, int]) -> None:
    PROPOSAL.move(
        ids,
        "order",
        data={pk: {"purchase_order_id": order} for pk, order in placed.items()},
        values={"purchase_order_id": per_row(ReplenishmentProposal, "purchase_order", placed)},
    )
