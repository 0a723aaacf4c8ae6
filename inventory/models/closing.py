"""What was on hand at instants of the past, kept so that any other is near one of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models.catalogue import Sku
from inventory.models.warehouse import Warehouse


class StockClosing(models.Model):
    """An instant whose stock is kept; it knows the moves recorded before `recorded_before`."""

    taken_at = models.DateTimeField(_("taken at"), unique=True)
    recorded_before = models.DateTimeField(_("recorded before"))

    class Meta:
        verbose_name = _("stock closing")
        verbose_name_plural = _("stock closings")

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M}"


class StockClosingLine(models.Model):
    """What was on hand of a SKU in a warehouse; nothing is not kept."""

    closing = models.ForeignKey(
        StockClosing,
        models.PROTECT,
        related_name="lines",
        db_index=False,
        verbose_name=_("stock closing"),
    )
    sku = models.ForeignKey(
        Sku,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("SKU"),
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("warehouse"),
    )
    on_hand = models.IntegerField(_("on hand"))

    class Meta:
        verbose_name = _("stock closing line")
        verbose_name_plural = _("stock closing lines")
        constraints = [
            models.UniqueConstraint(
                fields=["closing", "sku", "warehouse"], name="stock_closing_line_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} @ {self.warehouse_id}: {self.on_hand}"
