"""Picks: carried out, or not in full, when part of what was set aside is given back."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute
from inventory.models import Allocation
from inventory.services.allocation import PAIRS, Allocated
from inventory.services.levels import lock_levels

RELEASE = """
WITH taken AS (
  SELECT a.id, a.for_type, a.for_id, a.sku_id, a.location_id, a.lot_id, a.quantity AS held,
    least(a.quantity, w.units)::int AS units
  FROM (SELECT for_id, location_id, lot_id, sum(units) AS units
    FROM unnest(%(ids)s::bigint[], %(locations)s::bigint[], %(lots)s::bigint[], %(units)s::int[])
      AS u(for_id, location_id, lot_id, units) GROUP BY 1, 2, 3) w
  JOIN inventory_allocation a ON a.for_type = %(type)s AND a.for_id = w.for_id
    AND a.location_id = w.location_id AND a.lot_id = w.lot_id
), gone AS (
  DELETE FROM inventory_allocation a USING taken t WHERE a.id = t.id AND t.units = t.held
), less AS (
  UPDATE inventory_allocation a SET quantity = a.quantity - t.units
  FROM taken t WHERE a.id = t.id AND t.units < t.held
), bins AS (
  UPDATE inventory_binstock b SET allocated = b.allocated - t.units
  FROM (SELECT sku_id, location_id, lot_id, sum(units)::int AS units FROM taken GROUP BY 1, 2, 3) t
  WHERE b.sku_id = t.sku_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
)
SELECT for_type, for_id, sku_id, location_id, lot_id, units FROM taken ORDER BY id
"""


@service
def mark_picked(for_type: str, for_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Note that what is set aside for things was taken from its bins; return the allocations."""
    ids = sorted(set(for_ids))
    lock_levels(execute(PAIRS, [for_type, ids]))
    aside = Allocation.objects.filter(for_type=for_type, for_id__any=ids, picked_at__isnull=True)
    return aside.update(picked_at=now)


@service
def release_picks(
    for_type: str, picks: Sequence[Allocated], *, now: datetime, reason: str = ""
) -> list[Allocated]:
    """Give back units set aside in named bins and lots; return what was really given back."""
    ids = sorted({pick.for_id for pick in picks})
    lock_levels(execute(PAIRS, [for_type, ids]))
    rows = execute(
        RELEASE,
        {
            "type": for_type,
            "ids": [pick.for_id for pick in picks],
            "locations": [pick.location_id for pick in picks],
            "lots": [pick.lot_id for pick in picks],
            "units": [pick.quantity for pick in picks],
        },
    )
    return [Allocated(*row) for row in rows]
