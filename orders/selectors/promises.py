"""When orders are expected to arrive, beside the day that was promised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from backoffice.core.sql import execute


@dataclass(frozen=True, slots=True)
class Promise:
    """A promised day that is in danger; `expected_on` None: nothing says when stock comes."""

    order_id: int
    promised_on: date
    expected_on: date | None


# What is reserved or there leaves today, what waits when its purchase order comes; then it takes
# the days of the lane. A line without a warehouse may be sent from any that serves its channel.
AT_RISK = """
SELECT o.id, o.promised_on,
  CASE WHEN bool_and(r.ready_on IS NOT NULL) THEN max(r.ready_on + r.days) END
FROM orders_order o JOIN orders_saleschannel c ON c.id = o.channel_id
JOIN core_address a ON a.id = o.ship_to_id
JOIN orders_orderline l ON l.order_id = o.id AND l.kind = 'ITEM'
CROSS JOIN LATERAL (SELECT CASE WHEN l.warehouse_id IS NOT NULL OR NOT c.routes_orders
    THEN ARRAY[coalesce(l.warehouse_id, c.warehouse_id)]
    ELSE ARRAY(SELECT s.warehouse_id FROM orders_channelwarehouse s
      WHERE s.channel_id = c.id AND s.is_active) END AS ids) h
CROSS JOIN LATERAL (SELECT CASE WHEN l.is_stocked
  THEN l.quantity - l.reserved - l.shipped - l.cancelled ELSE 0 END AS units) n
LEFT JOIN LATERAL (SELECT max(v.available) AS available FROM inventory_stocklevel v
  WHERE v.sku_id = l.sku_id AND v.warehouse_id = ANY(h.ids)) v ON true
LEFT JOIN LATERAL (
  SELECT min(p.expected_on) AS on_day FROM inventory_purchaseorderline b
  JOIN inventory_purchaseorder p ON p.id = b.purchase_order_id
  WHERE b.sku_id = l.sku_id AND p.warehouse_id = ANY(h.ids) AND b.received < b.quantity
    AND p.status IN ('APPROVED', 'SENT', 'PARTIALLY_RECEIVED')) p ON true
LEFT JOIN LATERAL (
  SELECT ceil(coalesce(t.p90_days, t.p50_days))::int AS days FROM orders_lane t
  WHERE t.is_active AND t.warehouse_id = ANY(h.ids) AND t.country = a.country
    AND t.region IN ('', a.region) ORDER BY t.region DESC, t.cost, t.id LIMIT 1) t ON true
CROSS JOIN LATERAL (SELECT coalesce(t.days, 0) AS days,
  CASE WHEN l.shipped >= l.quantity - l.cancelled AND o.shipped_at IS NOT NULL
         THEN (o.shipped_at AT TIME ZONE c.time_zone)::date
       WHEN n.units <= 0 OR o.status = 'PENDING' AND coalesce(v.available, 0) >= n.units
         THEN %(today)s::date
       ELSE greatest(p.on_day, %(today)s::date + CASE WHEN p.on_day IS NULL THEN NULL ELSE 0 END)
  END AS ready_on) r
WHERE o.id = ANY(%(ids)s) AND o.promised_on IS NOT NULL AND o.delivered_at IS NULL
  AND o.status IN ('PENDING', 'CONFIRMED', 'RELEASED') AND l.cancelled < l.quantity
GROUP BY o.id, o.promised_on
HAVING bool_or(r.ready_on IS NULL) OR max(r.ready_on + r.days) > o.promised_on
ORDER BY o.id
"""


def promises_at_risk(order_ids: Sequence[int], *, now: datetime) -> list[Promise]:
    """Return the promises of open orders that will not be kept as things are."""
    rows = execute(AT_RISK, {"ids": list(order_ids), "today": now.date()})
    return [Promise(*row) for row in rows]
