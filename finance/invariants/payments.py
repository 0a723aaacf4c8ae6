"""Refunds stay within what was paid; documents add up and lose no number."""

from backoffice.core.invariants import invariant

invariant(
    "finance.refunds_within_captured",
    "A payment's refunds are counted on it and stay within what was captured.",
    """
    SELECT p.id, p.number, p.captured_amount, p.refunded_amount, p.pending_refund_amount
    FROM finance_payment p LEFT JOIN (
      SELECT payment_id, coalesce(sum(amount) FILTER (WHERE status = 'SUCCEEDED'), 0) AS done,
        coalesce(sum(amount) FILTER (WHERE status IN ('REQUESTED', 'APPROVED', 'SENT', 'UNKNOWN')),
          0) AS pending
      FROM finance_refund GROUP BY payment_id
    ) r ON r.payment_id = p.id
    WHERE (p.refunded_amount, p.pending_refund_amount)
        IS DISTINCT FROM (coalesce(r.done, 0), coalesce(r.pending, 0))
      OR p.refunded_amount + p.pending_refund_amount > p.captured_amount
    """,
)
invariant(
    "finance.order_money",
    "An order's money counters are the sums of its payments.",
    """
    SELECT o.id, o.order_number, o.captured_amount, p.captured, o.refunded_amount, p.refunded
    FROM orders_order o FULL JOIN (
      SELECT order_id, sum(captured_amount) AS captured, sum(refunded_amount) AS refunded,
        coalesce(sum(amount) FILTER (WHERE status = 'AUTHORISED'), 0) AS authorised
      FROM finance_payment GROUP BY order_id
    ) p ON p.order_id = o.id
    WHERE (o.captured_amount, o.refunded_amount, o.authorised_amount) IS DISTINCT FROM
      (coalesce(p.captured, 0), coalesce(p.refunded, 0), coalesce(p.authorised, 0))
    """,
    repair="Compare the order's payments with the provider.",
)
invariant(
    "finance.refund_lines",
    "A refund's lines are within it, and no line gives back more than it cost.",
    """
    SELECT r.id AS refund_id, NULL::bigint AS line_id, r.amount, l.amount AS lines
    FROM finance_refund r
    JOIN (SELECT refund_id, sum(amount) AS amount FROM finance_refundline GROUP BY refund_id) l
      ON l.refund_id = r.id WHERE abs(l.amount) > r.amount
    UNION ALL
    SELECT NULL, l.id, l.gross_amount, x.amount FROM orders_orderline l
    JOIN (SELECT f.order_line_id, sum(f.amount) AS amount FROM finance_refundline f
      JOIN finance_refund r ON r.id = f.refund_id AND r.status NOT IN ('FAILED', 'CANCELLED')
      GROUP BY f.order_line_id) x ON x.order_line_id = l.id
    WHERE abs(x.amount) > abs(l.gross_amount)
    """,
)
invariant(
    "finance.refunds_charged",
    "A paid refund of a settled order is charged in full, once; of lines, what they give back.",
    """
    SELECT r.id, r.number, r.amount, s.gross FROM (
      SELECT f.*, CASE WHEN kind = 'GOODWILL' THEN f.amount ELSE coalesce((SELECT sum(l.amount)
        FROM finance_refundline l WHERE l.refund_id = f.id), 0) END AS due FROM finance_refund f) r
    LEFT JOIN (SELECT refund_id, sum(gross_amount) AS gross FROM finance_refundshare
      GROUP BY refund_id) s ON s.refund_id = r.id
    WHERE (s.gross > r.due)
      OR (s.gross IS NOT NULL AND (r.status <> 'SUCCEEDED'
        OR r.kind IN ('CANCELLATION', 'OVERPAYMENT')))
      OR (r.status = 'SUCCEEDED' AND r.kind NOT IN ('CANCELLATION', 'OVERPAYMENT')
        AND coalesce(s.gross, 0) <> r.due
        AND EXISTS (SELECT FROM finance_ordersettlement o WHERE o.order_id = r.order_id)
        AND NOT EXISTS (SELECT FROM orders_orderline l WHERE l.order_id = r.order_id
          AND NOT EXISTS (SELECT FROM finance_ordersettlement o WHERE o.order_id = l.order_id
            AND o.seller_id IS NOT DISTINCT FROM l.seller_id)))
    """,
)
invariant(
    "finance.shares_within_settlement",
    "Nobody bears more of an order's refunds than was settled for them.",
    """
    SELECT s.id, s.order_id, s.seller_id, s.gross_amount, x.gross FROM finance_ordersettlement s
    JOIN (SELECT order_id, seller_id, sum(gross_amount - goodwill_amount) AS gross,
        sum(tax_amount) AS tax
      FROM finance_refundshare GROUP BY order_id, seller_id) x
      ON x.order_id = s.order_id AND x.seller_id IS NOT DISTINCT FROM s.seller_id
    WHERE abs(x.gross) > abs(s.gross_amount) OR abs(x.tax) > abs(s.tax_amount)
      OR (x.gross = s.gross_amount AND s.gross_amount <> 0 AND x.tax <> s.tax_amount)
    UNION ALL
    SELECT s.id, s.order_id, s.seller_id, (s.charges ->> x.code)::numeric, x.amount
    FROM finance_ordersettlement s
    JOIN (SELECT r.order_id, r.seller_id, c.key AS code, sum(c.value::numeric) AS amount
      FROM finance_refundshare r CROSS JOIN LATERAL jsonb_each_text(r.charges) c GROUP BY 1, 2, 3) x
      ON x.order_id = s.order_id AND x.seller_id IS NOT DISTINCT FROM s.seller_id
    WHERE abs(x.amount) > abs(coalesce((s.charges ->> x.code)::numeric, 0))
    """,
)
invariant(
    "finance.numbers_without_gaps",
    "Invoices and credit notes are numbered without gaps, in the order of their days.",
    """
    SELECT d.code, s.last_number, d.n, d.first FROM (
      SELECT 'INVOICE' AS code, count(*) AS n, coalesce(min(sequence), 1) AS first,
        coalesce(max(sequence), 0) AS last FROM finance_invoice
      UNION ALL
      SELECT 'CREDIT_NOTE', count(*), coalesce(min(sequence), 1), coalesce(max(sequence), 0)
      FROM finance_creditnote
    ) d JOIN finance_documentseries s ON s.code = d.code
    WHERE d.n <> d.last - d.first + 1 OR (d.n > 0 AND s.last_number <> d.last)
    """,
)
invariant(
    "finance.invoices",
    "An invoice is the sum of its lines and gives back what its credit notes say.",
    """
    SELECT i.id, i.number, i.gross_amount, l.gross, i.credited_amount, c.gross AS credited
    FROM finance_invoice i
    LEFT JOIN (SELECT invoice_id, sum(gross_amount) AS gross, sum(tax_amount) AS tax
      FROM finance_invoiceline GROUP BY invoice_id) l ON l.invoice_id = i.id
    LEFT JOIN (SELECT invoice_id, sum(gross_amount) AS gross, sum(tax_amount) AS tax
      FROM finance_creditnote GROUP BY invoice_id) c ON c.invoice_id = i.id
    WHERE (i.gross_amount, i.tax_amount) IS DISTINCT FROM (l.gross, l.tax)
      OR i.credited_amount <> coalesce(c.gross, 0) OR coalesce(c.tax, 0) > i.tax_amount
    """,
)
