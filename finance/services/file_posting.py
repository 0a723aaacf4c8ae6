"""What proved files tell, put into the books: fees, payouts on their way, the bank, chargebacks."""

from collections.abc import Sequence
from datetime import date, datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute
from finance.accounts import (
    BANK,
    CHARGEBACKS,
    CLEARING,
    DIFFERENCES,
    FROM_PROVIDERS,
    PROVIDER_FEES,
)
from finance.choices import EntryKind
from finance.models import JournalEntry
from finance.services.days import company_zone
from finance.services.ledger import post_once, reverse_entries

# What each row adds to which account; what they leave lies at the provider, or came to the bank.
# A payment's and a refund's gross were booked with their own entries: only a difference is new. A
# provider's list of payouts sums rows that other files tell: its fees are no row's own.
FRESH = """
SELECT nextval('finance_journalentry_id_seq') AS entry_id, w.*
FROM (
  SELECT min(m.id) AS match_id, m.row_id, sum(m.difference) AS difference,
    max(m.account_id)::bigint AS account_id, min(m.subject_type) AS subject_type
  FROM finance_reconciliationmatch m
  WHERE m.row_id = ANY(%(rows)s) AND m.undone_at IS NULL AND m.rule <> 'SAME'
  GROUP BY m.row_id ORDER BY m.row_id
) w
WHERE NOT EXISTS (SELECT FROM finance_journalentry e
  WHERE e.idempotency_key = 'match:' || w.match_id)
"""
SIDES = f"""
fresh AS MATERIALIZED ({FRESH}), side AS MATERIALIZED (
  SELECT w.entry_id, w.match_id, w.row_id, r.currency, f.is_bank, v.code, v.account_id, v.amount,
    (coalesce(r.happened_at, %(now)s) AT TIME ZONE %(zone)s)::date AS due_on
  FROM fresh w JOIN finance_filerow r ON r.id = w.row_id
  JOIN finance_providerfile f ON f.id = r.file_id AND f.control = 'PROVED'
  CROSS JOIN LATERAL (SELECT CASE WHEN r.kind = 'OTHER' AND r.paid_amount <> 0
    AND r.paid_amount = r.net_amount THEN 0 ELSE r.fee_amount END AS fee) own
  CROSS JOIN LATERAL (VALUES
    ('{PROVIDER_FEES}', NULL::bigint, CASE WHEN f.is_bank OR w.account_id IS NOT NULL THEN 0
      WHEN r.kind = 'FEE' THEN own.fee - r.gross_amount ELSE own.fee END),
    ('', w.account_id, CASE WHEN w.account_id IS NULL THEN 0 ELSE own.fee - r.gross_amount END),
    ('{CHARGEBACKS}', NULL, CASE WHEN r.kind = 'CHARGEBACK' AND w.account_id IS NULL
      THEN -r.gross_amount ELSE 0 END),
    ('{DIFFERENCES}', NULL, CASE WHEN w.account_id IS NULL THEN -w.difference ELSE 0 END),
    ('{FROM_PROVIDERS}', NULL, CASE WHEN NOT f.is_bank THEN r.paid_amount
      WHEN w.subject_type = 'finance.filerow' THEN w.difference - r.gross_amount ELSE 0 END),
    -- What a customer paid over the bank lay on clearing until now.
    ('{CLEARING}', NULL, CASE WHEN f.is_bank AND w.subject_type IN ('finance.payment',
      'finance.refund') THEN w.difference - r.gross_amount ELSE 0 END)
  ) v(code, account_id, amount)
  WHERE v.amount <> 0
), whole AS MATERIALIZED (
  SELECT entry_id, match_id, row_id, currency, due_on, code, account_id, amount FROM side
  UNION ALL
  SELECT entry_id, match_id, row_id, currency, due_on,
    CASE WHEN is_bank THEN '{BANK}' ELSE '{CLEARING}' END, NULL, -sum(amount)
  FROM side GROUP BY entry_id, match_id, row_id, currency, due_on, is_bank
  HAVING sum(amount) <> 0
)
"""
HEADS = f"""
SELECT DISTINCT entry_id, 'match:' || match_id AS key, '{EntryKind.FILE_ROW}' AS kind,
  'finance.filerow' AS source_type, row_id AS source_id, due_on, NULL::bigint AS reverses_id,
  '' AS reason, 'LIVE' AS origin
FROM whole
"""
LINES = """
SELECT w.entry_id, row_number() OVER (PARTITION BY w.entry_id ORDER BY w.amount DESC, w.code)::int
  AS n, coalesce(w.account_id, a.id) AS account_id, NULL::bigint AS seller_id,
  NULL::bigint AS order_id, w.currency, w.amount, w.due_on
FROM whole w LEFT JOIN finance_ledgeraccount a ON a.code = w.code
"""


@service
def post_rows(row_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Post what matched rows of proved files tell and is not in the books; return the entries.

    What is there already stays: a row is posted once for each time that it is matched.
    """
    if not row_ids:
        return 0
    asked = {"rows": sorted(set(row_ids)), "zone": str(company_zone())}
    return len(post_once(HEADS, LINES, asked, before=SIDES))


@service
def take_back_rows(match_ids: Sequence[int], *, day: date, now: datetime, reason: str = "") -> int:
    """Reverse what was posted for matches that are undone; return the reversals."""
    keys = [f"match:{pk}" for pk in match_ids]
    entries = JournalEntry.objects.filter(idempotency_key__in=keys).values_list("pk", flat=True)
    return len(reverse_entries(list(entries), now=now, day=day, reason=reason)) if entries else 0


FILE_ROWS = """
SELECT DISTINCT m.row_id FROM finance_reconciliationmatch m JOIN finance_filerow r
  ON r.id = m.row_id WHERE r.file_id = ANY(%(files)s) AND m.undone_at IS NULL
"""


def matched_rows(file_ids: Sequence[int]) -> list[int]:
    """Return the rows of files that are matched."""
    return [row[0] for row in execute(FILE_ROWS, {"files": list(file_ids)})]
