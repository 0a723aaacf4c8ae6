"""What the planning looks at: SKUs in warehouses with a policy and a supplier."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backoffice.core.sql import execute
from inventory.choices import PlanningRule
from inventory.models import ReplenishmentPolicy, Warehouse
from inventory.planning.assortment import YOUNG_DAYS, Assortment
from inventory.planning.lead_times import lead_times
from inventory.selectors.history import demand_history
from inventory.selectors.lead_times import observed_lead_times
from inventory.selectors.policies import Policies, Terms
from inventory.services.levels import Pair

# Rows read and planned at once: what bounds the memory of a night.
CHUNK = 5000

# The preferred supplier stands before the cheapest. What is stocked or has a policy of its own.
CANDIDATES = """
WITH item AS (
  SELECT DISTINCT ON (i.sku_id) i.*, i.price * CASE WHEN i.currency = c.currency THEN 1
      ELSE s.exchange_rate END AS unit_cost
  FROM inventory_supplieritem i JOIN inventory_supplier s ON s.id = i.supplier_id
  CROSS JOIN (SELECT currency FROM core_company ORDER BY id LIMIT 1) c
  WHERE i.is_active AND s.is_active AND i.currency IN (s.currency, c.currency)
  ORDER BY i.sku_id, i.is_preferred DESC, unit_cost, i.id
), pair AS (
  SELECT sku_id, warehouse_id FROM inventory_stocklevel WHERE warehouse_id = ANY(%(houses)s)
  UNION SELECT p.sku_id, w.id FROM inventory_replenishmentpolicy p
  JOIN unnest(%(houses)s::bigint[]) AS w(id) ON w.id = coalesce(p.warehouse_id, w.id)
  WHERE p.is_active AND p.sku_id IS NOT NULL
)
SELECT p.sku_id, p.warehouse_id, i.id, i.supplier_id, d.category, k.created_at, i.unit_cost,
  coalesce(nullif(l.average_cost, 0), i.unit_cost), i.price, i.currency, i.minimum_quantity,
  i.pack_size, i.lead_time_days, coalesce(l.on_hand - l.quarantined, 0)
FROM pair p JOIN inventory_sku k ON k.id = p.sku_id JOIN inventory_product d ON d.id = k.product_id
JOIN item i ON i.sku_id = p.sku_id
LEFT JOIN inventory_stocklevel l ON l.sku_id = p.sku_id AND l.warehouse_id = p.warehouse_id
WHERE k.is_active AND k.stock_policy = 'TRACKED' AND NOT k.is_kit
ORDER BY p.sku_id, p.warehouse_id
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One SKU in one warehouse with its supplier; cost and value in company currency."""

    sku_id: int
    warehouse_id: int
    supplier_item_id: int
    supplier_id: int
    category: str
    created_at: datetime
    unit_cost: Decimal
    unit_value: Decimal
    price: Decimal
    currency: str
    minimum_quantity: int
    pack_size: int
    lead_time_days: int
    free: int

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class Candidates:
    """What can be planned in some warehouses, on which terms, and how many are frozen."""

    rows: Sequence[Candidate]
    terms: Sequence[Terms]
    zones: Mapping[int, ZoneInfo]
    planned_on: Mapping[int, date]
    budgets: Mapping[int | None, Decimal]
    observed: Mapping[int, NDArray[np.int64]]
    frozen: int = 0
    _samples: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict)

    def chunks(self) -> Iterator["Candidates"]:
        """Return all in parts of 5,000 rows."""
        for start in range(0, len(self.rows), CHUNK):
            yield self.only(range(start, min(start + CHUNK, len(self.rows))))

    def only(self, chosen: Sequence[int]) -> "Candidates":
        """Return some of the rows."""
        return Candidates(
            [self.rows[n] for n in chosen],
            [self.terms[n] for n in chosen],
            self.zones,
            self.planned_on,
            self.budgets,
            self.observed,
            _samples=self._samples,
        )

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one figure of all rows as an array."""
        return np.array([getattr(row, name) for row in self.rows], dtype=np.float64)

    def term(self, name: str, *, missing: int = 0) -> NDArray[np.float64]:
        """Return one of all terms as an array, `missing` where there is none."""
        values = [getattr(terms, name) for terms in self.terms]
        return np.array([missing if v is None else v for v in values], dtype=np.float64)

    def lead_times(self, row: Candidate) -> NDArray[np.int64]:
        """Return the lead times to plan a row with; the same array for the same supplier."""
        key = (row.supplier_id, row.lead_time_days)
        if key not in self._samples:
            seen = self.observed.get(row.supplier_id, np.zeros(0, dtype=np.int64))
            self._samples[key] = lead_times(seen, row.lead_time_days)
        return self._samples[key]


def read_candidates(
    warehouse_ids: Sequence[int], *, now: datetime, instead: ReplenishmentPolicy | None = None
) -> Candidates:
    """Return what can be planned in active warehouses; `instead` stands for its scope's policy."""
    houses = Warehouse.objects.filter(pk__any=warehouse_ids, is_active=True)
    zones = {pk: ZoneInfo(zone) for pk, zone in houses.values_list("pk", "time_zone")}
    planned_on = {pk: now.astimezone(zone).date() for pk, zone in zones.items()}
    policies = Policies(on=max(planned_on.values(), default=now.date()), instead=instead)
    rows, terms, frozen = [], [], 0
    for record in execute(CANDIDATES, {"houses": list(zones)}):
        row = Candidate(*record)
        matching = policies.matching(row.warehouse_id, row.category, row.sku_id)
        if matching and policies.is_frozen(matching):
            frozen += 1
        elif matching:
            rows.append(row)
            terms.append(policies.terms(matching))
    return Candidates(
        rows,
        terms,
        zones,
        planned_on,
        policies.day_budgets(),
        observed_lead_times(now=now),
        frozen,
    )


def read_assortment(chosen: Candidates, *, now: datetime) -> Assortment:
    """Read the past of candidates, in a fixed number of statements."""
    rows = chosen.rows
    free = chosen.column("free").astype(np.int64)
    families = {"": -1}
    family = [
        families.setdefault(f"{row.warehouse_id} {row.category}", len(families) - 1)
        if row.category
        else -1
        for row in rows
    ]
    return Assortment(
        demand=demand_history([row.pair for row in rows], free, chosen.zones, now=now),
        unit_value=chosen.column("unit_value"),
        lead_times=[chosen.lead_times(row) for row in rows],
        fill=chosen.term("fill_rate"),
        rhythm=chosen.term("order_rhythm_days"),
        family=np.array(family, dtype=np.int64),
        is_new=np.array([(now - row.created_at).days < YOUNG_DAYS for row in rows]),
        is_textbook=np.array([t.rule == PlanningRule.TEXTBOOK for t in chosen.terms]),
        is_manual=np.array([t.minimum is not None for t in chosen.terms]),
    )
