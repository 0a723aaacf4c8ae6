"""What invariants share."""

BALANCE = """
SELECT p.currency, sum(p.amount) AS amount FROM finance_posting p
JOIN finance_ledgeraccount a ON a.id = p.account_id AND a.code = '{code}' GROUP BY p.currency
"""

# What each row of a proved file that is matched and stands for something leaves at the provider,
# or brings to the bank; told from the rows, not from the books.
TOLD = """
SELECT w.row_id, r.currency, f.is_bank, w.subject_type, r.gross_amount, w.difference,
  CASE WHEN f.is_bank THEN 0
    WHEN w.account_id IS NOT NULL OR r.kind IN ('CHARGEBACK', 'FEE') THEN r.net_amount
    WHEN r.kind IN ('PAYMENT', 'REFUND') THEN w.difference - r.fee_amount
    WHEN r.paid_amount = r.net_amount THEN 0 ELSE -r.fee_amount END
    - CASE WHEN f.is_bank THEN 0 ELSE r.paid_amount END AS at_provider,
  CASE WHEN f.is_bank THEN 0 ELSE r.paid_amount END AS paid
FROM (
  SELECT row_id, sum(difference) AS difference, max(account_id) AS account_id,
    min(subject_type) AS subject_type
  FROM finance_reconciliationmatch WHERE undone_at IS NULL AND rule <> 'SAME' GROUP BY row_id
) w JOIN finance_filerow r ON r.id = w.row_id
JOIN finance_providerfile f ON f.id = r.file_id AND f.control = 'PROVED'
"""
