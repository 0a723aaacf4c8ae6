"""What must always be true of shipments, parcels and delivery exceptions."""

from backoffice.core.invariants import invariant

invariant(
    "logistics.shipped",
    "Shipped units of an order line are those in its parcels that left.",
    """
    SELECT l.id, l.order_id, l.shipped, p.units FROM orders_orderline l
    LEFT JOIN (SELECT sl.order_line_id, sum(pl.quantity) AS units FROM logistics_parcelline pl
      JOIN logistics_parcel p ON p.id = pl.parcel_id AND p.shipped_at IS NOT NULL
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
      JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id GROUP BY 1) p
      ON p.order_line_id = l.id
    WHERE l.delivered <> coalesce(p.units, 0)
    """,
)
invariant(
    "logistics.stock_moves",
    "Every stocked unit that left has its stock move.",
    """
    SELECT l.id, l.order_id, l.shipped, m.units FROM orders_orderline l
    LEFT JOIN (SELECT for_id, -sum(quantity) AS units FROM inventory_stockmove
      WHERE kind = 'SHIPMENT' AND for_type = 'orders.orderline' GROUP BY 1) m ON m.for_id = l.id
    WHERE l.is_stocked AND l.shipped <> coalesce(m.units, 0)
    """,
)
invariant(
    "logistics.planned",
    "No more of an order line is planned than was ordered and not cancelled.",
    """
    SELECT l.id, l.order_id, sum(sl.quantity) AS planned FROM logistics_shipmentline sl
    JOIN logistics_shipment s ON s.id = sl.shipment_id AND s.status <> 'CANCELLED'
    JOIN orders_orderline l ON l.id = sl.order_line_id
    GROUP BY l.id, l.order_id, l.quantity, l.cancelled
    HAVING sum(sl.quantity) > l.quantity - l.cancelled
    """,
    repair="Deliver waiting events first; then cancel the shipment.",
)
invariant(
    "logistics.packed",
    "The parcels of a packed shipment hold each of its units once.",
    """
    SELECT sl.id, sl.shipment_id, sl.quantity, p.units FROM logistics_shipmentline sl
    JOIN logistics_shipment s ON s.id = sl.shipment_id
      AND s.status IN ('PACKED', 'SHIPPED', 'DELIVERED')
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
        count(*) FILTER (WHERE status = 'DELIVERED') AS arrived
      FROM logistics_parcel GROUP BY shipment_id) p ON p.shipment_id = s.id
    WHERE CASE s.status
      WHEN 'PACKED' THEN coalesce(p.parcels, 0) = 0 OR p.gone >= p.parcels
      WHEN 'SHIPPED' THEN coalesce(p.gone, 0) < p.parcels OR p.arrived >= p.parcels
      WHEN 'DELIVERED' THEN coalesce(p.arrived, 0) = 0 OR p.arrived < p.parcels
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
    "logistics.scanned",
    "A parcel that a carrier saw delivered is delivered.",
    """
    SELECT p.id, p.status FROM logistics_parcel p WHERE p.shipped_at IS NOT NULL
      AND p.status <> 'DELIVERED' AND EXISTS (SELECT FROM logistics_trackingevent e
        WHERE e.parcel_id = p.id AND e.status = 'DELIVERED')
    """,
    repair="Apply the parcel's scans again.",
)
invariant(
    "logistics.one_open_exception",
    "A parcel has at most one open exception of a kind.",
    """
    SELECT parcel_id, kind, count(*) FROM logistics_deliveryexception WHERE status <> 'RESOLVED'
    GROUP BY parcel_id, kind HAVING count(*) > 1
    """,
)
