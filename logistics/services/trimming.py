"""Planned shipments follow what their orders still have reserved."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from logistics.models import Shipment
from logistics.services.cancelling import cancel_empty
from logistics.states import SHIPMENT
from orders.models import Order

# Lines planned beyond what is reserved: the newest plans give way first.
EXCESS = """
WITH planned AS (
  SELECT sl.id, sl.shipment_id, sl.quantity, s.status,
    sum(sl.quantity) OVER w AS newer,
    sum(sl.quantity) OVER (PARTITION BY sl.order_line_id) - l.reserved - l.shipped AS excess
  FROM logistics_shipmentline sl
  JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status <> 'CANCELLED'
  JOIN orders_orderline l ON l.id = sl.order_line_id AND l.is_stocked
  WHERE s.order_id = ANY(%s)
  WINDOW w AS (PARTITION BY sl.order_line_id ORDER BY (s.status = 'PLANNED') DESC, s.id DESC)
)
SELECT id, shipment_id, least(quantity, excess - (newer - quantity))::int FROM planned
WHERE status = 'PLANNED' AND quantity > 0 AND excess > newer - quantity
"""
LESS = """
UPDATE logistics_shipmentline l SET quantity = l.quantity - n.units
FROM unnest(%s::bigint[], %s::int[]) AS n(id, units) WHERE l.id = n.id
"""


@service
def trim_shipments(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Take units that orders have lost out of their planned shipments; return the shipments."""
    orders = lock(Order, order_ids)
    shipments = Shipment.objects.filter(order_id__any=orders, status="PLANNED")
    lock(Shipment, shipments.values_list("pk", flat=True))
    rows = execute(EXCESS, [orders])
    if not rows:
        return []
    execute(LESS, [[row[0] for row in rows], [row[2] for row in rows]])
    units: dict[int, int] = {}
    for _line, shipment, n in rows:
        units[shipment] = units.get(shipment, 0) + n
    emptied = set(cancel_empty(sorted(units), now=now))
    kept = sorted(set(units) - emptied)
    SHIPMENT.tell(kept, "trim", data={pk: {"units": units[pk]} for pk in kept})
    return sorted(units)
