"""Postal addresses, immutable and referred to."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Address(models.Model):
    """A postal address; an edit points to a new row. Erasure alone blanks one."""

    personal_fields = ("recipient", "company", "line1", "line2", "phone")

    recipient = models.CharField(_("recipient"), max_length=200, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    line1 = models.CharField(_("address line 1"), max_length=300, blank=True)
    line2 = models.CharField(_("address line 2"), max_length=300, blank=True)
    district = models.CharField(_("district"), max_length=120, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    region = models.CharField(_("region"), max_length=120, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2)
    phone = models.CharField(_("phone"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        parts = (self.recipient, self.line1, self.postal_code, self.city, self.country)
        return ", ".join(part for part in parts if part)
