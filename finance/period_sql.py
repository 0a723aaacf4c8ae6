"""The balances of a month as they are kept and sealed when it is closed."""

SNAPSHOT = """
INSERT INTO finance_periodbalance (period_id, account_id, currency, amount)
SELECT p.id, b.account_id, b.currency, sum(b.amount) FROM finance_accountingperiod p
JOIN finance_dailybalance b ON b.day >= p.month AND b.day < p.month + interval '1 month'
WHERE p.id = ANY(%s) GROUP BY p.id, b.account_id, b.currency HAVING sum(b.amount) <> 0
"""


def seal(rows: str) -> str:
    """Return a query for the hash of each period, of rows: period_id, code, currency, amount."""
    return (
        "SELECT period_id, encode(sha256(convert_to(string_agg(code || '|' || currency || '|' ||"
        " trim_scale(amount)::text, E'\\n' ORDER BY code, currency), 'UTF8')), 'hex')"
        f" FROM ({rows}) sealed GROUP BY period_id"
    )


KEPT = """
SELECT b.period_id, a.code, b.currency, b.amount FROM finance_periodbalance b
JOIN finance_ledgeraccount a ON a.id = b.account_id
"""
POSTED = """
SELECT p.id AS period_id, a.code, g.currency, sum(g.amount) AS amount
FROM finance_accountingperiod p
JOIN finance_posting g ON g.effective_on >= p.month
  AND g.effective_on < p.month + interval '1 month'
JOIN finance_ledgeraccount a ON a.id = g.account_id
WHERE p.balance_hash <> '' GROUP BY 1, 2, 3 HAVING sum(g.amount) <> 0
"""
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
