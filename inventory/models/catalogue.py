"""Sellers, products and SKUs: what is sold and kept."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel
from backoffice.core.money import currency_field
from backoffice.core.validators import validate_time_zone
from inventory.choices import StockPolicy


class Seller(SettingsModel):
    """A third party whose goods the platform sells."""

    impersonal_fields = ("name", "email")

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    currency = currency_field()
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    email = models.EmailField(_("email"), blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=settings.LANGUAGES,
        default="en",
        db_default="en",
        help_text=_("Of the seller's statements."),
    )

    class Meta:
        verbose_name = _("seller")
        verbose_name_plural = _("sellers")

    def __str__(self) -> str:
        return self.name


def by_code_and_name(table: str) -> list[models.Index]:
    """Return what staff search by: the beginning of a code, a part of a name."""
    return [
        models.Index(OpClass(Upper("code"), name="varchar_pattern_ops"), name=f"{table}_code"),
        GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name=f"{table}_name"),
    ]


class Product(SettingsModel):
    """A product; its SKUs are what is stocked and sold. No seller means own goods."""

    code = models.CharField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=300)
    category = models.CharField(_("category"), max_length=120, blank=True)
    seller = models.ForeignKey(
        Seller, models.PROTECT, null=True, blank=True, verbose_name=_("seller")
    )

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = by_code_and_name("product")

    def __str__(self) -> str:
        return self.name


class Sku(SettingsModel):
    """A stock-keeping unit."""

    code = models.CharField(_("code"), max_length=60, unique=True)
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="skus", verbose_name=_("product")
    )
    seller = models.ForeignKey(
        Seller, models.PROTECT, null=True, blank=True, verbose_name=_("seller")
    )
    name = models.CharField(_("name"), max_length=300)
    barcode = models.CharField(_("barcode"), max_length=60, blank=True)
    stock_policy = models.CharField(
        _("stock policy"),
        max_length=10,
        choices=StockPolicy.choices,
        default=StockPolicy.TRACKED,
    )
    tax_category = models.CharField(_("tax category"), max_length=40, default="STANDARD")
    weight_grams = models.PositiveIntegerField(_("weight (g)"), default=0)
    is_kit = models.BooleanField(_("kit"), default=False)

    class Meta:
        verbose_name = _("SKU")
        verbose_name_plural = _("SKUs")
        constraints = [
            models.UniqueConstraint(
                "barcode", name="sku_barcode_once", condition=~models.Q(barcode="")
            ),
        ]
        indexes = by_code_and_name("sku")

    def __str__(self) -> str:
        return self.code


class KitComponent(models.Model):
    """So many units of a component in one kit; an order's kit line is exploded by these."""

    kit = models.ForeignKey(Sku, models.PROTECT, related_name="components", verbose_name=_("kit"))
    component = models.ForeignKey(
        Sku, models.PROTECT, related_name="kits", verbose_name=_("component")
    )
    quantity = models.PositiveIntegerField(_("quantity"), default=1)

    class Meta:
        verbose_name = _("kit component")
        verbose_name_plural = _("kit components")
        constraints = [
            models.UniqueConstraint(fields=["kit", "component"], name="kit_component_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="kit_component_some"),
            models.CheckConstraint(
                condition=~models.Q(kit=models.F("component")), name="kit_not_in_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.component}"
