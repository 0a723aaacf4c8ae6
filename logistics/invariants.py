"""What must always be true of shipments, parcels and delivery exceptions."""

from backoffice.core.invariants import invariant

invariant(
    "logistics.shipped",
    "Shipped units of an order line are those in its parcels that left and are not given up.",
    """
    SELECT l.id, l.order_id, l.shipped, p.units FROM orders_orderline l
    LEFT JOIN (SELECT sl.order_line_id, sum(pl.quantity) AS units FROM logistics_parcelline pl
      JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.shipped_at IS NOT NULL
        AND p.given_up_at IS NULL
      JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id GROUP BY 1) p
      ON p.order_line_id = l.id
    WHERE l.shipped <> coalesce(p.units, 0)
    """,
)
invariant(
    "logistics.delivered",
    "Delivered units of an order line are those in its delivered parcels.",
    """
    SELECT l.id, l.order_id, l.delivered, p.units FROM orders_orderline l
    LEFT JOIN (SELECT sl.order_line_id, sum(pl.quantity) AS units FROM logistics_parcelline pl
      JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.status = 'DELIVERED'
        AND p.given_up_at IS NULL
      JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id GROUP BY 1) p
      ON p.order_line_id = l.id
    WHERE l.delivered <> coalesce(p.units, 0)
    """,
)
invariant(
    "logistics.stock_moves",
    "Every stocked unit that left has its stock move.",
    """
    SELECT l.id, l.order_id, l.shipped, g.units AS given_up, m.units FROM orders_orderline l
    LEFT JOIN (SELECT for_id, -sum(quantity) AS units FROM inventory_stockmove
      WHERE kind = 'SHIPMENT' AND for_type = 'orders.orderline' GROUP BY 1) m ON m.for_id = l.id
    LEFT JOIN (SELECT order_line_id, sum(given_up) AS units FROM logistics_shipmentline
      WHERE given_up > 0 GROUP BY 1) g ON g.order_line_id = l.id
    WHERE l.is_stocked AND l.shipped + coalesce(g.units, 0) <> coalesce(m.units, 0)
    """,
)
invariant(
    "logistics.planned",
    "No more of an order line is planned than was ordered and not cancelled.",
    """
    SELECT l.id, l.order_id, sum(sl.quantity - sl.given_up) AS planned
    FROM logistics_shipmentline sl
    JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status <> 'CANCELLED'
    JOIN orders_orderline l ON l.id = sl.order_line_id
    GROUP BY l.id, l.order_id, l.quantity, l.cancelled
    HAVING sum(sl.quantity - sl.given_up) > l.quantity - l.cancelled
    """,
    repair="Deliver waiting events first; then cancel the shipment.",
)
invariant(
    "logistics.packed",
    "The parcels of a packed shipment hold each of its units once.",
    """
    SELECT sl.id, sl.shipment_id, sl.quantity, p.units FROM logistics_shipmentline sl
    JOIN logistics_shipment s ON s.id = sl.shipment_id
      AND s.status IN ('PACKED', 'SHIPPED', 'DELIVERED', 'GIVEN_UP')
    LEFT JOIN (SELECT pl.shipment_line_id, sum(pl.quantity) AS units FROM logistics_parcelline pl
      JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.status <> 'CANCELLED' GROUP BY 1) p
      ON p.shipment_line_id = sl.id
    WHERE sl.quantity <> coalesce(p.units, 0)
    """,
)
invariant(
    "logistics.shipment_status",
    "A shipment's status agrees with its parcels.",
    """
    SELECT s.id, s.status FROM logistics_shipment s LEFT JOIN (
      SELECT shipment_id, count(*) FILTER (WHERE status <> 'CANCELLED') AS parcels,
        count(*) FILTER (WHERE shipped_at IS NOT NULL) AS gone,
        count(*) FILTER (WHERE status <> 'CANCELLED' AND given_up_at IS NULL) AS awaited,
        count(*) FILTER (WHERE status = 'DELIVERED' AND given_up_at IS NULL) AS arrived
      FROM logistics_parcel GROUP BY shipment_id) p ON p.shipment_id = s.id
    WHERE CASE s.status
      WHEN 'PACKED' THEN coalesce(p.parcels, 0) = 0 OR p.gone >= p.parcels
      WHEN 'SHIPPED' THEN coalesce(p.gone, 0) < p.parcels OR p.arrived >= p.awaited
      WHEN 'DELIVERED' THEN coalesce(p.arrived, 0) = 0 OR p.arrived < p.awaited
      WHEN 'GIVEN_UP' THEN coalesce(p.parcels, 0) = 0 OR p.awaited > 0
      ELSE coalesce(p.parcels, 0) > 0 END
    """,
)
invariant(
    "logistics.allocations",
    "Bins are set aside for shipments that are being picked or packed, and for no more units.",
    """
    SELECT a.for_id, sum(a.quantity) AS allocated, s.status FROM inventory_allocation a
    LEFT JOIN logistics_shipmentline sl ON sl.id = a.for_id
    LEFT JOIN logistics_shipment s ON s.id = sl.shipment_id
    WHERE a.for_type = 'logistics.shipmentline'
    GROUP BY a.for_id, s.status, sl.quantity
    HAVING s.status IS NULL OR s.status NOT IN ('PICKING', 'PACKED')
      OR sum(a.quantity) > sl.quantity
    """,
)
invariant(
    "logistics.covered",
    "Bins are set aside for all units that lie ready, or their shipment is held.",
    """
    SELECT sl.id, sl.shipment_id, sl.quantity, g.units AS gone, a.units AS aside
    FROM logistics_shipmentline sl
    JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status IN ('PICKING', 'PACKED')
      AND s.picked_at IS NOT NULL AND s.uncovered_quantity = 0
    JOIN orders_orderline l ON l.id = sl.order_line_id AND l.is_stocked
    CROSS JOIN LATERAL (SELECT coalesce(sum(pl.quantity), 0) AS units
      FROM logistics_parcelline pl JOIN logistics_parcel p ON p.id = pl.parcel_id
      WHERE pl.shipment_line_id = sl.id AND p.shipped_at IS NOT NULL) g
    CROSS JOIN LATERAL (SELECT coalesce(sum(quantity), 0) AS units FROM inventory_allocation
      WHERE for_type = 'logistics.shipmentline' AND for_id = sl.id) a
    WHERE a.units < sl.quantity - g.units
    """,
    repair="Deliver waiting events first; then run logistics.plan_waiting.",
)
invariant(
    "logistics.listed",
    "What is being picked is listed where it is set aside.",
    """
    WITH walked AS (
      SELECT sl.id, sl.shipment_id FROM logistics_shipmentline sl JOIN logistics_shipment s
        ON s.id = sl.shipment_id AND s.status = 'PICKING' AND s.picked_at IS NULL
    ), listed AS (
      SELECT w.*, p.location_id, p.lot_id, p.quantity FROM walked w
      JOIN logistics_pickline p ON p.shipment_line_id = w.id
    ), aside AS (
      SELECT w.*, a.location_id, a.lot_id, a.quantity FROM walked w
      JOIN inventory_allocation a ON a.for_type = 'logistics.shipmentline' AND a.for_id = w.id
    )
    SELECT id, shipment_id, location_id, l.quantity AS listed, a.quantity AS aside
    FROM listed l FULL JOIN aside a USING (id, shipment_id, location_id, lot_id)
    WHERE l.quantity IS DISTINCT FROM a.quantity
    """,
    repair="Deliver waiting events first; then cancel the shipment.",
)
invariant(
    "logistics.given_up",
    "Units of a shipment that are given up are those in its parcels that were.",
    """
    SELECT sl.id, sl.shipment_id, sl.given_up, p.units FROM logistics_shipmentline sl
    LEFT JOIN (SELECT pl.shipment_line_id, sum(pl.quantity) AS units FROM logistics_parcelline pl
      JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.given_up_at IS NOT NULL GROUP BY 1) p
      ON p.shipment_line_id = sl.id
    WHERE sl.given_up <> coalesce(p.units, 0)
    """,
)
invariant(
    "logistics.scanned",
    "A parcel that a carrier saw delivered is delivered.",
    """
    SELECT p.id, p.status FROM logistics_parcel p WHERE p.shipped_at IS NOT NULL
      AND p.status <> 'DELIVERED' AND EXISTS (SELECT FROM logistics_trackingevent e
        WHERE e.parcel_id = p.id AND e.status = 'DELIVERED')
    """,
    repair="Deliver waiting events first; then apply the parcel's scans again.",
)
invariant(
    "logistics.one_open_exception",
    "A parcel has at most one open exception of a kind.",
    """
    SELECT parcel_id, kind, count(*) FROM logistics_deliveryexception WHERE status <> 'RESOLVED'
    GROUP BY parcel_id, kind HAVING count(*) > 1
    """,
)
