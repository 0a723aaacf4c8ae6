"""Long work over many documents, row by row accounted for."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.file import StoredFile


class JobStatus(models.TextChoices):
    QUEUED = "QUEUED", _("Queued")
    RUNNING = "RUNNING", _("Running")
    PAUSED = "PAUSED", _("Paused")
    DONE = "DONE", _("Done")
    CANCELLED = "CANCELLED", _("Cancelled")


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.PAUSED)


class RowOutcome(models.TextChoices):
    WAITING = "WAITING", _("Waiting")
    DONE = "DONE", _("Done")
    BLOCKED = "BLOCKED", _("Blocked")
    FAILED = "FAILED", _("Failed")


JOB_COLOURS = {
    JobStatus.QUEUED: Colour.ACTIVE,
    JobStatus.RUNNING: Colour.ACTIVE,
    JobStatus.PAUSED: Colour.WARNING,
    JobStatus.DONE: Colour.GOOD,
    JobStatus.CANCELLED: Colour.NEUTRAL,
    RowOutcome.WAITING: Colour.NEUTRAL,
    RowOutcome.DONE: Colour.GOOD,
    RowOutcome.BLOCKED: Colour.WARNING,
    RowOutcome.FAILED: Colour.BAD,
}


class Job(models.Model):
    """One run of a registered action over a set of documents."""

    action = models.CharField(_("action"), max_length=80)
    parameters = models.JSONField(_("parameters"), default=dict)
    status = models.CharField(
        _("status"), max_length=9, choices=JobStatus.choices, default=JobStatus.QUEUED
    )
    total = models.IntegerField(_("rows"), default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    touched_at = models.DateTimeField(_("touched at"), db_default=Now())
    finished_at = models.DateTimeField(_("finished at"), null=True)
    file = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, related_name="+", verbose_name=_("file")
    )

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")

    def __str__(self) -> str:
        from backoffice.core.jobs import title_of

        return title_of(self)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


class JobRow(models.Model):
    """What became of one document in a job."""

    job = models.ForeignKey(Job, models.PROTECT, related_name="rows", verbose_name=_("job"))
    object_id = models.BigIntegerField(_("document"))
    outcome = models.CharField(
        _("outcome"), max_length=8, choices=RowOutcome.choices, default=RowOutcome.WAITING
    )
    # Of a row that waits: what for.
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")
    due_at = models.DateTimeField(_("looked at again"), null=True)

    class Meta:
        verbose_name = _("job row")
        verbose_name_plural = _("job rows")
        constraints = [models.UniqueConstraint("job", "object_id", name="job_row_once")]
        indexes = [
            models.Index(
                "job", "object_id", name="job_row_waiting", condition=models.Q(outcome="WAITING")
            )
        ]
