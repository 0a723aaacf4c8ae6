"""The runs of scheduled jobs and the switches that pause them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.history import History


class TaskRun(models.Model):
    """One slot of a scheduled job; the unique key makes a double beat harmless."""

    task = models.CharField(_("job"), max_length=80)
    slot_at = models.DateTimeField(_("slot"))
    started_at = models.DateTimeField(_("started at"))
    lease_until = models.DateTimeField(_("lease until"))
    finished_at = models.DateTimeField(_("finished at"), null=True)
    result = models.CharField(_("result"), max_length=300, default="")
    error = models.TextField(_("error"), default="")

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        constraints = [models.UniqueConstraint("task", "slot_at", name="task_slot_once")]

    def __str__(self) -> str:
        return f"{self.task} {self.slot_at:%Y-%m-%d %H:%M:%S}"


class TaskSwitch(models.Model):
    """The switch by which staff pause a scheduled job."""

    impersonal_fields = ("note",)

    task = models.CharField(_("job"), max_length=80, unique=True)
    is_running = models.BooleanField(_("running"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    history = History()

    class Meta:
        verbose_name = _("scheduled job")
        verbose_name_plural = _("scheduled jobs")

    def __str__(self) -> str:
        return self.task
