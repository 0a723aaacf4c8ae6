"""Uploads of rows: checked first, then carried out by a job."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.file import StoredFile
from backoffice.core.models.job import Job


class ImportRowStatus(models.TextChoices):
    READY = "READY", _("Ready")
    REFUSED = "REFUSED", _("Refused")
    DONE = "DONE", _("Done")


IMPORT_ROW_COLOURS = {
    ImportRowStatus.READY: Colour.ACTIVE,
    ImportRowStatus.REFUSED: Colour.BAD,
    ImportRowStatus.DONE: Colour.GOOD,
}


class Import(models.Model):
    """One file for one importer; nothing is carried out before its job is started."""

    importer = models.CharField(_("importer"), max_length=60)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
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
    """One line of an import: its values, or the reason why it is refused."""

    run = models.ForeignKey(Import, models.PROTECT, related_name="rows", verbose_name=_("import"))
    line = models.IntegerField(_("line"))
    values = models.JSONField(_("values"))
    status = models.CharField(
        _("status"),
        max_length=7,
        choices=ImportRowStatus.choices,
        default=ImportRowStatus.READY,
    )
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")

    class Meta:
        verbose_name = _("import row")
        verbose_name_plural = _("import rows")
        constraints = [models.UniqueConstraint("run", "line", name="import_row_once")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.line}"
