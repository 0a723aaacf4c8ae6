"""Rows of files matched with payments, refunds and payouts: set-wise, and never by a guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import claim
from backoffice.core.sql import execute
from finance.choices import ExceptionStatus, MatchRule
from finance.models import ReconciliationDue, ReconciliationException
from finance.services.candidates import CANDIDATES, LIVE, asked, providers_of_systems
from finance.services.exceptions import raise_exceptions, raise_missing, settle_exceptions
from finance.services.file_posting import matched_rows, post_rows
from finance.services.found_money import record_found

# One matching at a time: what a row may belong to is decided by what others have taken.
RETRIED = timedelta(days=60)
ALONE = "SELECT pg_advisory_xact_lock(hashtext('finance matching'))"
INTO = """INSERT INTO finance_reconciliationmatch (row_id, kind, subject_type, subject_id, group_id,
  rule, amount, difference, reason, matched_at, matched_by_id)"""
UNDONE = (
    "(SELECT FROM finance_reconciliationmatch m WHERE m.row_id = r.id AND m.undone_at IS NOT NULL)"
)
UNMATCHED = (
    f"NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.row_id = r.id AND {LIVE})"
)

# A row that another file of the same system has told already: the same id and amounts, or, where
# one system's files tell the same money in two forms, the same payment or the same payout.
SAME = f"""
{INTO}
SELECT DISTINCT ON (r.id) r.id, r.kind, 'finance.filerow', q.id, NULL::bigint, '{MatchRule.SAME}',
  r.gross_amount, 0, '', %(now)s, %(actor)s
FROM finance_filerow r
JOIN finance_providerfile f ON f.id = r.file_id
JOIN finance_providerfile g ON split_part(g.format, '-', 1) = split_part(f.format, '-', 1)
  AND g.id < f.id AND NOT g.is_bank
JOIN finance_filerow q ON q.file_id = g.id AND q.currency = r.currency AND (
  (q.external_id = r.external_id AND r.external_id <> '' AND q.kind = r.kind
    AND (q.gross_amount, q.fee_amount) = (r.gross_amount, r.fee_amount)
    AND (g.format <> f.format OR q.happened_at IS NOT DISTINCT FROM r.happened_at))
  OR (g.format <> f.format AND r.payment_reference <> ''
    AND q.payment_reference = r.payment_reference
    AND f.format IN ('wechat-trade', 'wechat-fund')
    AND ((q.kind = r.kind AND q.gross_amount = r.gross_amount AND r.kind <> 'FEE'
        AND (f.format = 'wechat-fund' OR r.fee_amount = 0 OR EXISTS (
          SELECT FROM finance_filerow x WHERE x.payment_reference = r.payment_reference
            AND x.file_id = g.id AND x.kind = 'FEE' AND x.fee_amount = r.fee_amount)))
      OR (r.kind = 'FEE' AND r.fee_amount <> 0 AND q.kind <> 'FEE'
        AND q.fee_amount = r.fee_amount)))
  OR (g.format <> f.format AND r.paid_amount <> 0 AND q.paid_amount = r.paid_amount
    AND q.happened_at BETWEEN r.happened_at - interval '1 day' AND r.happened_at + interval '1 day')
)
WHERE r.file_id = ANY(%(files)s) AND {UNMATCHED}
ORDER BY r.id, q.id
"""
TWO_TELL = """
SELECT EXISTS (SELECT FROM finance_providerfile f JOIN finance_providerfile g
  ON split_part(g.format, '-', 1) = split_part(f.format, '-', 1) AND g.id < f.id
    AND g.control <> 'REFUSED'
  WHERE f.id = ANY(%(files)s) AND NOT f.is_bank)
"""
OWN = f"""
{INTO}
SELECT r.id, r.kind, '', NULL, NULL, '{MatchRule.OWN}', r.gross_amount, 0, '', %(now)s, %(actor)s
FROM finance_filerow r JOIN finance_providerfile f ON f.id = r.file_id AND NOT f.is_bank
WHERE r.file_id = ANY(%(files)s) AND {UNMATCHED} AND NOT EXISTS {UNDONE}
  AND (r.kind IN ('FEE', 'PAYOUT')
  OR (r.kind = 'OTHER' AND r.paid_amount <> 0))
"""
# Rows of a sort that staff have accepted a rule for, and that belong to nothing else.
LEARNED = f"""
{INTO.replace("rule,", "account_id, rule,")}
SELECT DISTINCT ON (r.id) r.id, r.kind, '', NULL::bigint, NULL::bigint, l.account_id,
  '{MatchRule.LEARNED}', r.gross_amount, 0, '', %(now)s, %(actor)s
FROM finance_filerow r JOIN finance_providerfile f ON f.id = r.file_id
JOIN finance_reconciliationrule l ON l.is_active AND l.format = f.format
  AND (l.category = '' OR l.category = r.category)
  AND (l.words = '' OR position(upper(l.words) IN upper(r.reference)) > 0)
WHERE r.id = ANY(%(rows)s) AND r.kind = 'OTHER' AND {UNMATCHED}
  AND NOT EXISTS {UNDONE}
ORDER BY r.id, length(l.words) DESC, l.id
RETURNING row_id
"""
# The provider's id on both sides: one join. What is there twice is left to the look at each row.
BY_ID = f"""
{INTO}
SELECT min(r.id), 'PAYMENT', 'finance.payment', p.id, NULL, '{MatchRule.REFERENCE}',
  min(r.gross_amount), min(r.gross_amount) - min(p.captured_amount), '', %(now)s, %(actor)s
FROM finance_filerow r
JOIN finance_providerfile f ON f.id = r.file_id
JOIN unnest(%(systems)s::text[], %(providers)s::text[]) AS s(system, provider)
  ON s.system = split_part(f.format, '-', 1)
JOIN finance_payment p ON p.provider = s.provider AND p.external_id = r.external_id
  AND p.currency = r.currency AND p.status = 'CAPTURED'
LEFT JOIN finance_reconciliationpolicy t ON t.currency = r.currency AND t.is_active
WHERE r.file_id = ANY(%(files)s) AND r.kind = 'PAYMENT' AND {UNMATCHED}
  AND NOT EXISTS {UNDONE}
  AND NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.subject_id = p.id
    AND m.subject_type = 'finance.payment' AND m.kind = 'PAYMENT' AND {LIVE}
    AND m.rule <> 'SAME')
GROUP BY p.id
HAVING count(*) = 1
  AND abs(min(r.gross_amount) - min(p.captured_amount)) <= coalesce(min(t.tolerance), 0)
"""
REST = f"""
SELECT r.id FROM finance_filerow r
WHERE r.file_id = ANY(%(files)s) AND r.kind <> 'PENDING' AND {UNMATCHED} ORDER BY r.id
"""
BY_CANDIDATES = f"""
WITH {CANDIDATES}, open AS MATERIALIZED (
  SELECT b.*, abs(gross_amount - expected) <= tolerance AS fits,
    count(*) OVER (PARTITION BY row_id) AS of_row,
    count(*) FILTER (WHERE abs(gross_amount - expected) <= tolerance)
      OVER (PARTITION BY row_id) AS fit_row
  FROM best b WHERE is_settled AND NOT is_taken
), rival AS (
  -- How many rows want a subject, counting only what each row may be matched with.
  SELECT subject_type, subject_id, kind, rank, count(DISTINCT row_id) AS rows,
    count(DISTINCT row_id) FILTER (WHERE fits) AS fitting, sum(gross_amount) AS gross
  FROM open GROUP BY subject_type, subject_id, kind, rank
), single AS (
  SELECT o.* FROM open o JOIN rival v USING (subject_type, subject_id, kind, rank)
  WHERE o.fits AND o.fit_row = 1 AND (o.kind = 'CHARGEBACK' OR (v.fitting = 1 AND v.rows = 1))
    AND (o.kind = 'CHARGEBACK' OR NOT EXISTS (SELECT FROM rival w
      WHERE w.subject_type = o.subject_type AND w.subject_id = o.subject_id
        AND w.kind = o.kind AND w.rank < o.rank))
), many_rows AS (
  SELECT o.* FROM open o JOIN rival v USING (subject_type, subject_id, kind, rank)
  WHERE o.rank < 3 AND o.of_row = 1 AND v.rows > 1 AND v.fitting = 0
    AND abs(v.gross - o.expected) <= o.tolerance
), many_subjects AS (
  SELECT * FROM (
    SELECT o.*, sum(o.expected) OVER (PARTITION BY o.row_id) AS whole,
      max(v.rows) OVER (PARTITION BY o.row_id) AS rivals
    FROM open o JOIN rival v USING (subject_type, subject_id, kind, rank)) o
  WHERE rank < 3 AND of_row > 1 AND fit_row = 0 AND rivals = 1
    AND abs(whole - gross_amount) <= tolerance
), chosen AS (
  SELECT row_id, kind, subject_type, subject_id, NULL::bigint AS group_id, rank,
    gross_amount AS amount, gross_amount - expected AS difference FROM single
  UNION ALL
  SELECT row_id, kind, subject_type, subject_id,
    min(row_id) OVER (PARTITION BY subject_type, subject_id, kind), rank, gross_amount,
    CASE WHEN row_number() OVER (PARTITION BY subject_type, subject_id, kind ORDER BY row_id) = 1
      THEN sum(gross_amount) OVER (PARTITION BY subject_type, subject_id, kind) - expected
      ELSE 0 END
  FROM many_rows
  UNION ALL
  SELECT row_id, kind, subject_type, subject_id, row_id, rank, expected + off, off
  FROM (SELECT m.*, CASE WHEN row_number() OVER (PARTITION BY row_id ORDER BY subject_id) = 1
    THEN gross_amount - whole ELSE 0 END AS off FROM many_subjects m) m
)
{INTO}
SELECT row_id, kind, subject_type, subject_id, group_id,
  (ARRAY['{MatchRule.REFERENCE}', '{MatchRule.NUMBER}', '{MatchRule.AMOUNT}'])[rank],
  amount, difference, '', %(now)s, %(actor)s
FROM chosen ORDER BY row_id, subject_id
RETURNING row_id
"""


@dataclass(frozen=True, slots=True)
class Matched:
    """How many rows of files are matched now, and how many are left to be explained."""

    files: int
    rows: int
    left: int


@service
def match_files(file_ids: Sequence[int], *, now: datetime, reason: str = "") -> Matched:
    """Match what is not matched yet of files' rows; the rest become exceptions, with why."""
    unit = current_unit()
    common: dict[str, Any] = {
        "files": sorted(set(file_ids)),
        "now": now,
        "actor": unit.actor.user_id,
        **providers_of_systems(),
    }
    execute(ALONE)
    if execute(TWO_TELL, common)[0][0]:
        execute(SAME, common)
    execute(OWN, common)
    execute(BY_ID, common)
    rest = [row[0] for row in execute(REST, common)]
    if rest:
        done = match_rows(rest, now=now)
        rest = [pk for pk in rest if pk not in done]
    raise_exceptions(rest, now=now)
    raise_missing(common["files"], now=now)
    rows = execute(
        "SELECT r.file_id, count(DISTINCT m.row_id) FROM finance_filerow r JOIN"
        f" finance_reconciliationmatch m ON m.row_id = r.id AND {LIVE}"
        " WHERE r.file_id = ANY(%(files)s) GROUP BY r.file_id",
        common,
    )
    emit("provider_file.matched", [Fact(pk, data={"rows": n}) for pk, n in rows])
    return Matched(len(common["files"]), sum(n for _pk, n in rows), len(rest))


@service
def reconcile_files(file_ids: Sequence[int], *, now: datetime, reason: str = "") -> Matched:
    """Match files' rows, and post what the matched ones of proved files tell."""
    matched = match_files(file_ids, now=now)
    post_rows(matched_rows(file_ids), now=now)
    settle_exceptions(now=now)
    return matched


@service
def match_due_file(*, now: datetime, reason: str = "") -> int:
    """Match the file that waits longest; return it, or 0 where none does."""
    due = claim("SELECT id FROM finance_reconciliationdue ORDER BY since, id LIMIT 1", [])
    rows = ReconciliationDue.objects.filter(pk__in=due)
    files = list(rows.values_list("file_id", flat=True))
    if not files:
        return 0
    reconcile_files(files, now=now)
    rows.delete()
    return files[0]


def match_rows(row_ids: Sequence[int], *, now: datetime) -> set[int]:
    """Match rows by what names them, inside a service; return those that are matched."""
    record_found(row_ids, now=now)
    common = {**asked(row_ids), "now": now, "actor": current_unit().actor.user_id}
    done = {row[0] for row in execute(BY_CANDIDATES, common)}
    return done | {row[0] for row in execute(LEARNED, common)}


@service
def retry_exceptions(*, now: datetime, limit: int = 2000, reason: str = "") -> Matched:
    """Match what was not explained once more: payments come later than their rows, too."""
    execute(ALONE)
    rows = ReconciliationException.objects.filter(
        status=ExceptionStatus.OPEN, row_id__isnull=False, created_at__gte=now - RETRIED
    )
    ids = [pk for pk in rows.order_by("-pk").values_list("row_id", flat=True)[:limit] if pk]
    done = match_rows(ids, now=now) if ids else set()
    raise_exceptions([pk for pk in ids if pk not in done], now=now)
    post_rows(sorted(done), now=now)
    settle_exceptions(now=now)
    return Matched(0, len(done), len(ids) - len(done))
