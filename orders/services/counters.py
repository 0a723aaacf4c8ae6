"""The order's counters, kept as the sums of its lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from backoffice.core.actor import current_unit
from backoffice.core.sql import execute
from orders.choices import LineKind
from orders.models import OrderLine

REFRESH = """
UPDATE orders_order o SET
  ordered_quantity = s.ordered, reserved_quantity = s.reserved, shipped_quantity = s.shipped,
  delivered_quantity = s.delivered, cancelled_quantity = s.cancelled,
  returned_quantity = s.returned, short_quantity = s.short,
  shipped_at = CASE WHEN s.shipped > 0 THEN coalesce(o.shipped_at, s.left_at, %(now)s) END,
  delivered_at = CASE WHEN s.delivered > 0 AND s.delivered >= s.ordered - s.cancelled
    THEN coalesce(o.delivered_at, s.arrived_at, %(now)s) END,
  updated_at = %(now)s, modified_by_id = %(actor)s
FROM (
  SELECT order_id, sum(quantity) AS ordered, sum(reserved) AS reserved, sum(shipped) AS shipped,
    sum(delivered) AS delivered, sum(cancelled) AS cancelled, sum(returned) AS returned,
    coalesce(sum(quantity - reserved - shipped - cancelled) FILTER (WHERE is_stocked), 0) AS short,
    max(t.left_at) AS left_at, max(t.arrived_at) AS arrived_at
  FROM orders_orderline
  LEFT JOIN unnest(%(timed)s::bigint[], %(left)s::timestamptz[], %(arrived)s::timestamptz[])
    AS t(id, left_at, arrived_at) ON t.id = order_id
  WHERE order_id = ANY(%(ids)s) AND kind = 'ITEM' GROUP BY order_id
) s WHERE o.id = s.order_id
"""


def refresh_counters(
    order_ids: Sequence[int],
    *,
    shipped: Mapping[int, datetime] | None = None,
    delivered: Mapping[int, datetime] | None = None,
) -> None:
    """Write the sums of the lines onto their orders; such machine writes leave `version` alone.

    `shipped` and `delivered` say when units of an order left and arrived, where that is not now.
    """
    unit = current_unit()
    shipped, delivered = shipped or {}, delivered or {}
    timed = sorted({*shipped, *delivered})
    execute(
        REFRESH,
        {
            "ids": sorted(set(order_ids)),
            "now": unit.now,
            "timed": timed,
            "left": [shipped.get(i) for i in timed],
            "arrived": [delivered.get(i) for i in timed],
            "actor": unit.actor.user_id,
        },
    )


def _sum(expression: Any, condition: Q | None = None) -> Coalesce:
    lines = OrderLine.objects.filter(order=OuterRef("pk"), kind=LineKind.ITEM)
    if condition is not None:
        lines = lines.filter(condition)
    total = lines.order_by().values("order").annotate(total=Sum(expression)).values("total")
    return Coalesce(Subquery(total), 0, output_field=IntegerField())


def reservation_values() -> dict[str, Any]:
    """Return the columns that a reservation changes, for the same UPDATE as the status."""
    open_units = F("quantity") - F("reserved") - F("shipped") - F("cancelled")
    return {
        "reserved_quantity": _sum(F("reserved")),
        "short_quantity": _sum(open_units, Q(is_stocked=True)),
    }


def cancellation_values() -> dict[str, Any]:
    """Return the columns that a cancellation changes, for the same UPDATE as the status."""
    return reservation_values() | {"cancelled_quantity": _sum(F("cancelled"))}
