"""Scheduled jobs: a claimed slot, a watermark, a pause switch; and the delivery of events."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from celery import shared_task
from django.apps import apps
from django.db import connection
from django.utils import timezone
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _

from backoffice.core import wakeup
from backoffice.core.actor import acting_job
from backoffice.core.extensions import Text
from backoffice.core.models import TaskRun, TaskSwitch

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)
LONGEST_PULSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job of the schedule: how long a slot is and how often beat knocks."""

    name: str
    label: Text
    every: timedelta
    queue: str
    task: Any

    @property
    def pulse(self) -> timedelta:
        # A daily job is knocked at often, so that a missed beat is caught up within minutes.
        return min(self.every, LONGEST_PULSE)


SCHEDULED: dict[str, Scheduled] = {}


def load_tasks() -> None:
    """Import every app's tasks, so that the registry is complete."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, "tasks"):
            import_module(f"{config.name}.tasks")


# Who acts beside the jobs of the schedule.
OTHERS: dict[str, Text] = {
    "system": _("the system"),
    "events": _("follow-up"),
    "importer": _("import"),
    "demo": _("demo shop"),
}


def job_label(name: str) -> Text:
    """Return what a job is called among people."""
    if name in OTHERS:
        return OTHERS[name]
    if name not in SCHEDULED:
        load_tasks()
    return SCHEDULED[name].label if name in SCHEDULED else name


CLAIM = """
INSERT INTO core_taskrun (task, slot_at, started_at, lease_until, result, error)
VALUES (%(task)s, %(slot)s, %(now)s, %(lease)s, '', '')
ON CONFLICT (task, slot_at) DO UPDATE SET started_at = %(now)s, lease_until = %(lease)s
WHERE core_taskrun.finished_at IS NULL AND core_taskrun.lease_until < %(now)s
RETURNING id
"""


def slot_of(now: datetime, every: timedelta) -> datetime:
    """Return the start of the interval that an instant lies in, counted from the epoch."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // every * every


def scheduled(
    name: str, label: Text = "", *, every: timedelta, queue: str = "default"
) -> Callable[[Callable[..., Any]], Any]:
    """Make `function(*, now, since)` a job of the schedule; `since` is its last finished slot."""

    def register(function: Callable[..., Any]) -> Any:
        @shared_task(name=name)
        @functools.wraps(function)
        def task() -> None:
            run_slot(name, function, now=timezone.now(), every=every)

        SCHEDULED[name] = Scheduled(
            name, label or name.rpartition(".")[2].replace("_", " "), every, queue, task
        )
        function.task = task  # type: ignore[attr-defined]
        return task

    return register


def run_slot(
    name: str, function: Callable[..., Any], *, now: datetime, every: timedelta
) -> TaskRun | None:
    """Run a job for the slot that `now` lies in, once; return None where it is not ours."""
    if TaskSwitch.objects.filter(task=name, is_running=False).exists():
        return None
    slot = slot_of(now, every)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"task": name, "slot": slot, "now": now, "lease": now + LEASE})
        row = cursor.fetchone()
    if row is None:
        return None
    run = TaskRun.objects.get(pk=row[0])
    earlier = TaskRun.objects.filter(task=name, finished_at__isnull=False, error="")
    since = earlier.order_by("-slot_at").values_list("slot_at", flat=True).first()
    try:
        with acting_job(name):
            result = function(now=now, since=since)
    except Exception as error:
        run.error = f"{type(error).__name__}: {error}"[:2000]
        # The lease ends now: the next beat tries this slot again.
        run.lease_until = now
        run.save(update_fields=["error", "lease_until"])
        raise
    run.finished_at, run.error = timezone.now(), ""
    if isinstance(result, dict):
        result = ", ".join(f"{name}: {value}" for name, value in result.items())
    run.result = "" if result is None else str(result)[:300]
    run.save(update_fields=["finished_at", "result", "error"])
    return run


@shared_task(name="core.deliver_events")
def deliver_events() -> int:
    """Deliver what waits, right after it was written."""
    from backoffice.core.events import deliver

    wakeup.begin("core.deliver_events")
    return deliver(now=timezone.now())


@scheduled("core.deliver_waiting_events", _("follow-up"), every=timedelta(seconds=10))
def deliver_waiting_events(*, now: datetime, since: datetime | None) -> int:
    """Deliver what no wake-up call reached."""
    from backoffice.core.events import deliver

    return deliver(now=now)


@scheduled("core.forget_old_runs", _("old job runs"), every=timedelta(days=1))
def forget_old_runs(*, now: datetime, since: datetime | None) -> int:
    """Forget finished job runs older than thirty days."""
    old = TaskRun.objects.filter(slot_at__lt=now - timedelta(days=30), finished_at__isnull=False)
    return old.delete()[0]


@scheduled("core.remove_expired", _("clearing what expired"), every=timedelta(days=1))
def remove_expired_rows(*, now: datetime, since: datetime | None) -> str:
    """Delete working rows and files that have been kept long enough."""
    from backoffice.core.files import remove_expired_files
    from backoffice.core.retention import remove_expired

    counts = remove_expired(now=now)
    while removed := remove_expired_files(now=now):
        counts["files"] = counts.get("files", 0) + removed
    return ", ".join(f"{name} {count}" for name, count in counts.items())


@scheduled("core.run_scheduled_rules", _("scheduled rules"), every=timedelta(minutes=1))
def run_scheduled_rules(*, now: datetime, since: datetime | None) -> int:
    """Run the rules whose time has come."""
    from backoffice.core.rules.running import run_due_rules

    return run_due_rules(now=now)


@shared_task(name="core.process_inbox")
def process_inbox() -> int:
    """Process what came in, right after it was stored."""
    from backoffice.core.inbox import process_all

    with acting_job("system"):
        return process_all()


@scheduled("core.process_waiting_inbox", _("inbox processing"), every=timedelta(seconds=15))
def process_waiting_inbox(*, now: datetime, since: datetime | None) -> int:
    """Process what no wake-up call reached."""
    from backoffice.core.inbox import process_all

    return process_all(now=now)


@shared_task(name="core.send_messages")
def send_messages() -> int:
    """Send what was queued, right after its cause was written."""
    from backoffice.core.outbound import send_due

    return send_due(now=timezone.now())


@scheduled("core.send_waiting_messages", _("sending messages"), every=timedelta(seconds=15))
def send_waiting_messages(*, now: datetime, since: datetime | None) -> int:
    """Send what no wake-up call reached, and what is tried again."""
    from backoffice.core.outbound import send_due

    total = 0
    while sent := send_due(now=now):
        total += sent
    return total


@shared_task(name="core.send_webhooks")
def send_webhooks() -> int:
    """Send webhooks, right after they were queued."""
    from backoffice.core.webhooks.sending import send_all

    return send_all()


@scheduled(
    "core.send_waiting_webhooks",
    _("sending webhooks"),
    every=timedelta(seconds=15),
    queue="webhooks",
)
def send_waiting_webhooks(*, now: datetime, since: datetime | None) -> int:
    """Send webhooks that no wake-up call reached, and those that are tried again."""
    from backoffice.core.webhooks.sending import send_all

    return send_all()


@shared_task(name="core.run_job_chunk")
def run_job_chunk(job_id: int) -> None:
    """Do one chunk of a job and ask for the next."""
    from backoffice.core.jobs import run_chunk, seconds_to_wait, wake

    if run_chunk(job_id, now=timezone.now()):
        wake(job_id, countdown=seconds_to_wait(job_id, now=timezone.now()))


@scheduled("core.resume_jobs", _("resuming jobs"), every=timedelta(minutes=1))
def resume_stale_jobs(*, now: datetime, since: datetime | None) -> int:
    """Go on with jobs whose worker died."""
    from backoffice.core.jobs import stale_jobs, wake

    ids = stale_jobs(now)
    for job_id in ids:
        wake(job_id)
    return len(ids)
