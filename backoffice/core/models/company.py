"""The one company and the currencies it deals in."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models.document import SettingsModel
from backoffice.core.validators import validate_time_zone


class Currency(SettingsModel):
    """A currency that documents may use; its digits are ISO 4217's."""

    code = models.CharField(_("code"), max_length=3, primary_key=True)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("currency")
        verbose_name_plural = _("currencies")

    def __str__(self) -> str:
        return self.code


class Company(SettingsModel):
    """The legal entity: one row."""

    name = models.CharField(_("name"), max_length=200)
    currency = models.CharField(_("base currency"), max_length=3, default="EUR")
    country = models.CharField(_("country"), max_length=2, default="DE")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Europe/Berlin", validators=[validate_time_zone]
    )
    tax_number = models.CharField(_("tax number"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")

    def __str__(self) -> str:
        return self.name
