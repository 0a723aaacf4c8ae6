"""Saved views: a list's filter under a name."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models.document import SettingsModel


class SavedView(SettingsModel):
    """A filter of one document's list that somebody keeps, for themselves or for everybody."""

    name = models.CharField(_("name"), max_length=40)
    document = models.CharField(_("document"), max_length=40)
    query = models.TextField(
        _("filter"), max_length=2000, help_text=_("As in the address of the list.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="saved_views",
        editable=False,
        verbose_name=_("owner"),
    )
    is_shared = models.BooleanField(
        _("for everybody"), default=False, help_text=_("Everybody who sees the list has its tab.")
    )
    position = models.SmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["owner", "document", "name"], name="saved_view_once"),
            models.CheckConstraint(condition=~models.Q(query=""), name="saved_view_has_filter"),
        ]

    def __str__(self) -> str:
        return self.name
