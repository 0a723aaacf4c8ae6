"""Files: private, named by their content, kept for a stated time."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class StoredFile(models.Model):
    """One file; its content lies under its hash and is served as an attachment only."""

    name = models.CharField(_("name"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=40)
    content_type = models.CharField(_("type"), max_length=100)
    sha256 = models.CharField(_("hash"), max_length=64)
    size = models.BigIntegerField(_("size in bytes"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    keep_until = models.DateTimeField(_("keep until"), null=True)
    removed_at = models.DateTimeField(_("removed at"), null=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        indexes = [
            models.Index("sha256", name="file_hash"),
            models.Index(
                "keep_until",
                name="file_to_remove",
                condition=models.Q(removed_at__isnull=True, keep_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
