"""What nobody has explained yet: raised with why, cleared, and taken up again."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows, per_row
from finance.choices import ExceptionKind, ExceptionStatus, Resolution
from finance.models import ReconciliationException
from finance.services.candidates import CANDIDATES, DAYS, LIVE, asked, providers_of_systems
from finance.states import EXCEPTION

WHY = f"""
WITH {CANDIDATES}
SELECT r.id, CASE WHEN NOT r.is_bank AND r.kind = 'OTHER' THEN '{ExceptionKind.UNKNOWN}'
    WHEN b.row_id IS NULL THEN '{ExceptionKind.UNMATCHED}'
    WHEN b.all_taken THEN '{ExceptionKind.TAKEN}'
    WHEN b.subjects > 1 THEN '{ExceptionKind.AMBIGUOUS}'
    WHEN NOT b.fits THEN '{ExceptionKind.AMOUNT}'
    WHEN b.is_settled THEN '{ExceptionKind.AMBIGUOUS}'
    ELSE '{ExceptionKind.UNMATCHED}' END,
  w.file_id, r.currency, CASE WHEN r.gross_amount = 0 THEN w.net_amount ELSE r.gross_amount END,
  r.happened_at
FROM r JOIN finance_filerow w ON w.id = r.id LEFT JOIN (
  SELECT row_id, bool_and(is_taken) AS all_taken, bool_and(is_settled) AS is_settled,
    count(DISTINCT (subject_type, subject_id)) AS subjects,
    bool_or(abs(gross_amount - expected) <= tolerance) AS fits
  FROM best GROUP BY row_id) b ON b.row_id = r.id
ORDER BY r.id
"""
# Captured well inside the time that a file tells of, and in no file.
MISSING = f"""
WITH told AS (
  SELECT s.provider, r.currency, min(r.happened_at) AS first, max(r.happened_at) AS last
  FROM finance_filerow r JOIN finance_providerfile f ON f.id = r.file_id AND f.control = 'PROVED'
  JOIN unnest(%(systems)s::text[], %(providers)s::text[]) AS s(system, provider)
    ON s.system = split_part(f.format, '-', 1)
  WHERE r.file_id = ANY(%(files)s) AND r.kind = 'PAYMENT' GROUP BY s.provider, r.currency
)
SELECT DISTINCT p.id, p.currency, p.captured_amount, p.captured_at
FROM told t LEFT JOIN finance_reconciliationpolicy c ON c.currency = t.currency AND c.is_active
JOIN finance_payment p ON p.provider = t.provider AND p.currency = t.currency
  AND p.status = 'CAPTURED' AND p.captured_at BETWEEN t.first
    AND t.last - coalesce(c.days, {DAYS}) * interval '1 day'
WHERE NOT EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.subject_id = p.id
    AND m.subject_type = 'finance.payment' AND m.kind = 'PAYMENT' AND {LIVE}
    AND m.rule <> 'SAME')
  AND NOT EXISTS (SELECT FROM finance_reconciliationexception x WHERE x.payment_id = p.id)
ORDER BY p.id
"""


def raise_exceptions(row_ids: Sequence[int], *, now: datetime) -> None:
    """Say of rows why they are not matched; what is open already gets its newest reason."""
    if not row_ids:
        return
    why = {row[0]: row[1:] for row in execute(WHY, asked(row_ids))}
    known = ReconciliationException.objects.filter(row_id__in=list(why))
    there = {x.row_id: x for x in known}
    new = {pk: row for pk, row in why.items() if pk not in there}
    if new:
        raised = insert_rows(
            ReconciliationException,
            {
                "row_id": list(new),
                "kind": [row[0] for row in new.values()],
                "file_id": [row[1] for row in new.values()],
                "currency": [row[2] for row in new.values()],
                "amount": [row[3] for row in new.values()],
                "happened_at": [row[4] for row in new.values()],
            },
            constants={"status": ExceptionStatus.OPEN},
        )
        _tell(raised)
    other = {
        x.pk: why[pk][0]
        for pk, x in there.items()
        if x.kind != why[pk][0] and x.status == ExceptionStatus.OPEN
    }
    moved = EXCEPTION.check(other, "sort", skip_locked=True).moved
    if moved:
        kinds = per_row(ReconciliationException, "kind", {pk: other[pk] for pk in moved})
        EXCEPTION.move(moved, "sort", values={"kind": kinds}, versioned=False)


def raise_missing(file_ids: Sequence[int], *, now: datetime) -> None:
    """Raise payments that proved files should tell of and do not."""
    rows = execute(MISSING, {"files": list(file_ids), **providers_of_systems()})
    if rows:
        raised = insert_rows(
            ReconciliationException,
            {
                "payment_id": [row[0] for row in rows],
                "currency": [row[1] for row in rows],
                "amount": [row[2] for row in rows],
                "happened_at": [row[3] for row in rows],
            },
            constants={"status": ExceptionStatus.OPEN, "kind": ExceptionKind.MISSING},
        )
        _tell(raised)


def _tell(raised: Sequence[tuple]) -> None:
    emit("exception.raised", [Fact(row[0]) for row in raised])


EXPLAINED = f"""
SELECT x.id FROM finance_reconciliationexception x WHERE x.status <> 'CLEARED' AND (
  EXISTS (SELECT FROM finance_reconciliationmatch m WHERE m.row_id = x.row_id AND {LIVE})
  OR (x.payment_id IS NOT NULL AND EXISTS (
    SELECT FROM finance_reconciliationmatch m WHERE m.subject_type = 'finance.payment'
      AND m.subject_id = x.payment_id AND m.kind = 'PAYMENT' AND {LIVE} AND m.rule <> 'SAME')))
ORDER BY x.id
"""


def settle_exceptions(*, now: datetime) -> None:
    """Clear exceptions whose rows, or payments, are matched by now."""
    ids = [row[0] for row in execute(EXPLAINED)]
    EXCEPTION.apply(ids, "clear", skip_locked=True, values={"resolution": Resolution.MATCHED})
