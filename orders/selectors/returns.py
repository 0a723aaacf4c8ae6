"""Which delivered units may still come back."""

from collections.abc import Sequence

from backoffice.core.sql import execute
from orders.models import OrderLine

# Delivered units less those that an open return claims and those that came back; what was never
# delivered is none of them.
RETURNABLE = """
SELECT l.id, l.order_id, l.warehouse_id, l.delivered - coalesce(sum(
  CASE WHEN r.status = 'REQUESTED' THEN rl.quantity
       WHEN r.status IN ('RECEIVED', 'CLOSED') THEN rl.sellable + rl.damaged ELSE 0 END), 0)
FROM orders_orderline l
LEFT JOIN orders_returnline rl ON rl.order_line_id = l.id
LEFT JOIN orders_return r ON r.id = rl.parent_id AND NOT r.is_undelivered
WHERE l.id = ANY(%s) AND l.kind = 'ITEM' GROUP BY l.id
"""


def returnable_lines(line_ids: Sequence[int]) -> list[tuple[int, int, int | None, int]]:
    """Return (line, order, warehouse, units left to return) of item lines."""
    return execute(RETURNABLE, [list(line_ids)])


def returnable_units(order_id: int) -> dict[int, int]:
    """Return the units left to return of an order's lines, where there are any."""
    lines = OrderLine.objects.filter(order_id=order_id).values_list("pk", flat=True)
    return {line: units for line, _o, _w, units in returnable_lines(list(lines)) if units > 0}
