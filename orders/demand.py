"""What orders want from stock, for replenishment."""

from inventory.demand import DemandSource, demand_source

# Orders that will be served: what nobody has paid for yet is no demand. What has no warehouse yet
# is asked of its channel's own.
WANTED = """
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
JOIN orders_saleschannel c ON c.id = o.channel_id
WHERE l.is_stocked AND coalesce(l.warehouse_id, c.warehouse_id) = ANY(%(houses)s) AND (
  o.status IN ('CONFIRMED', 'RELEASED', 'COMPLETED') OR o.status = 'PENDING'
    AND (o.payment_status IN ('PAID', 'AUTHORISED') OR c.payment_terms = 'ON_ACCOUNT'))
"""
demand_source(
    DemandSource(
        "orders.orderline",
        asked=f"""SELECT l.sku_id, coalesce(l.warehouse_id, c.warehouse_id), o.placed_at,
  l.quantity - l.cancelled {WANTED}
AND l.sku_id = ANY(%(skus)s) AND o.placed_at >= %(since)s
AND o.placed_at < %(until)s AND l.quantity > l.cancelled""",
        # An imported order is the past: nobody serves it, so nothing is bought for it.
        waiting=f"""SELECT l.sku_id, coalesce(l.warehouse_id, c.warehouse_id),
  l.quantity - l.reserved - l.shipped - l.cancelled {WANTED}
AND l.quantity > l.reserved + l.shipped + l.cancelled AND o.origin <> 'IMPORT'""",
    )
)
