"""Which orders wait for stock, and when it is expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import BooleanField, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from backoffice.core.sql import execute
from inventory.models import StockLevel
from orders.choices import OrderStatus
from orders.models import OrderLine
from orders.states import PAID

_OPEN_UNITS = F("quantity") - F("reserved") - F("shipped") - F("cancelled")
_FREE = StockLevel.objects.filter(
    sku=OuterRef("sku"),
    available__gte=OuterRef("quantity")
    - OuterRef("reserved")
    - OuterRef("shipped")
    - OuterRef("cancelled"),
)
# A line without a warehouse may be sent from any that serves its channel.
_SERVING = _FREE.filter(
    warehouse__serves__channel=OuterRef("order__channel"), warehouse__serves__is_active=True
)
_COVERED = Q(Exists(_FREE.filter(warehouse=OuterRef("warehouse")))) | Q(
    Exists(_SERVING), warehouse__isnull=True
)
_LACKING = OrderLine.objects.annotate(open_units=_OPEN_UNITS).filter(
    ~_COVERED, order=OuterRef("pk"), is_stocked=True, open_units__gt=0
)
# An EXISTS beside an OR might be answered from all lines there are; a value is looked up by order.
_LACKS = Coalesce(
    Subquery(_LACKING.values_list(Value(True))[:1]), Value(False), output_field=BooleanField()
)
# What is confirmed has reserved what there was; before, stock alone must be in the way.
WAITS_FOR_STOCK = Q(short_quantity__gt=0) & (
    Q(status__in=[OrderStatus.CONFIRMED, OrderStatus.RELEASED])
    | (Q(status=OrderStatus.PENDING, open_holds=0) & PAID.condition & Q(_LACKS))
)


@dataclass(frozen=True, slots=True)
class Shortage:
    """Units of a SKU that an order lacks, and the purchase order that is to bring them first."""

    order_id: int
    sku: str
    units: int
    warehouse: str
    purchase_order_id: int | None
    purchase_order: str
    expected_on: date | None


SHORTAGES = """
SELECT l.order_id, k.code, sum(n.units)::int, coalesce(w.name, ''), p.id, coalesce(p.number, ''),
  p.expected_on
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
JOIN inventory_sku k ON k.id = l.sku_id
JOIN orders_saleschannel c ON c.id = o.channel_id
LEFT JOIN inventory_warehouse w ON w.id = coalesce(l.warehouse_id, c.warehouse_id)
CROSS JOIN LATERAL (SELECT CASE WHEN l.warehouse_id IS NOT NULL OR NOT c.routes_orders
    THEN ARRAY[l.warehouse_id]
    ELSE ARRAY(SELECT s.warehouse_id FROM orders_channelwarehouse s
      WHERE s.channel_id = c.id AND s.is_active) END AS ids) h
CROSS JOIN LATERAL (SELECT l.quantity - l.reserved - l.shipped - l.cancelled AS units) n
LEFT JOIN LATERAL (SELECT max(v.available) AS available FROM inventory_stocklevel v
  WHERE v.sku_id = l.sku_id AND v.warehouse_id = ANY(h.ids)) v ON true
LEFT JOIN LATERAL (
  SELECT p.id, p.number, p.expected_on FROM inventory_purchaseorderline b
  JOIN inventory_purchaseorder p ON p.id = b.purchase_order_id
  WHERE b.sku_id = l.sku_id AND p.warehouse_id = ANY(h.ids) AND b.received < b.quantity
    AND p.status IN ('APPROVED', 'SENT', 'PARTIALLY_RECEIVED')
  ORDER BY p.expected_on NULLS LAST, p.id LIMIT 1) p ON true
WHERE l.order_id = ANY(%s) AND l.is_stocked AND n.units > 0
  AND (o.status <> 'PENDING' OR coalesce(v.available, 0) < n.units)
GROUP BY l.order_id, k.code, w.name, p.id, p.number, p.expected_on
ORDER BY l.order_id, k.code
"""


def shortages(order_ids: Sequence[int]) -> list[Shortage]:
    """Return what orders lack from stock."""
    return [Shortage(*row) for row in execute(SHORTAGES, [list(order_ids)])]
