"""Bulk actions in the background: chunked, accounted for row by row, resumed after a crash."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from backoffice.core import wakeup
from backoffice.core.actor import IN_USE, acting, service
from backoffice.core.events import ALONE
from backoffice.core.locks import lock
from backoffice.core.models.job import OPEN, Job, JobRow, JobStatus, RowOutcome
from backoffice.core.scope import owned, visible_ids
from backoffice.core.states import GONE, Outcome, Text

logger = logging.getLogger(__name__)
CHUNK = 500
# What somebody runs is theirs, whatever they are limited to.
owned(Job)
owned(JobRow, by="job__created_by")
STALE = timedelta(minutes=2)
WAITING = RowOutcome.WAITING


@dataclass(slots=True)
class Underway(Outcome):
    """What moved, what did not, and what waits for its next step: what for, and until when.

    It is looked at again within a minute, so that a job that waits is not taken for a dead one.
    """

    waits: dict[int, tuple[Text, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A verb that lists offer over many documents: `service(ids, *, now, reason) -> Outcome`.

    With a `check(ids, *, now) -> Outcome`, which changes nothing, lists and pages offer it to
    whoever has all of its permissions, and it always is a job: its rows may take several steps.
    """

    name: str
    label: Text
    service: Callable[..., Outcome]
    # The action that takes it back.
    inverse: str = ""
    # Documents in one transaction, where the usual number takes too long.
    chunk: int | None = None
    check: Callable[..., Outcome] | None = None
    permissions: tuple[str, ...] = ()
    # What is done once no row is left: `finish(job, now=…)`.
    finish: Callable[..., None] | None = None
    # What a job of it is called: `title(job)`.
    title: Callable[[Job], str] | None = None


ACTIONS: dict[str, BulkAction] = {}


def bulk_action(
    name: str,
    label: Text,
    service: Callable[..., Outcome],
    **more: Any,
) -> None:
    """Register a bulk action: `bulk_action("orders.order.confirm", …)`."""
    ACTIONS[name] = BulkAction(name, label, service, **more)


def start_job(
    name: str,
    chosen: Sequence[int] | QuerySet | Callable[[Job], QuerySet],
    *,
    user_id: int,
    reason: str = "",
    more: Mapping[str, Any] | None = None,
) -> Job:
    """Queue an action over documents; it acts as its creator.

    The one column that a queryset selects becomes rows inside the database, however many; what a
    job has to make first is made by a function of it.
    """
    with transaction.atomic():
        told = {"reason": reason, "language": get_language() or settings.LANGUAGE_CODE}
        job = Job.objects.create(
            action=ACTIONS[name].name, parameters={**told, **(more or {})}, created_by_id=user_id
        )
        source, values = _source(chosen(job) if callable(chosen) else chosen)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_jobrow (job_id, object_id, outcome)"
                f" SELECT %s, chosen.id, 'WAITING' FROM ({source}) AS chosen(id)"
                " ON CONFLICT DO NOTHING",
                [job.pk, *values],
            )
            job.total = cursor.rowcount
        job.save(update_fields=["total"])
        transaction.on_commit(lambda: wake(job.pk), robust=True)
    return job


def _source(chosen: Sequence[int] | QuerySet) -> tuple[str, Sequence[Any]]:
    if isinstance(chosen, QuerySet):
        try:
            return chosen.order_by().query.sql_with_params()
        except EmptyResultSet:
            chosen = []
    return "SELECT unnest(%s::bigint[])", [sorted(set(chosen))]


def wake(job_id: int, **options: Any) -> None:
    """Ask a worker for the next chunk; beat does so anyway where the broker does not answer."""
    from backoffice.core.tasks import run_job_chunk

    wakeup.wake(run_job_chunk, job_id, **options)


def seconds_to_wait(job_id: int, *, now: datetime) -> float:
    """Return how long until a row of a job is due; one that waits for nothing is due now."""
    waiting = JobRow.objects.filter(job_id=job_id, outcome=WAITING)
    first = waiting.aggregate(first=models.Min(Coalesce("due_at", models.Value(now))))["first"]
    return max(0.0, (first - now).total_seconds()) if first else 0.0


CLAIM = """
SELECT object_id FROM core_jobrow WHERE job_id = %s AND outcome = 'WAITING'
  AND (due_at IS NULL OR due_at <= %s)
ORDER BY object_id LIMIT %s FOR UPDATE SKIP LOCKED
"""
WRITE = """
UPDATE core_jobrow r SET outcome = o.outcome, reason = o.reason, due_at = o.due_at
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
  AS o(object_id, outcome, reason, due_at)
WHERE r.job_id = %s AND r.object_id = o.object_id
"""


def run_chunk(job_id: int, *, now: datetime) -> bool:
    """Do one chunk in one transaction with its results; return whether rows are left."""
    job = Job.objects.get(pk=job_id)
    goes_on = Job.objects.filter(pk=job_id, status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    if not goes_on.update(status=JobStatus.RUNNING, touched_at=now):
        return False
    with _acting_for(job):
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [job_id, now, ACTIONS[job.action].chunk or CHUNK])
            ids = [row[0] for row in cursor.fetchall()]
        if ids:
            _write(job_id, *_run(job, ids, now))
            return True
    waiting = JobRow.objects.filter(job_id=job_id, outcome=WAITING)
    if waiting.filter(due_at__gt=now).exists():
        return True
    if not waiting.exists():
        with _acting_for(job):
            _end(job, now)
    return False


@contextmanager
def _acting_for(job: Job) -> Iterator[None]:
    """Let who started a job act, in one transaction, and tell in the language of their page."""
    language = override(job.parameters.get("language", settings.LANGUAGE_CODE))
    with acting(job.created_by_id, request_id=f"job-{job.pk}"), language, transaction.atomic():
        yield


def _end(job: Job, now: datetime) -> None:
    """Finish a job whose rows are all accounted for; of two workers one does it."""
    finish = ACTIONS[job.action].finish
    open_ = Job.objects.filter(pk=job.pk, status__in=OPEN)
    with connection.cursor() as cursor:
        cursor.execute(ALONE, [f"job-{job.pk}"])
        is_mine = cursor.fetchone()[0]
    if is_mine and open_.exists():
        if finish is not None:
            finish(job, now=now)
        open_.update(status=JobStatus.DONE, finished_at=now)


def _run(
    job: Job, ids: list[int], now: datetime
) -> tuple[dict[int, tuple[str, str]], dict[int, datetime]]:
    action = ACTIONS[job.action]
    reason = job.parameters.get("reason", "")
    hidden = _hidden(action, ids)
    gone: tuple[str, str] = (RowOutcome.BLOCKED, str(GONE))
    refused = dict.fromkeys(hidden, gone)
    shown = [i for i in ids if i not in hidden]
    waits: dict[int, tuple[Text, datetime]] = {}

    def call(some: list[int]) -> Outcome:
        outcome = action.service(some, now=now, reason=reason)
        if isinstance(outcome, Underway):
            waits.update(outcome.waits)
        return outcome

    results = attempt(call, shown) if shown else {}
    busy = [i for i, r in results.items() if r[0] == WAITING]
    results |= {i: (WAITING, str(waits[i][0])) if i in waits else gone for i in busy}
    return refused | results, {i: waits[i][1] for i in busy if i in waits}


def attempt(call: Callable[[list[int]], Outcome], ids: list[int]) -> dict[int, tuple[str, str]]:
    """Do a bulk call and account for each document; one bad one does not stop the others.

    What somebody else has in use comes back as WAITING.
    """
    try:
        with transaction.atomic():
            outcome = call(ids)
    except Exception as error:
        if len(ids) > 1:
            middle = len(ids) // 2
            return attempt(call, ids[:middle]) | attempt(call, ids[middle:])
        if getattr(error.__cause__, "sqlstate", "") in IN_USE:
            return {ids[0]: (WAITING, "")}
        logger.exception("a bulk call failed on %s", ids)
        return {ids[0]: (RowOutcome.FAILED, f"{type(error).__name__}: {error}"[:500])}
    results: dict[int, tuple[str, str]] = dict.fromkeys(outcome.moved, (RowOutcome.DONE, ""))
    if isinstance(outcome, Underway):
        results |= dict.fromkeys(outcome.waits, (WAITING, ""))
    for i, reasons in outcome.blocked.items():
        results[i] = (RowOutcome.BLOCKED, " ".join(str(r) for r in reasons)[:500])
    return {i: results.get(i, (RowOutcome.DONE, "")) for i in ids}


def _hidden(action: BulkAction, ids: list[int]) -> set[int]:
    """Return the ids that the job's owner may not see; they may have lost sight meanwhile."""
    model = model_of(action.name)
    return set(ids) - visible_ids(model, ids) if model else set()


def title_of(job: Job) -> str:
    """Return what a job does, to how many of what."""
    action, model = ACTIONS.get(job.action), model_of(job.action)
    if action is not None and action.title is not None:
        return action.title(job)
    if action is None or model is None:
        return f"{action.label if action else job.action} ({job.total})"
    plural = model._meta.verbose_name_plural if job.total != 1 else model._meta.verbose_name
    return _("%(verb)s: %(n)s %(documents)s") % {
        "verb": str(action.label).rstrip("…"),
        "n": job.total,
        "documents": plural,
    }


def model_of(name: str) -> type[models.Model] | None:
    """Return the model of an action's documents; None where they are no documents."""
    label = name.rpartition(".")[0]
    return next((m for m in apps.get_models() if m._meta.label_lower == label), None)


def _write(job_id: int, results: dict[int, tuple[str, str]], due: dict[int, datetime]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            [
                list(results),
                [str(outcome) for outcome, _ in results.values()],
                [reason[:500] for _, reason in results.values()],
                [due.get(i) for i in results],
                job_id,
            ],
        )


def pause_jobs(job_ids: Sequence[int]) -> int:
    """Pause jobs after the chunk they are at."""
    open_ = Job.objects.filter(pk__in=job_ids, status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    return open_.update(status=JobStatus.PAUSED)


def resume_jobs(job_ids: Sequence[int]) -> int:
    """Let paused jobs go on."""
    count = Job.objects.filter(pk__in=job_ids, status=JobStatus.PAUSED).update(
        status=JobStatus.QUEUED
    )
    for job_id in job_ids:
        wake(job_id)
    return count


DROP = """
UPDATE core_jobrow SET outcome = 'BLOCKED', reason = %s WHERE id IN (
  SELECT id FROM core_jobrow WHERE job_id = ANY(%s) AND outcome = 'WAITING' FOR UPDATE SKIP LOCKED
)
"""


@service
def cancel_jobs(job_ids: Sequence[int], *, now: datetime) -> int:
    """End jobs after the chunk they are at; what they did stays done."""
    open_ = Job.objects.filter(pk__in=lock(Job, job_ids), status__in=OPEN)
    ids = list(open_.values_list("pk", flat=True))
    Job.objects.filter(pk__in=ids).update(status=JobStatus.CANCELLED, finished_at=now)
    with connection.cursor() as cursor:
        cursor.execute(DROP, [_("The job was cancelled before."), ids])
    return len(ids)


def stale_jobs(now: datetime) -> list[int]:
    """Return jobs that nobody has touched for a while: their worker died."""
    open_ = Job.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    return list(open_.filter(touched_at__lt=now - STALE).values_list("pk", flat=True))
