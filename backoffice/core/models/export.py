"""The parts of a big file of a list, until they are joined."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.models.job import Job


class ExportPart(models.Model):
    """A few thousand rows of an export: which they are, and their text once it is written."""

    job = models.ForeignKey(Job, models.PROTECT, related_name="+", verbose_name=_("job"))
    first = models.IntegerField(_("first row"))
    keys = ArrayField(models.BigIntegerField(), verbose_name=_("rows"))
    # Compressed; `size` and `written` tell the bytes and the rows of the text.
    content = models.BinaryField(null=True)
    size = models.BigIntegerField(default=0)
    written = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("part of an export")
        verbose_name_plural = _("parts of exports")
        constraints = [models.UniqueConstraint("job", "first", name="export_part_once")]

    def __str__(self) -> str:
        last = self.first + len(self.keys) - 1
        return gettext("rows %(first)s to %(last)s") % {"first": self.first, "last": last}
