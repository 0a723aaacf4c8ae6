"""What the planning looks at: pairs with a policy and a supplier, as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backoffice.core.sql import execute
from inventory.models import Warehouse
from inventory.selectors.stock import (
    ByDay,
    StockPosition,
    changes_by_day,
    demand_by_day,
    stock_positions,
)
from inventory.services.levels import Pair

WINDOW_DAYS = 90

# A SKU's own policy stands before the warehouse's default; the preferred supplier before the
# cheapest. What has an open proposal or was planned tonight already is left out.
CANDIDATES = """
WITH item AS (
  SELECT DISTINCT ON (i.sku_id) i.*, i.price * CASE WHEN i.currency = c.currency THEN 1
      ELSE s.exchange_rate END AS unit_cost
  FROM inventory_supplieritem i JOIN inventory_supplier s ON s.id = i.supplier_id
  CROSS JOIN (SELECT currency FROM core_company ORDER BY id LIMIT 1) c
  WHERE i.is_active AND s.is_active AND i.currency IN (s.currency, c.currency)
  ORDER BY i.sku_id, i.is_preferred DESC, unit_cost, i.id
), policy AS (
  SELECT DISTINCT ON (k.id, w.id) k.id AS sku_id, w.id AS warehouse_id, k.created_at,
    p.service_level, p.order_cost, p.holding_rate, p.order_rhythm_days, p.minimum, p.maximum,
    p.orders_up_to, p.is_frozen
  FROM unnest(%(houses)s::bigint[]) AS w(id)
  JOIN inventory_replenishmentpolicy p ON p.warehouse_id = w.id AND p.is_active
  JOIN inventory_sku k ON k.id = coalesce(p.sku_id, k.id)
  WHERE k.is_active AND k.stock_policy = 'TRACKED' AND NOT k.is_kit
    AND (p.sku_id IS NOT NULL OR EXISTS (SELECT FROM inventory_stocklevel l
      WHERE l.sku_id = k.id AND l.warehouse_id = w.id))
  ORDER BY k.id, w.id, p.sku_id NULLS LAST
)
SELECT p.sku_id, p.warehouse_id, i.id, p.created_at, p.service_level, p.order_cost, p.holding_rate,
  p.order_rhythm_days, p.minimum, p.maximum, p.orders_up_to, i.unit_cost, i.price, i.currency,
  i.minimum_quantity, i.pack_size, i.lead_time_days
FROM policy p JOIN item i ON i.sku_id = p.sku_id
JOIN unnest(%(houses)s::bigint[], %(days)s::date[]) AS n(id, day) ON n.id = p.warehouse_id
WHERE NOT p.is_frozen AND NOT EXISTS (SELECT FROM inventory_replenishmentproposal r
  WHERE r.sku_id = p.sku_id AND r.warehouse_id = p.warehouse_id
    AND (r.status IN ('PROPOSED', 'APPROVED') OR r.planned_on = n.day))
ORDER BY p.sku_id, p.warehouse_id
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One SKU in one warehouse with its policy and supplier; the cost in company currency."""

    sku_id: int
    warehouse_id: int
    supplier_item_id: int
    created_at: datetime
    service_level: Decimal
    order_cost: Decimal
    holding_rate: Decimal
    order_rhythm_days: int
    minimum: int | None
    maximum: int | None
    orders_up_to: Decimal | None
    unit_cost: Decimal
    price: Decimal
    currency: str
    minimum_quantity: int
    pack_size: int
    lead_time_days: int

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class Night:
    """The candidates of one night with their stock and demand.

    `daily` is units a day, `is_observed` false before the SKU was known and on days without stock,
    both of shape (n, 90), yesterday last; `known_days` has shape (n,).
    """

    candidates: Sequence[Candidate]
    positions: Mapping[Pair, StockPosition]
    planned_on: Mapping[int, date]
    daily: NDArray[np.int64]
    is_observed: NDArray[np.bool_]
    known_days: NDArray[np.int64]

    def column(self, name: str, *, missing: int = 0) -> NDArray[np.float64]:
        """Return one attribute of all candidates as an array, `missing` where there is none."""
        values = [getattr(c, name) for c in self.candidates]
        return np.array([missing if v is None else v for v in values], dtype=np.float64)


def read_night(warehouse_ids: Sequence[int], *, now: datetime) -> Night:
    """Read what one night's planning needs, in a fixed number of statements."""
    houses = Warehouse.objects.filter(pk__any=warehouse_ids, is_active=True)
    zones = {pk: ZoneInfo(zone) for pk, zone in houses.values_list("pk", "time_zone")}
    planned_on = {pk: now.astimezone(zone).date() for pk, zone in zones.items()}
    rows = execute(CANDIDATES, {"houses": list(planned_on), "days": list(planned_on.values())})
    candidates = [Candidate(*row) for row in rows]
    since = now - timedelta(days=WINDOW_DAYS + 2)
    today = [planned_on[c.warehouse_id] for c in candidates]
    daily, was_asked = _days(candidates, today, demand_by_day(list(zones), since=since, until=now))
    changes, has_moved = _days(candidates, today, changes_by_day(list(zones), since=since))
    positions = stock_positions([c.pair for c in candidates])
    free = [positions[c.pair].on_hand - positions[c.pair].quarantined for c in candidates]
    # Back from what lies there now: what lay there when each day began.
    opening = np.array(free, dtype=np.int64)[:, None] - changes[:, ::-1].cumsum(axis=1)[:, ::-1]
    known = _known_days(candidates, today, zones, was_asked | has_moved)
    is_known = np.arange(WINDOW_DAYS)[None, :] >= WINDOW_DAYS - known[:, None]
    # Today is not over, so it is no day of demand yet. Who could not buy was not counted either.
    is_observed = is_known & ((opening > 0) | has_moved)[:, :-1]
    return Night(candidates, positions, planned_on, daily[:, :-1], is_observed, known)


def _days(
    candidates: Sequence[Candidate], today: Sequence[date], found: ByDay
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return units and whether there is a row, of shape (n, 91), today last."""
    units = np.zeros((len(candidates), WINDOW_DAYS + 1), dtype=np.int64)
    is_given = np.zeros(units.shape, dtype=np.bool_)
    for n, candidate in enumerate(candidates):
        for day, number in found.get(candidate.pair, {}).items():
            age = (today[n] - day).days
            if 0 <= age <= WINDOW_DAYS:
                units[n, WINDOW_DAYS - age] = number
                is_given[n, WINDOW_DAYS - age] = True
    return units, is_given


def _known_days(
    candidates: Sequence[Candidate],
    today: Sequence[date],
    zones: Mapping[int, ZoneInfo],
    is_alive: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the days since a SKU was made, or since it was first asked for or moved."""
    made = [c.created_at.astimezone(zones[c.warehouse_id]).date() for c in candidates]
    ages = np.array([(day - start).days for day, start in zip(today, made, strict=True)])
    first = np.where(is_alive.any(axis=1), WINDOW_DAYS - is_alive.argmax(axis=1), 0)
    return np.clip(np.maximum(ages, first), 0, WINDOW_DAYS).astype(np.int64)
