"""Taking back what was decided about rows of files: matches undone, entries reversed."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import current_unit, service
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from finance.choices import ExceptionStatus
from finance.models import ReconciliationException, ReconciliationMatch
from finance.services.days import company_day
from finance.services.exceptions import raise_exceptions
from finance.services.file_posting import take_back_rows
from finance.services.matching import ALONE
from finance.states import EXCEPTION

GROUPS = """
SELECT DISTINCT m.id, m.row_id FROM finance_reconciliationmatch m
WHERE m.undone_at IS NULL AND (m.row_id = ANY(%(rows)s) OR m.group_id IN (
  SELECT g.group_id FROM finance_reconciliationmatch g WHERE g.row_id = ANY(%(rows)s)
    AND g.undone_at IS NULL AND g.group_id IS NOT NULL))
"""


@service
def undo_exceptions(exception_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Open cleared exceptions again: their matches are undone, their entries reversed."""
    execute(ALONE)
    rows = ReconciliationException.objects.filter(pk__in=list(exception_ids))
    links, all_rows = _links_of([pk for pk in rows.values_list("row_id", flat=True) if pk])
    others = ReconciliationException.objects.filter(row_id__in=all_rows)
    together = sorted({*exception_ids, *others.values_list("pk", flat=True)})
    outcome = EXCEPTION.check(together, "undo")
    if set(together) != set(outcome.moved):
        outcome.moved = []
        return outcome
    EXCEPTION.move(together, "undo", values={"resolution": "", "cleared_at": None})
    _undo(links, all_rows, now=now)
    return outcome


@service
def undo_matches(row_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Undo what rows are matched with; they become exceptions, and are not matched so again."""
    execute(ALONE)
    links, rows = _links_of(row_ids)
    cleared = ReconciliationException.objects.filter(
        row_id__in=rows, status=ExceptionStatus.CLEARED
    )
    moved = EXCEPTION.check(list(cleared.values_list("pk", flat=True)), "undo").moved
    EXCEPTION.move(moved, "undo", values={"resolution": "", "cleared_at": None})
    _undo(links, rows, now=now)
    return len(links)


def _links_of(row_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    found = execute(GROUPS, {"rows": list(row_ids)})
    return sorted(pk for pk, _row in found), sorted({row for _pk, row in found} | set(row_ids))


def _undo(links: Sequence[int], rows: Sequence[int], *, now: datetime) -> None:
    ReconciliationMatch.objects.filter(pk__in=links).update(
        undone_at=now, undone_by_id=current_unit().actor.user_id
    )
    take_back_rows(links, day=company_day(now), now=now)
    raise_exceptions(rows, now=now)
