"""What must always be true of orders."""

from backoffice.core.invariants import invariant

invariant(
    "orders.counters",
    "An order's counters are the sums of its lines.",
    """
    SELECT o.id, o.order_number FROM orders_order o LEFT JOIN (
      SELECT order_id, sum(quantity) AS ordered, sum(reserved) AS reserved, sum(shipped) AS shipped,
        sum(delivered) AS delivered, sum(cancelled) AS cancelled, sum(returned) AS returned,
        coalesce(sum(quantity - reserved - shipped - cancelled) FILTER (WHERE is_stocked), 0) short
      FROM orders_orderline WHERE kind = 'ITEM' GROUP BY order_id
    ) l ON l.order_id = o.id
    WHERE (o.ordered_quantity, o.reserved_quantity, o.shipped_quantity, o.delivered_quantity,
        o.cancelled_quantity, o.returned_quantity, o.short_quantity)
      IS DISTINCT FROM (coalesce(l.ordered, 0), coalesce(l.reserved, 0), coalesce(l.shipped, 0),
        coalesce(l.delivered, 0), coalesce(l.cancelled, 0), coalesce(l.returned, 0),
        coalesce(l.short, 0))
    """,
    repair="Refresh the order's counters from its lines.",
)
invariant(
    "orders.totals",
    "An order's amounts are the sums of its lines.",
    """
    SELECT o.id, o.order_number, o.total_amount FROM orders_order o
    JOIN (SELECT order_id, sum(net_amount) AS net, sum(tax_amount) AS tax FROM orders_orderline
      GROUP BY order_id) l ON l.order_id = o.id
    WHERE o.net_amount <> l.net OR o.tax_amount <> l.tax
    """,
)
invariant(
    "orders.edits",
    "An edited order costs what its last edit says.",
    """
    SELECT o.id, o.order_number, o.total_amount, e.total_after FROM orders_order o JOIN (
      SELECT DISTINCT ON (order_id) order_id, total_after FROM orders_orderedit
      WHERE status = 'COMMITTED' ORDER BY order_id, order_version DESC
    ) e ON e.order_id = o.id WHERE o.total_amount <> e.total_after
    """,
)
invariant(
    "orders.reservations",
    "What a line has reserved is reserved in stock.",
    """
    SELECT l.id, l.order_id, l.reserved, r.quantity FROM orders_orderline l
    FULL JOIN (SELECT for_id, quantity FROM inventory_reservation
      WHERE for_type = 'orders.orderline') r ON r.for_id = l.id
    WHERE coalesce(l.reserved, 0) <> coalesce(r.quantity, 0)
    """,
    repair="Deliver waiting events first; then release the reservation that no line knows.",
)
invariant(
    "orders.holds",
    "An order's open holds are counted.",
    """
    SELECT o.id, o.open_holds FROM orders_order o
    LEFT JOIN (SELECT order_id, count(*) n FROM orders_hold WHERE released_at IS NULL
      GROUP BY order_id) h ON h.order_id = o.id
    WHERE o.open_holds <> coalesce(h.n, 0)
    """,
)
invariant(
    "orders.cancelled_hold_nothing",
    "A cancelled order holds no stock and ships nothing.",
    """
    SELECT id, order_number FROM orders_order WHERE status = 'CANCELLED'
      AND (reserved_quantity <> 0 OR shipped_quantity <> 0)
    """,
)
invariant(
    "orders.not_skipped",
    "An order is released before anything of it ships.",
    """
    SELECT id, order_number, status FROM orders_order
    WHERE shipped_quantity > 0 AND (released_at IS NULL OR status IN ('PENDING', 'CONFIRMED'))
    """,
)
invariant(
    "orders.returned",
    "A line's returned units are those of its received returns.",
    """
    SELECT l.id, l.returned FROM orders_orderline l LEFT JOIN (
      SELECT rl.order_line_id, sum(rl.sellable + rl.damaged) AS units FROM orders_returnline rl
      JOIN orders_return r ON r.id = rl.parent_id AND r.status IN ('RECEIVED', 'CLOSED')
        AND NOT r.is_undelivered
      GROUP BY rl.order_line_id) r ON r.order_line_id = l.id
    WHERE l.returned <> coalesce(r.units, 0)
    """,
)
