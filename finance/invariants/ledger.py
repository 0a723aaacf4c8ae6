"""The books balance, agree with the documents and stay closed."""

from backoffice.core.invariants import invariant
from finance.accounts import BANK, CLEARING, CUSTOMERS, FROM_PROVIDERS
from finance.invariants.sql import BALANCE, TOLD
from finance.period_sql import EMPTY, KEPT, POSTED, seal

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
    "What lies at the providers is what they captured less what they paid back, and less what their"
    " files say was charged and paid out.",
    f"""
    SELECT coalesce(b.currency, d.currency) AS currency, b.amount AS booked, d.amount AS expected
    FROM ({BALANCE.format(code=CLEARING)}) b FULL JOIN (
      SELECT currency, sum(amount) AS amount FROM (
        SELECT currency, captured_amount - refunded_amount AS amount FROM finance_payment
        UNION ALL
        SELECT currency, at_provider - CASE WHEN is_bank AND subject_type
          IN ('finance.payment', 'finance.refund') THEN gross_amount - difference ELSE 0 END
        FROM ({TOLD}) t) y GROUP BY currency) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.bank",
    "What came to the bank and left it is what sellers were paid, and what its statements say.",
    f"""
    SELECT coalesce(b.currency, d.currency) AS currency, b.amount AS booked, d.amount AS expected
    FROM ({BALANCE.format(code=BANK)}) b FULL JOIN (
      SELECT currency, sum(amount) AS amount FROM (
        SELECT currency, -amount AS amount FROM finance_payout WHERE status = 'PAID'
        UNION ALL
        SELECT currency, CASE WHEN subject_type = 'finance.payout' THEN difference
          ELSE gross_amount END FROM ({TOLD}) t WHERE is_bank) y GROUP BY currency
    ) d ON d.currency = b.currency
    WHERE coalesce(b.amount, 0) <> coalesce(d.amount, 0)
    """,
)
invariant(
    "finance.payouts_of_providers",
    "What providers paid out and no bank statement has told is on its way.",
    f"""
    SELECT coalesce(b.currency, d.currency) AS currency, b.amount AS booked, d.amount AS expected
    FROM ({BALANCE.format(code=FROM_PROVIDERS)}) b FULL JOIN (
      SELECT currency, sum(paid - CASE WHEN is_bank AND subject_type = 'finance.filerow'
        THEN gross_amount - difference ELSE 0 END) AS amount FROM ({TOLD}) t GROUP BY currency
    ) d ON d.currency = b.currency
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
      -- What files tell balances in itself.
      JOIN finance_journalentry e ON e.id = g.entry_id AND e.source_type <> 'finance.filerow'
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
invariant(
    "finance.one_currency",
    "An entry is in one currency: without position accounts no money changes into another.",
    """
    SELECT entry_id, count(DISTINCT currency) AS currencies FROM finance_posting
    GROUP BY entry_id HAVING count(DISTINCT currency) > 1
    """,
)
invariant(
    "finance.posted_once",
    "What was captured, paid back, sent and paid out stands in the books once, however often told.",
    """
    SELECT d.type, d.id, count(e.id) AS entries FROM (
      SELECT 'finance.payment' AS type, id, 'CAPTURE' AS kind FROM finance_payment
      WHERE status = 'CAPTURED'
      UNION ALL SELECT 'finance.refund', id, 'REFUND' FROM finance_refund
      WHERE status = 'SUCCEEDED' AND payment_id IS NOT NULL
      UNION ALL SELECT 'finance.payout', id, 'PAYOUT' FROM finance_payout
      WHERE status IN ('SENT', 'PAID')
      UNION ALL SELECT 'finance.payout', id, 'PAYOUT_PAID' FROM finance_payout
      WHERE status = 'PAID'
    ) d LEFT JOIN finance_journalentry e ON e.source_type = d.type AND e.source_id = d.id
      AND e.kind = d.kind
      AND NOT EXISTS (SELECT FROM finance_journalentry x WHERE x.reverses_id = e.id)
    GROUP BY d.type, d.id, d.kind HAVING count(e.id) <> 1
    """,
)
invariant(
    "finance.books_guarded",
    "Nobody who runs the program can change or delete what is in the books, or post past a guard.",
    """
    SELECT c.relname AS table, t.name AS guard FROM pg_class c JOIN (VALUES
      ('finance_journalentry', 'append_only'), ('finance_posting', 'append_only'),
      ('finance_journalentry', 'open_period'), ('finance_posting', 'balanced'),
      ('finance_filerow', 'append_only'), ('finance_providerfile', 'append_only')
    ) t(relation, name) ON c.oid = to_regclass(t.relation)
    WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = t.name
      AND g.tgenabled IN ('O', 'A'))
    UNION ALL
    SELECT c.relname, p.name FROM pg_class c CROSS JOIN (VALUES ('UPDATE'), ('DELETE'),
      ('TRUNCATE')) p(name)
    WHERE c.oid IN (to_regclass('finance_journalentry'), to_regclass('finance_posting'))
      AND has_table_privilege(current_user, c.oid, p.name)
      AND current_user <> pg_get_userbyid(c.relowner)
    """,
    repair="Run the migrations as the owner: they install the guards anew.",
)
invariant(
    "finance.sealed_periods",
    "The balances of a closed month are those that it was closed with.",
    f"""
    SELECT p.id, p.number, p.balance_hash, k.encode AS kept, g.encode AS posted
    FROM finance_accountingperiod p
    LEFT JOIN ({seal(KEPT)}) k ON k.period_id = p.id
    LEFT JOIN ({seal(POSTED)}) g ON g.period_id = p.id
    WHERE p.balance_hash <> '' AND (p.balance_hash <> coalesce(k.encode, '{EMPTY}')
      OR p.balance_hash <> coalesce(g.encode, '{EMPTY}'))
    """,
)
