"""The books balance, agree with the documents and stay closed."""

from backoffice.core.invariants import invariant
from finance.accounts import BANK, CLEARING, CUSTOMERS
from finance.invariants.sql import BALANCE

invariant(
    "finance.entries_balance",
    "Every entry has two lines or more and sums to zero in each currency.",
    """
    SELECT e.id, e.idempotency_key, p.currency, sum(p.amount) AS amount
    FROM finance_journalentry e LEFT JOIN finance_posting p ON p.entry_id = e.id
    GROUP BY e.id, p.currency HAVING sum(p.amount) IS DISTINCT FROM 0 OR count(*) < 2
    """,
)
invariant(
    "finance.trial_balance",
    "All accounts together are zero in each currency.",
    """
    SELECT currency, sum(amount) AS amount FROM finance_posting GROUP BY currency
    HAVING sum(amount) <> 0
    """,
)
invariant(
    "finance.daily_balances",
    "The daily balances are the sums of the postings.",
    """
    SELECT coalesce(b.account_id, p.account_id) AS account_id, coalesce(b.day, p.day) AS day,
      b.amount AS balance, p.amount AS postings
    FROM finance_dailybalance b FULL JOIN (
      SELECT account_id, party_type, coalesce(party_id, 0) AS party_id, currency,
        effective_on AS day, sum(amount) AS amount, count(*) AS n
      FROM finance_posting GROUP BY 1, 2, 3, 4, 5
    ) p ON (p.account_id, p.party_type, p.party_id, p.currency, p.day)
      = (b.account_id, b.party_type, b.party_id, b.currency, b.day)
    WHERE (b.amount, b.postings) IS DISTINCT FROM (p.amount, p.n)
    """,
    repair="Rebuild the daily balances from the postings.",
)
invariant(
    "finance.clearing",
    "What lies at the providers is what they captured less what they paid back.",
    f"""
    SELECT coalesce(b.currency, d.currency) AS currency, b.amount AS booked, d.amount AS expected
    FROM ({BALANCE.format(code=CLEARING)}) b FULL JOIN (
      SELECT currency, sum(captured_amount - refunded_amount) AS amount FROM finance_payment
      GROUP BY currency) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.bank",
    "What left the bank is what sellers were paid.",
    f"""
    SELECT coalesce(b.currency, d.currency) AS currency, b.amount AS booked, d.amount AS expected
    FROM ({BALANCE.format(code=BANK)}) b FULL JOIN (
      SELECT currency, -sum(amount) AS amount FROM finance_payout WHERE status = 'PAID'
      GROUP BY currency) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.conservation",
    "What customers paid is with sellers, in reserve, on its way, earned, owed as tax or theirs.",
    f"""
    SELECT p.currency, p.net AS paid, x.amount AS held FROM (
      SELECT currency, sum(captured_amount - refunded_amount) AS net FROM finance_payment
      GROUP BY currency) p
    JOIN (SELECT g.currency, -sum(g.amount) AS amount FROM finance_posting g
      JOIN finance_ledgeraccount a ON a.id = g.account_id AND a.code <> '{CLEARING}'
      GROUP BY g.currency) x ON x.currency = p.currency
    WHERE p.net <> x.amount
    """,
)
invariant(
    "finance.customers",
    "A customer's balance is what was paid, less what was settled, plus what was charged back.",
    f"""
    SELECT b.order_id, b.amount AS booked, d.amount AS expected FROM (
      SELECT g.order_id, -sum(g.amount) AS amount FROM finance_posting g
      JOIN finance_ledgeraccount a ON a.id = g.account_id AND a.code = '{CUSTOMERS}'
      GROUP BY g.order_id) b
    FULL JOIN (
      SELECT order_id, sum(amount) AS amount FROM (
        SELECT order_id, captured_amount - refunded_amount AS amount FROM finance_payment
        UNION ALL SELECT order_id, -gross_amount FROM finance_ordersettlement
        UNION ALL SELECT order_id, gross_amount FROM finance_refundshare) y GROUP BY order_id
    ) d ON d.order_id = b.order_id WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.closed_periods",
    "Nothing is posted into a closed month after its closing.",
    """
    SELECT e.id, e.effective_on, p.closed_at FROM finance_accountingperiod p
    JOIN finance_journalentry e ON date_trunc('month', e.effective_on)::date = p.month
    WHERE p.status = 'CLOSED' AND e.posted_at > p.closed_at AND e.origin <> 'IMPORT'
    """,
)
