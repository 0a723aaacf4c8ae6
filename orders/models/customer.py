"""Customers."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel


class Customer(SettingsModel):
    """Somebody who orders, as one source knows them."""

    personal_fields = ("name", "email", "phone")

    source = models.CharField(_("source"), max_length=40)
    external_id = models.CharField(_("external id"), max_length=120)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), max_length=254, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en", db_default="en")
    country = models.CharField(_("country"), max_length=2, blank=True)

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="customer_once")
        ]
        indexes = [
            models.Index("external_id", name="customer_external"),
            # Staff search by part of a name or by the beginning of an address.
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="customer_name"),
            models.Index(
                OpClass(Upper("email"), name="varchar_pattern_ops"), name="customer_email"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"{self.source} {self.external_id}"
