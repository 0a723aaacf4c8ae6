"""The Celery application; the schedule is code."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings.development")

app = Celery("backoffice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def install_schedule(sender: Celery, **kwargs: object) -> None:
    """Give beat every job that an app has registered."""
    from backoffice.schedule import beat_schedule, task_routes

    sender.conf.beat_schedule = beat_schedule()
    sender.conf.task_routes = task_routes()
