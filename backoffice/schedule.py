"""The schedule: every job that the apps registered, in UTC intervals."""

from typing import Any

from backoffice.core.tasks import SCHEDULED, load_tasks


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Return Celery's table: how often beat knocks at each job."""
    load_tasks()
    return {
        job.name: {
            "task": job.name,
            "schedule": job.pulse.total_seconds(),
            "options": {"queue": job.queue, "expires": job.pulse.total_seconds() * 2},
        }
        for job in SCHEDULED.values()
    }


def task_routes() -> dict[str, dict[str, str]]:
    """Return which queue each scheduled job runs in, however it is called."""
    return {job.name: {"queue": job.queue} for job in SCHEDULED.values()}
