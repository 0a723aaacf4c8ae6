"""What a user sees of the warehouses and sellers."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel


class UserScope(SettingsModel):
    """The warehouses and sellers that a user is limited to; an empty list limits nothing."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("user")
    )
    warehouse_ids = ArrayField(
        models.BigIntegerField(), verbose_name=_("warehouses"), default=list, blank=True
    )
    seller_ids = ArrayField(
        models.BigIntegerField(), verbose_name=_("sellers"), default=list, blank=True
    )

    class Meta:
        verbose_name = _("row scope")
        verbose_name_plural = _("row scopes")

    def __str__(self) -> str:
        return str(self.user)
