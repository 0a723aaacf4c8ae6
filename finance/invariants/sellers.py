"""Sellers are owed what orders, refunds and payouts say."""

from backoffice.core.invariants import invariant
from finance.accounts import IN_TRANSIT, SELLER_PAYABLE, SELLER_RESERVE
from finance.charges import CHARGES
from finance.invariants.sql import BALANCE

DECLARED = ", ".join(f"('{charge.code}', '{charge.account}')" for charge in CHARGES)

invariant(
    "finance.seller_payable",
    "What sellers are owed follows from orders, refunds, reserves and payouts.",
    f"""
    SELECT coalesce(w.seller_id, b.party_id) AS seller_id, coalesce(w.currency, b.currency)
      AS currency, w.amount AS expected, b.amount AS booked
    FROM (
      SELECT seller_id, currency, sum(amount) AS amount FROM (
        SELECT seller_id, currency, payable_amount AS amount FROM finance_ordersettlement
        WHERE seller_id IS NOT NULL
        UNION ALL
        SELECT seller_id, currency, -payable_amount FROM finance_refundshare
        WHERE seller_id IS NOT NULL
        UNION ALL
        SELECT seller_id, currency, -held_amount
          + CASE WHEN reserve_released_at IS NULL THEN 0 ELSE held_amount END
        FROM finance_sellerstatement
        UNION ALL
        SELECT seller_id, currency, -amount FROM finance_payout WHERE status IN ('SENT', 'PAID')
      ) x GROUP BY seller_id, currency
    ) w FULL JOIN (
      SELECT p.party_id, p.currency, -sum(p.amount) AS amount FROM finance_posting p
      JOIN finance_ledgeraccount a ON a.id = p.account_id AND a.code = '{SELLER_PAYABLE}'
      GROUP BY 1, 2
    ) b ON b.party_id = w.seller_id AND b.currency = w.currency
    WHERE coalesce(w.amount, 0) <> coalesce(b.amount, 0)
    """,
)
invariant(
    "finance.settlements_from_orders",
    "What was settled is what the order's lines say.",
    """
    SELECT s.id, s.order_id, s.seller_id, s.gross_amount, l.gross FROM finance_ordersettlement s
    JOIN orders_order o ON o.id = s.order_id
    LEFT JOIN LATERAL (
      SELECT sum(CASE WHEN x.cancelled = 0 THEN x.gross_amount ELSE round(x.gross_amount
        * (x.quantity - x.cancelled) / x.quantity, currency_exponent(o.currency)) END) AS gross
      FROM orders_orderline x
      WHERE x.order_id = s.order_id AND x.seller_id IS NOT DISTINCT FROM s.seller_id
    ) l ON true WHERE s.gross_amount IS DISTINCT FROM l.gross OR s.currency <> o.currency
    """,
)
invariant(
    "finance.settled_once",
    "Each settled order has exactly one entry; each entry of that kind has its order.",
    """
    SELECT s.id AS settlement_id, e.id AS entry_id FROM finance_ordersettlement s
    FULL JOIN (SELECT id, source_id FROM finance_journalentry WHERE kind = 'SETTLEMENT') e
      ON e.source_id = s.id
    WHERE s.id IS NULL OR (e.id IS NULL AND (s.gross_amount, s.tax_amount, s.charges_amount)
      IS DISTINCT FROM (0::numeric, 0::numeric, 0::numeric))
    """,
)
invariant(
    "finance.charges",
    "What was charged, and given back with refunds, is in the books on the charges' accounts.",
    f"""
    WITH levied AS (
      SELECT 'SETTLEMENT' AS kind, id, charges, charges_amount, -1 AS sign
      FROM finance_ordersettlement
      UNION ALL
      SELECT 'REFUND_SHARE', id, charges, charges_amount, 1 FROM finance_refundshare
    )
    SELECT coalesce(x.kind, b.kind) AS kind, coalesce(x.id, b.id) AS id,
      coalesce(x.account, b.account) AS account, x.amount AS expected, b.amount AS booked
    FROM (
      SELECT l.kind, l.id, a.account, sum(l.sign * c.value::numeric) AS amount
      FROM levied l CROSS JOIN LATERAL jsonb_each_text(l.charges) c
      LEFT JOIN (VALUES {DECLARED}) AS a(code, account) ON a.code = c.key GROUP BY 1, 2, 3
    ) x FULL JOIN (
      SELECT e.kind, e.source_id AS id, a.code AS account, sum(p.amount) AS amount
      FROM finance_journalentry e JOIN finance_posting p ON p.entry_id = e.id
      JOIN finance_ledgeraccount a ON a.id = p.account_id
      WHERE e.kind IN ('SETTLEMENT', 'REFUND_SHARE')
        AND a.code IN (SELECT account FROM (VALUES {DECLARED}) AS d(code, account))
      GROUP BY 1, 2, 3
    ) b ON b.kind = x.kind AND b.id = x.id AND b.account = x.account
    WHERE x.amount IS DISTINCT FROM b.amount
    UNION ALL
    SELECT kind, id, NULL, charges_amount, s.amount FROM levied CROSS JOIN LATERAL (
      SELECT coalesce(sum(value::numeric), 0) AS amount FROM jsonb_each_text(charges)) s
    WHERE charges_amount <> s.amount
    """,
    repair="Declare the charge again that is missing in finance/charges.py.",
)
invariant(
    "finance.settled_in_time",
    "No live order waits a day longer for its settlement than its contract says.",
    """
    SELECT order_id, due_at FROM finance_settlementdue
    WHERE due_at < statement_timestamp() - interval '1 day'
      AND NOT EXISTS (SELECT FROM core_taskswitch t
        WHERE t.task = 'finance.settle_orders' AND NOT t.is_running)
      AND EXISTS (SELECT FROM core_taskrun r WHERE r.task = 'finance.settle_orders'
        AND r.finished_at > statement_timestamp() - interval '10 minutes')
    """,
    repair="Settle these orders by hand and read the job's last error.",
)
invariant(
    "finance.reserves",
    "What is held back or on its way is what statements and payouts say.",
    f"""
    SELECT 'reserve' AS what, coalesce(b.currency, d.currency) AS currency, b.amount AS booked,
      d.amount AS expected
    FROM ({BALANCE.format(code=SELLER_RESERVE)}) b FULL JOIN (
      SELECT currency, -sum(held_amount) AS amount FROM finance_sellerstatement
      WHERE reserve_released_at IS NULL GROUP BY currency) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    UNION ALL
    SELECT 'transit', coalesce(b.currency, d.currency), b.amount, d.amount
    FROM ({BALANCE.format(code=IN_TRANSIT)}) b FULL JOIN (
      SELECT currency, -sum(amount) AS amount FROM finance_payout WHERE status = 'SENT'
      GROUP BY currency) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.statements",
    "A statement begins where the one before ended and adds up to its entries.",
    """
    SELECT s.id, s.number, s.opening_amount, s.before, s.closing_amount, x.amount FROM (
      SELECT *, coalesce(lag(closing_amount) OVER (
        PARTITION BY seller_id, currency ORDER BY ends_on), 0) AS before
      FROM finance_sellerstatement) s
    LEFT JOIN (SELECT statement_id, sum(amount) AS amount FROM finance_statementline
      GROUP BY statement_id) x ON x.statement_id = s.id
    WHERE s.opening_amount <> s.before
      OR s.closing_amount - s.opening_amount <> coalesce(x.amount, 0)
    """,
)
invariant(
    "finance.payouts_approved",
    "Money leaves by two pairs of eyes and within the statement.",
    """
    SELECT p.id, p.number FROM finance_payout p
    JOIN finance_sellerstatement s ON s.id = p.statement_id
    WHERE p.amount > s.closing_amount
      OR (p.status IN ('APPROVED', 'SENT', 'PAID', 'FAILED')
        AND (p.approved_by_id IS NULL OR p.approved_by_id = p.created_by_id))
    """,
)
