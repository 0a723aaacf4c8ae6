"""Suppliers, purchase orders and receipts."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from inventory.choices import PurchaseOrderStatus
from inventory.models.catalogue import Sku
from inventory.models.warehouse import Location, Lot, Warehouse


def rate_field() -> models.DecimalField:
    """Return the column of an exchange rate: company currency per unit of the other."""
    return models.DecimalField(
        _("exchange rate"), max_digits=18, decimal_places=8, default=Decimal(1)
    )


class Supplier(SettingsModel):
    """Somebody who sells to us; the rate turns its currency into the company's."""

    impersonal_fields = ("name", "email")

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("email"), blank=True)
    currency = currency_field()
    exchange_rate = rate_field()
    day_budget = amount_field(
        _("proposals of one day are worth at most (company currency)"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exchange_rate__gt=0), name="supplier_rate_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SupplierItem(SettingsModel):
    """What a supplier asks for a SKU: price, minimum, pack and lead time."""

    supplier = models.ForeignKey(
        Supplier, models.PROTECT, related_name="items", verbose_name=_("supplier")
    )
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="supplier_items", verbose_name=_("SKU")
    )
    supplier_code = models.CharField(_("supplier's code"), max_length=60, blank=True)
    price = amount_field(_("price"))
    currency = currency_field()
    minimum_quantity = models.PositiveIntegerField(_("minimum quantity"), default=1)
    pack_size = models.PositiveIntegerField(_("pack size"), default=1)
    lead_time_days = models.PositiveIntegerField(_("lead time (days)"), default=7)
    is_preferred = models.BooleanField(_("preferred"), default=False)

    class Meta:
        verbose_name = _("supplier item")
        verbose_name_plural = _("supplier items")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "sku"], name="supplier_item_once"),
            models.UniqueConstraint(
                fields=["sku"],
                name="supplier_item_one_preferred",
                condition=models.Q(is_preferred=True),
            ),
            models.CheckConstraint(
                condition=models.Q(price__gte=0, minimum_quantity__gt=0, pack_size__gt=0),
                name="supplier_item_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.sku}"


class PurchaseOrder(BusinessDocument):
    """An order to a supplier for one warehouse, in one currency."""

    lock_rank = 40

    number = number_field("PO")
    supplier = models.ForeignKey(
        Supplier, models.PROTECT, related_name="purchase_orders", verbose_name=_("supplier")
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="purchase_orders", verbose_name=_("warehouse")
    )
    status = models.CharField(
        _("status"),
        max_length=20,
        choices=PurchaseOrderStatus.choices,
        default=PurchaseOrderStatus.DRAFT,
    )
    currency = currency_field()
    exchange_rate = rate_field()
    total_amount = amount_field(_("total"))
    expected_on = models.DateField(_("expected on"), null=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    received_at = models.DateTimeField(_("received at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        permissions = [
            ("approve_purchaseorder", "Can approve purchase orders"),
            ("send_purchaseorder", "Can send purchase orders"),
            ("receive_purchaseorder", "Can receive goods"),
            ("cancel_purchaseorder", "Can cancel purchase orders"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exchange_rate__gt=0, total_amount__gte=0),
                name="purchase_order_figures",
            ),
            rounded_check("purchase_order_total_rounded", "total_amount"),
        ]


class PurchaseOrderLine(models.Model):
    """So many units of a SKU at a price; more than ordered may arrive."""

    purchase_order = models.ForeignKey(
        PurchaseOrder, models.PROTECT, related_name="lines", verbose_name=_("purchase order")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="purchase_order_lines", verbose_name=_("SKU")
    )
    quantity = models.IntegerField(_("quantity"))
    received = models.IntegerField(_("received"), default=0, db_default=0)
    unit_price = amount_field(_("unit price"))

    class Meta:
        verbose_name = _("purchase order line")
        verbose_name_plural = _("purchase order lines")
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_order", "position"], name="purchase_order_line_once"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, received__gte=0, unit_price__gte=0),
                name="purchase_order_line_figures",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Receipt(BusinessDocument):
    """Goods that arrived for a purchase order, as counted at the door."""

    serves = ("purchase_order",)
    impersonal_fields = ("delivery_note",)

    number = number_field("GR")
    purchase_order = models.ForeignKey(
        PurchaseOrder, models.PROTECT, related_name="receipts", verbose_name=_("purchase order")
    )
    delivery_note = models.CharField(_("delivery note"), max_length=80, blank=True)
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_order", "delivery_note"],
                name="receipt_once",
                condition=~models.Q(delivery_note=""),
            ),
        ]
        indexes = [models.Index("delivery_note", name="receipt_delivery_note")]


class ReceiptLine(models.Model):
    """Units that arrived for one line; the cost is in the company's currency."""

    serves = ("receipt",)

    receipt = models.ForeignKey(
        Receipt, models.PROTECT, related_name="lines", verbose_name=_("receipt")
    )
    purchase_order_line = models.ForeignKey(
        PurchaseOrderLine,
        models.PROTECT,
        related_name="receipt_lines",
        verbose_name=_("purchase order line"),
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("location"),
    )
    lot = models.ForeignKey(
        Lot,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("lot"),
    )
    quantity = models.IntegerField(_("quantity"))
    unit_cost = amount_field(_("unit cost"))

    class Meta:
        verbose_name = _("receipt line")
        verbose_name_plural = _("receipt lines")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, unit_cost__gte=0), name="receipt_line_figures"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity}"
