"""Uploads of rows: mapped, tried, then carried out by a job."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.file import StoredFile
from backoffice.core.models.job import Job


class ImportRowStatus(models.TextChoices):
    WAITING = "WAITING", _("Not tried yet")
    READY = "READY", _("Ready")
    REFUSED = "REFUSED", _("Refused")
    DONE = "DONE", _("Done")


class RowEffect(models.TextChoices):
    NEW = "NEW", _("New")
    CHANGED = "CHANGED", _("Changed")
    UNCHANGED = "UNCHANGED", _("Unchanged")


IMPORT_ROW_COLOURS = {
    ImportRowStatus.WAITING: Colour.NEUTRAL,
    ImportRowStatus.READY: Colour.ACTIVE,
    ImportRowStatus.REFUSED: Colour.BAD,
    ImportRowStatus.DONE: Colour.GOOD,
    RowEffect.NEW: Colour.GOOD,
    RowEffect.CHANGED: Colour.ACTIVE,
    RowEffect.UNCHANGED: Colour.NEUTRAL,
}


class Import(models.Model):
    """One file for one importer; nothing is carried out before its job is started."""

    importer = models.CharField(_("importer"), max_length=60)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    # What stands in the file's first line, and the first lines below it.
    headers = ArrayField(models.TextField(), verbose_name=_("headers"), default=list, db_default=[])
    samples = models.JSONField(_("first rows"), default=list, db_default=[])
    mapping = models.JSONField(_("mapping"), default=dict, db_default={})
    trial = models.ForeignKey(
        Job, models.PROTECT, null=True, related_name="+", verbose_name=_("dry run")
    )
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("job"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return f"{self.importer} #{self.pk}"


class ImportRow(models.Model):
    """One line of an import: its values, what it does, or the reason why it is refused."""

    run = models.ForeignKey(Import, models.PROTECT, related_name="rows", verbose_name=_("import"))
    line = models.IntegerField(_("line"))
    values = models.JSONField(_("values"))
    status = models.CharField(
        _("status"),
        max_length=7,
        choices=ImportRowStatus.choices,
        default=ImportRowStatus.WAITING,
    )
    effect = models.CharField(
        _("effect"), max_length=9, choices=RowEffect.choices, default="", db_default="", blank=True
    )
    # Pairs: the column, and what changes in it or what is wrong with it.
    details = models.JSONField(_("details"), default=list, db_default=[])
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        constraints = [models.UniqueConstraint("run", "line", name="import_row_once")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.line}"


class ImportMapping(models.Model):
    """Which header stood for which column when such a file was last brought."""

    importer = models.CharField(max_length=60)
    # A hash of the headers, whatever their order.
    headers = models.CharField(max_length=64)
    mapping = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint("importer", "headers", name="import_mapping_once"),
        ]

    def __str__(self) -> str:
        return self.importer
