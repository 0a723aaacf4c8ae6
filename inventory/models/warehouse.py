"""Warehouses, their bins, and lots."""

from datetime import time

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import Address, SettingsModel
from backoffice.core.validators import validate_time_zone
from inventory.choices import Fulfilment, LocationKind
from inventory.models.catalogue import Sku


class Warehouse(SettingsModel):
    """A building that stock is promised from; its business day is that of its time zone."""

    impersonal_fields = ("address",)

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    cut_off_at = models.TimeField(_("cut-off"), default=time(14, 0))
    address = models.ForeignKey(
        Address,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("address"),
    )
    fulfilment = models.CharField(
        _("fulfilment"),
        max_length=10,
        choices=Fulfilment.choices,
        default=Fulfilment.MANUAL,
    )

    class Meta:
        verbose_name = _("warehouse")
        verbose_name_plural = _("warehouses")

    def __str__(self) -> str:
        return self.name


class Location(SettingsModel):
    """A bin. One storage bin of each warehouse is its default; it is made when first needed."""

    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="locations", verbose_name=_("warehouse")
    )
    code = models.CharField(_("code"), max_length=40)
    kind = models.CharField(
        _("kind"), max_length=10, choices=LocationKind.choices, default=LocationKind.STORAGE
    )
    pick_order = models.PositiveIntegerField(_("pick order"), default=0, db_default=0)
    is_default = models.BooleanField(_("default bin"), default=False, db_default=False)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "code"], name="location_once"),
            models.UniqueConstraint(
                fields=["warehouse"],
                name="location_one_default",
                condition=models.Q(is_default=True),
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(kind=LocationKind.STORAGE),
                name="location_default_is_storage",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Lot(models.Model):
    """A batch of a SKU; the row without a code stands for "no lot"."""

    sku = models.ForeignKey(Sku, models.PROTECT, related_name="lots", verbose_name=_("SKU"))
    code = models.CharField(_("code"), max_length=60, blank=True, default="")
    expires_on = models.DateField(_("expires on"), null=True, blank=True)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.UniqueConstraint(fields=["sku", "code"], name="lot_once"),
        ]
        indexes = [models.Index("code", name="lot_code")]

    def __str__(self) -> str:
        return self.code or "–"
