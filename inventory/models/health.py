"""How stock fares: its classes, its demand and how long it lasts, reckoned every night."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.money import amount_field
from inventory.choices import AbcClass, XyzClass
from inventory.models.catalogue import Sku
from inventory.models.warehouse import Warehouse


class StockHealth(models.Model):
    """One SKU in one warehouse as the last night found it; `days_of_cover` NULL is without end."""

    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="health", db_index=False, verbose_name=_("SKU")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="health", verbose_name=_("warehouse")
    )
    abc = models.CharField(_("ABC class"), max_length=1, choices=AbcClass.choices)
    xyz = models.CharField(_("XYZ class"), max_length=1, choices=XyzClass.choices)
    on_hand = models.IntegerField(_("on hand"), default=0)
    value = amount_field(_("stock value"))
    usage_value = amount_field(_("usage value of a year"))
    daily_demand = models.DecimalField(_("daily demand"), max_digits=14, decimal_places=4)
    days_of_cover = models.DecimalField(
        _("days of cover"), max_digits=14, decimal_places=1, null=True
    )
    idle_days = models.IntegerField(_("days without demand"), null=True)
    reckoned_at = models.DateTimeField(_("reckoned at"))

    class Meta:
        verbose_name = _("stock health")
        verbose_name_plural = _("stock health")
        constraints = [
            models.UniqueConstraint(fields=["sku", "warehouse"], name="stock_health_once")
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.warehouse}"
