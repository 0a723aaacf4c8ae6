"""What invariants share."""

BALANCE = """
SELECT p.currency, sum(p.amount) AS amount FROM finance_posting p
JOIN finance_ledgeraccount a ON a.id = p.account_id AND a.code = '{code}' GROUP BY p.currency
"""
