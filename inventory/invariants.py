"""What must always be true of stock, purchasing and replenishment."""

from backoffice.core.invariants import invariant

invariant(
    "inventory.levels_are_moves",
    "What a level has on hand is the sum of its moves.",
    """
    SELECT coalesce(l.sku_id, m.sku_id) AS sku_id, coalesce(l.warehouse_id, m.warehouse_id)
      AS warehouse_id, l.on_hand, m.units
    FROM inventory_stocklevel l FULL JOIN (SELECT sku_id, warehouse_id, sum(quantity) AS units
      FROM inventory_stockmove GROUP BY 1, 2) m USING (sku_id, warehouse_id)
    WHERE coalesce(l.on_hand, 0) <> coalesce(m.units, 0)
    """,
    repair="Count the stock and post the difference as an adjustment.",
)
invariant(
    "inventory.bins_are_moves",
    "What a bin has on hand is the sum of its moves.",
    """
    SELECT coalesce(b.sku_id, m.sku_id) AS sku_id, coalesce(b.location_id, m.location_id)
      AS location_id, coalesce(b.lot_id, m.lot_id) AS lot_id, b.on_hand, m.units
    FROM inventory_binstock b FULL JOIN (SELECT sku_id, location_id, lot_id, sum(quantity) AS units
      FROM inventory_stockmove GROUP BY 1, 2, 3) m USING (sku_id, location_id, lot_id)
    WHERE coalesce(b.on_hand, 0) <> coalesce(m.units, 0)
    """,
    repair="Count the bin and post the difference as an adjustment.",
)
invariant(
    "inventory.levels_are_bins",
    "A level is the sum of its bins, and what it has quarantined lies in quarantine bins.",
    """
    SELECT coalesce(l.sku_id, b.sku_id) AS sku_id, coalesce(l.warehouse_id, b.warehouse_id)
      AS warehouse_id, l.on_hand, b.units, l.quarantined, b.quarantined AS in_quarantine
    FROM inventory_stocklevel l FULL JOIN (
      SELECT s.sku_id, o.warehouse_id, sum(s.on_hand) AS units,
        coalesce(sum(s.on_hand) FILTER (WHERE o.kind = 'QUARANTINE'), 0) AS quarantined
      FROM inventory_binstock s JOIN inventory_location o ON o.id = s.location_id GROUP BY 1, 2
    ) b USING (sku_id, warehouse_id)
    WHERE (coalesce(l.on_hand, 0), coalesce(l.quarantined, 0))
      <> (coalesce(b.units, 0), coalesce(b.quarantined, 0))
    """,
    repair="A bin changed its kind or warehouse: change it back and transfer the units.",
)
invariant(
    "inventory.reserved_is_promised",
    "What a level has reserved is the sum of its reservations.",
    """
    SELECT coalesce(l.sku_id, r.sku_id) AS sku_id, coalesce(l.warehouse_id, r.warehouse_id)
      AS warehouse_id, l.reserved, r.units
    FROM inventory_stocklevel l FULL JOIN (SELECT sku_id, warehouse_id, sum(quantity) AS units
      FROM inventory_reservation GROUP BY 1, 2) r USING (sku_id, warehouse_id)
    WHERE coalesce(l.reserved, 0) <> coalesce(r.units, 0)
    """,
    repair="Set reserved to the sum of the reservations.",
)
invariant(
    "inventory.allocated_is_set_aside",
    "What a bin has allocated is the sum of its allocations.",
    """
    SELECT coalesce(b.sku_id, a.sku_id) AS sku_id, coalesce(b.location_id, a.location_id)
      AS location_id, coalesce(b.lot_id, a.lot_id) AS lot_id, b.allocated, a.units
    FROM inventory_binstock b FULL JOIN (SELECT sku_id, location_id, lot_id, sum(quantity) AS units
      FROM inventory_allocation GROUP BY 1, 2, 3) a USING (sku_id, location_id, lot_id)
    WHERE coalesce(b.allocated, 0) <> coalesce(a.units, 0)
    """,
    repair="Set allocated to the sum of the allocations.",
)
invariant(
    "inventory.lots_fit_skus",
    "A bin's lot belongs to its SKU.",
    """
    SELECT b.id, b.sku_id, b.lot_id FROM inventory_binstock b
    JOIN inventory_lot t ON t.id = b.lot_id WHERE t.sku_id <> b.sku_id
    """,
)
invariant(
    "inventory.purchase_order_totals",
    "A purchase order's total is the sum of its lines.",
    """
    SELECT p.id, p.number, p.total_amount, l.total FROM inventory_purchaseorder p
    LEFT JOIN (SELECT o.id, sum(round(l.quantity * l.unit_price, currency_exponent(o.currency)))
        AS total
      FROM inventory_purchaseorderline l JOIN inventory_purchaseorder o
        ON o.id = l.purchase_order_id GROUP BY 1) l USING (id)
    WHERE p.total_amount <> coalesce(l.total, 0)
    """,
)
invariant(
    "inventory.received_is_receipts",
    "What a purchase order line has received is the sum of its receipt lines.",
    """
    SELECT l.id, l.received, r.units FROM inventory_purchaseorderline l
    LEFT JOIN (SELECT purchase_order_line_id, sum(quantity) AS units FROM inventory_receiptline
      GROUP BY 1) r ON r.purchase_order_line_id = l.id
    WHERE l.received <> coalesce(r.units, 0)
    """,
)
invariant(
    "inventory.receipts_are_moves",
    "Every receipt line is in the stock ledger once, with its quantity.",
    """
    SELECT r.id, r.quantity, m.units FROM inventory_receiptline r
    LEFT JOIN (SELECT for_id, sum(quantity) AS units FROM inventory_stockmove
      WHERE for_type = 'inventory.receiptline' GROUP BY 1) m ON m.for_id = r.id
    WHERE r.quantity <> coalesce(m.units, 0)
    """,
)
invariant(
    "inventory.purchase_order_status",
    "A purchase order is received when no line misses units, and not before goods came.",
    """
    SELECT p.id, p.number, p.status FROM inventory_purchaseorder p
    JOIN (SELECT purchase_order_id, sum(received) AS received,
        sum(greatest(0, quantity - received)) AS missing
      FROM inventory_purchaseorderline GROUP BY 1) l ON l.purchase_order_id = p.id
    WHERE (p.status IN ('DRAFT', 'APPROVED', 'SENT', 'CANCELLED') AND l.received > 0)
      OR (p.status = 'PARTIALLY_RECEIVED' AND (l.received = 0 OR l.missing = 0))
      OR (p.status = 'RECEIVED' AND l.missing > 0)
    """,
)
invariant(
    "inventory.ordered_proposals",
    "An ordered proposal's SKU is on its purchase order, for the same warehouse.",
    """
    SELECT r.id, r.number FROM inventory_replenishmentproposal r
    JOIN inventory_purchaseorder p ON p.id = r.purchase_order_id
    WHERE p.warehouse_id <> r.warehouse_id OR NOT EXISTS (
      SELECT FROM inventory_purchaseorderline l
      WHERE l.purchase_order_id = p.id AND l.sku_id = r.sku_id AND l.quantity >= r.quantity)
    """,
)
invariant(
    "inventory.counts_are_moves",
    "What a count line posted is in the stock ledger once, with its difference.",
    """
    SELECT l.id, l.status, l.difference, m.units FROM inventory_stockcountline l
    LEFT JOIN (SELECT for_id, sum(quantity) AS units FROM inventory_stockmove
      WHERE for_type = 'inventory.stockcountline' GROUP BY 1) m ON m.for_id = l.id
    WHERE coalesce(m.units, 0) <> CASE WHEN l.status = 'POSTED' THEN l.difference ELSE 0 END
    """,
)
invariant(
    "inventory.count_status",
    "A stock count is open while lines wait to be counted, then shown to a second person or done.",
    """
    SELECT c.id, c.number, c.status FROM inventory_stockcount c
    JOIN (SELECT stock_count_id, count(*) FILTER (WHERE status = 'OPEN') AS open,
        count(*) FILTER (WHERE status = 'REVIEW') AS review
      FROM inventory_stockcountline GROUP BY 1) l ON l.stock_count_id = c.id
    WHERE (c.status = 'OPEN') <> (l.open > 0)
      OR (c.status = 'REVIEW') <> (l.open = 0 AND l.review > 0)
    """,
)
