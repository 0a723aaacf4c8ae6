"""Shipments follow what stock still holds for their orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute, per_row
from inventory.services.levels import lock_levels
from logistics.choices import ShipmentStatus
from logistics.models import PickList, Shipment
from logistics.services.cancelling import PICK_LISTS, cancel_empty, close_idle_lists
from logistics.services.stock import StockNeed, allocate_what_there_is, release_excess
from logistics.states import PICK_LIST, SHIPMENT
from orders.models import Order

# What waits in a warehouse: units that have not left, bins set aside for them, and what is
# promised to their order line. Promises serve first what lies ready, then picks, then plans.
LINES = """
SELECT sl.id, sl.shipment_id, sl.order_line_id, l.sku_id, s.warehouse_id, s.status,
  s.picked_at IS NOT NULL,
  sl.quantity - coalesce((SELECT sum(pl.quantity) FROM logistics_parcelline pl
    JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.shipped_at IS NOT NULL
    WHERE pl.shipment_line_id = sl.id), 0)::int,
  coalesce((SELECT sum(a.quantity) FROM inventory_allocation a
    WHERE a.for_type = 'logistics.shipmentline' AND a.for_id = sl.id), 0)::int,
  least(l.reserved, coalesce(r.quantity, 0))
FROM logistics_shipment s JOIN logistics_shipmentline sl ON sl.shipment_id = s.id
JOIN orders_orderline l ON l.id = sl.order_line_id AND l.is_stocked
LEFT JOIN inventory_reservation r ON r.for_type = 'orders.orderline' AND r.for_id = l.id
WHERE s.id = ANY(%s)
ORDER BY sl.order_line_id, 7 DESC, s.status = 'PICKING' DESC, s.id
"""
SHRINK = """
UPDATE logistics_shipmentline l SET quantity = n.units
FROM unnest(%s::bigint[], %s::int[]) AS n(id, units) WHERE l.id = n.id
"""
# An open list names the bins that are set aside now.
RELIST = """
WITH listed AS (
  SELECT p.id, p.pick_list_id, p.shipment_line_id, p.location_id, p.lot_id
  FROM logistics_pickline p JOIN logistics_picklist k ON k.id = p.pick_list_id
  WHERE k.status = 'OPEN' AND p.shipment_line_id = ANY(%(lines)s)
), aside AS (
  SELECT a.* FROM inventory_allocation a
  WHERE a.for_type = 'logistics.shipmentline' AND a.for_id = ANY(%(lines)s)
), gone AS (
  DELETE FROM logistics_pickline p USING listed g WHERE p.id = g.id AND NOT EXISTS (
    SELECT FROM aside a WHERE a.for_id = g.shipment_line_id AND a.location_id = g.location_id
      AND a.lot_id = g.lot_id)
  RETURNING p.pick_list_id
), put AS (
  INSERT INTO logistics_pickline AS p
    (pick_list_id, shipment_line_id, sku_id, location_id, lot_id, quantity)
  SELECT o.pick_list_id, a.for_id, a.sku_id, a.location_id, a.lot_id, a.quantity
  FROM aside a JOIN (SELECT DISTINCT pick_list_id, shipment_line_id FROM listed) o
    ON o.shipment_line_id = a.for_id
  ON CONFLICT (pick_list_id, shipment_line_id, location_id, lot_id)
  DO UPDATE SET quantity = excluded.quantity WHERE p.quantity <> excluded.quantity
  RETURNING pick_list_id
)
SELECT pick_list_id FROM gone UNION SELECT pick_list_id FROM put
"""


@dataclass(slots=True)
class Line:
    """Units of a shipment line that have not left, and what covers them."""

    id: int
    shipment_id: int
    order_line_id: int
    sku_id: int
    warehouse_id: int
    status: str
    is_ready: bool
    units: int
    aside: int
    promised: int

    @property
    def takes_bins(self) -> bool:
        return self.status != ShipmentStatus.PLANNED

    @property
    def covered(self) -> int:
        """Return the units that may leave: promised, and in bins where those are set aside."""
        return min(self.units, self.promised, self.aside if self.takes_bins else self.promised)


@service
def cover_shipments(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Bring orders' shipments in house into line with promises and bins; return those changed.

    Picks that lost their bins get others. Where none are left, what is not picked yet leaves its
    shipment, to be planned again or to wait for stock; what lies ready is held until stock covers
    it or staff call it off.
    """
    orders = lock(Order, order_ids)
    waiting = Shipment.objects.filter(
        order_id__any=orders, warehouse__isnull=False, status__in=["PLANNED", "PICKING", "PACKED"]
    )
    shipments = lock(Shipment, waiting.values_list("pk", flat=True))
    lists = lock(PickList, [row[0] for row in execute(PICK_LISTS, [shipments])])
    lines = _read(shipments)
    _cover(lines, now)
    changed = _shrink([line for line in lines if not line.is_ready], lists, now)
    return sorted({*changed, *_hold([line for line in lines if line.is_ready])})


def _read(shipment_ids: Sequence[int]) -> list[Line]:
    """Read what waits, again under the lock of its stock; share promises out."""
    lines = [Line(*row) for row in execute(LINES, [shipment_ids])]
    lock_levels({(line.sku_id, line.warehouse_id) for line in lines})
    lines = [Line(*row) for row in execute(LINES, [shipment_ids])]
    left: dict[int, int] = {}
    for line in lines:
        promised = min(line.units, left.get(line.order_line_id, line.promised))
        left[line.order_line_id] = left.get(line.order_line_id, line.promised) - promised
        line.promised = promised
    return lines


def _cover(lines: Sequence[Line], now: datetime) -> None:
    """Set aside what promised picks lack, once others have given back what they lost."""
    freed = {n.id: n.aside - n.promised for n in lines if not n.is_ready and n.aside > n.promised}
    release_excess(freed, now=now)
    needs = [
        StockNeed(n.id, n.shipment_id, n.sku_id, n.warehouse_id, n.promised - n.aside)
        for n in lines
        if n.takes_bins and n.promised > n.aside
    ]
    found = allocate_what_there_is(needs, now=now)
    for line in lines:
        line.aside += found.get(line.id, 0) - freed.get(line.id, 0)
    walked = [line.id for line in lines if line.takes_bins and not line.is_ready]
    PICK_LIST.move(sorted(row[0] for row in execute(RELIST, {"lines": walked})), "change")


def _shrink(lines: Sequence[Line], lists: Sequence[int], now: datetime) -> list[int]:
    """Take units that nothing covers out of what is not picked yet."""
    short = [line for line in lines if line.covered < line.units]
    if not short:
        return []
    execute(SHRINK, [[line.id for line in short], [line.covered for line in short]])
    lost = _sum((line.shipment_id, line.units - line.covered) for line in short)
    emptied = set(cancel_empty(sorted(lost), now=now))
    close_idle_lists(lists)
    kept = sorted(set(lost) - emptied)
    SHIPMENT.tell(kept, "trim", data={pk: {"units": lost[pk]} for pk in kept})
    return sorted(lost)


def _hold(lines: Sequence[Line]) -> list[int]:
    """Note of what lies ready how much of it stock does not cover."""
    units = _sum((line.shipment_id, line.units - line.covered) for line in lines)
    before = dict(
        Shipment.objects.filter(pk__any=list(units)).values_list("pk", "uncovered_quantity")
    )
    for verb, changed in (
        ("uncover", {pk: n for pk, n in units.items() if n > before[pk]}),
        ("cover", {pk: n for pk, n in units.items() if n < before[pk]}),
    ):
        values = {"uncovered_quantity": per_row(Shipment, "uncovered_quantity", changed)}
        data = {pk: {"units": n} for pk, n in changed.items()}
        SHIPMENT.move(sorted(changed), verb, values=values, data=data, versioned=False)
    return [pk for pk, n in units.items() if n != before[pk]]


def _sum(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for pk, units in rows:
        sums[pk] = sums.get(pk, 0) + units
    return sums


def uncovered_orders(limit: int = 500) -> list[int]:
    """Return the orders of shipments that wait for stock to cover what lies ready."""
    held = Shipment.objects.filter(uncovered_quantity__gt=0)
    return list(held.order_by("pk").values_list("order_id", flat=True)[:limit])
