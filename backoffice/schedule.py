"""The schedule: every job that the apps registered, in UTC intervals."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

from backoffice.core.tasks import SCHEDULED


def load_tasks() -> None:
    """Import every app's tasks, so that the registry is complete."""
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, "tasks"):
            import_module(f"{config.name}.tasks")


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
