"""Planning shipments: what leaves together, and by when."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows, next_ids
from inventory.models import Seller, Warehouse
from logistics.models import Shipment, ShipmentLine
from orders.models import Order

# What an order line may still have planned: stocked units that are reserved or gone already,
# others as ordered, each less what is planned and not given up.
OPEN_LINES = """
SELECT l.id, l.order_id, CASE WHEN l.is_stocked THEN l.warehouse_id END,
  CASE WHEN l.is_stocked THEN NULL ELSE l.seller_id END,
  CASE WHEN l.is_stocked THEN l.reserved + l.shipped ELSE l.quantity - l.cancelled END
    - coalesce(p.planned, 0) AS open
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
LEFT JOIN LATERAL (
  SELECT sum(sl.quantity - sl.given_up) AS planned FROM logistics_shipmentline sl
  JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status <> 'CANCELLED'
  WHERE sl.order_line_id = l.id
) p ON true
WHERE l.order_id = ANY(%s) AND o.status = 'RELEASED' AND l.kind = 'ITEM'
  AND CASE WHEN l.is_stocked THEN l.reserved + l.shipped ELSE l.quantity - l.cancelled END
    > coalesce(p.planned, 0)
ORDER BY l.order_id, l.position
"""


def ship_day(now: datetime, zone: str, cut_off: time) -> date:
    """Return the local day on which what comes in now leaves: today until the cut-off."""
    local = now.astimezone(ZoneInfo(zone))
    return local.date() + timedelta(days=0 if local.time() <= cut_off else 1)


def _ship_days(
    places: Iterable[tuple[int | None, int | None]], now: datetime
) -> dict[tuple[int | None, int | None], date]:
    wanted = set(places)
    warehouses = Warehouse.objects.in_bulk({w for w, _ in wanted if w is not None})
    sellers = Seller.objects.in_bulk({s for _, s in wanted if s is not None})
    days = {}
    for warehouse_id, seller_id in wanted:
        if warehouse_id is not None:
            place = warehouses[warehouse_id]
            day = ship_day(now, place.time_zone, place.cut_off_at)
        else:
            zone = sellers[seller_id].time_zone if seller_id is not None else "UTC"
            day = ship_day(now, zone, time.max)
        days[warehouse_id, seller_id] = day
    return days


@service
def plan_shipments(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Plan what released orders have ready and unplanned: a shipment per order and place.

    A place is a warehouse, or the seller for lines without stock. Return the new shipments.
    """
    locked = lock(Order, order_ids)
    groups: dict[tuple[int, int | None, int | None], list[tuple[int, int]]] = {}
    for line_id, order_id, warehouse_id, seller_id, units in execute(OPEN_LINES, [locked]):
        groups.setdefault((order_id, warehouse_id, seller_id), []).append((line_id, units))
    if not groups:
        return []
    ids = next_ids(Shipment, len(groups))
    days = _ship_days([(w, s) for _, w, s in groups], now)
    insert_rows(
        Shipment,
        {
            "id": ids,
            "order_id": [order for order, _, _ in groups],
            "warehouse_id": [warehouse for _, warehouse, _ in groups],
            "seller_id": [seller for _, _, seller in groups],
            "ship_on": [days[warehouse, seller] for _, warehouse, seller in groups],
        },
    )
    lines = [
        (pk, line, units)
        for pk, group in zip(ids, groups.values(), strict=True)
        for line, units in group
    ]
    insert_rows(
        ShipmentLine,
        {
            "shipment_id": [pk for pk, _, _ in lines],
            "order_line_id": [line for _, line, _ in lines],
            "quantity": [units for _, _, units in lines],
        },
    )
    facts = [
        Fact(pk, order, {"units": sum(u for _, u in group), "warehouse_id": warehouse})
        for pk, ((order, warehouse, _), group) in zip(ids, groups.items(), strict=True)
    ]
    emit("shipment.planned", facts)
    return ids


UNPLANNED = """
SELECT o.id FROM orders_order o WHERE o.status = 'RELEASED' AND o.origin <> 'IMPORT'
  AND (%(only)s::bigint[] IS NULL OR o.id = ANY(%(only)s)) AND EXISTS (
  SELECT FROM orders_orderline l WHERE l.order_id = o.id AND l.kind = 'ITEM'
    AND CASE WHEN l.is_stocked THEN l.reserved + l.shipped ELSE l.quantity - l.cancelled END > (
      SELECT coalesce(sum(sl.quantity - sl.given_up), 0) FROM logistics_shipmentline sl
      JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status <> 'CANCELLED'
      WHERE sl.order_line_id = l.id))
ORDER BY o.placed_at, o.id LIMIT %(limit)s
"""


def unplanned_orders(limit: int = 500, *, only: Sequence[int] | None = None) -> list[int]:
    """Return released orders (of some) with units that no shipment has yet, the oldest first."""
    values = {"limit": limit, "only": None if only is None else list(only)}
    return [row[0] for row in execute(UNPLANNED, values)]
