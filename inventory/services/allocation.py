"""Bins set aside for picks: first expired first out, then first in first out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute
from inventory.services.bins import draw, read_bins
from inventory.services.levels import lock_levels
from inventory.services.reservations import Need

ALLOCATE = """
WITH taken AS (
  SELECT * FROM unnest(%(types)s::text[], %(ids)s::bigint[], %(skus)s::bigint[],
    %(locations)s::bigint[], %(lots)s::bigint[], %(units)s::int[])
    AS t(for_type, for_id, sku_id, location_id, lot_id, units)
), bins AS (
  UPDATE inventory_binstock b SET allocated = b.allocated + t.units
  FROM (SELECT sku_id, location_id, lot_id, sum(units)::int AS units FROM taken GROUP BY 1, 2, 3) t
  WHERE b.sku_id = t.sku_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
)
INSERT INTO inventory_allocation AS a
  (for_type, for_id, sku_id, location_id, lot_id, quantity, allocated_at)
SELECT for_type, for_id, sku_id, location_id, lot_id, sum(units), %(now)s FROM taken
GROUP BY for_type, for_id, sku_id, location_id, lot_id
ON CONFLICT (for_type, for_id, location_id, lot_id)
DO UPDATE SET quantity = a.quantity + excluded.quantity
"""
PAIRS = """
SELECT a.sku_id, o.warehouse_id FROM inventory_allocation a
JOIN inventory_location o ON o.id = a.location_id
WHERE a.for_type = %s AND a.for_id = ANY(%s)
"""
RELEASE = """
WITH gone AS (
  DELETE FROM inventory_allocation WHERE for_type = %s AND for_id = ANY(%s)
  RETURNING sku_id, location_id, lot_id, quantity
), bins AS (
  UPDATE inventory_binstock b SET allocated = b.allocated - g.units
  FROM (SELECT sku_id, location_id, lot_id, sum(quantity)::int AS units FROM gone
    GROUP BY 1, 2, 3) g
  WHERE b.sku_id = g.sku_id AND b.location_id = g.location_id AND b.lot_id = g.lot_id
)
SELECT coalesce(sum(quantity), 0)::int FROM gone
"""


@dataclass(frozen=True, slots=True)
class Allocated:
    """Units of one bin and lot set aside for one thing."""

    for_type: str
    for_id: int
    sku_id: int
    location_id: int
    lot_id: int
    quantity: int


@service
def allocate_bins(needs: Sequence[Need], *, now: datetime, reason: str = "") -> list[Allocated]:
    """Set bins aside for needs in their order; what finds no bin is missing from the answer.

    Lots past their expiry in the warehouse's day, and quarantine, are left out.
    """
    if not needs:
        return []
    pairs = {need.pair for need in needs}
    lock_levels(pairs)
    bins = {
        pair: [b for b in row if b.is_promisable and not b.is_expired]
        for pair, row in read_bins(pairs, now=now).items()
    }
    allocated = []
    for need in needs:
        for bin_, units in draw(bins[need.pair], need.quantity, units_of=lambda b: b.free):
            bin_.allocated += units
            allocated.append(
                Allocated(
                    need.for_type, need.for_id, need.sku_id, bin_.location_id, bin_.lot_id, units
                )
            )
    if allocated:
        execute(
            ALLOCATE,
            {
                "types": [a.for_type for a in allocated],
                "ids": [a.for_id for a in allocated],
                "skus": [a.sku_id for a in allocated],
                "locations": [a.location_id for a in allocated],
                "lots": [a.lot_id for a in allocated],
                "units": [a.quantity for a in allocated],
                "now": now,
            },
        )
    return allocated


@service
def release_bins(for_type: str, for_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Give back the bins set aside for things; return the units."""
    ids = sorted(set(for_ids))
    lock_levels(execute(PAIRS, [for_type, ids]))
    [(units,)] = execute(RELEASE, [for_type, ids])
    return int(units)
