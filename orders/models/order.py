"""Orders: one status with a machine, two axes computed by the database, lines with counters."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import (
    Address,
    AppendOnlyModel,
    BusinessDocument,
    number_field,
    number_of,
)
from backoffice.core.money import amount_field, currency_field, rounded_check
from backoffice.core.tags import few_tags, tags_column
from inventory.models import Seller, Sku, Warehouse
from orders.choices import (
    FulfilmentStatus,
    HoldReason,
    LineKind,
    OrderStatus,
    PaymentStatus,
)
from orders.models.channel import SalesChannel
from orders.models.customer import Customer


def _status(choices: type[models.TextChoices], *cases: tuple[Q, str], default: str) -> Case:
    whens = [When(condition, then=Value(str(value))) for condition, value in cases]
    return Case(*whens, default=Value(str(default)), output_field=models.CharField(max_length=20))


PAYMENT_STATUS = _status(
    PaymentStatus,
    (Q(refunded_amount__gt=0, refunded_amount__gte=F("captured_amount")), PaymentStatus.REFUNDED),
    (Q(refunded_amount__gt=0), PaymentStatus.PARTIALLY_REFUNDED),
    (Q(captured_amount__gte=F("total_amount")), PaymentStatus.PAID),
    (Q(captured_amount__gt=0), PaymentStatus.PARTIALLY_PAID),
    (Q(authorised_amount__gte=F("total_amount")), PaymentStatus.AUTHORISED),
    default=PaymentStatus.UNPAID,
)
LEFT = F("ordered_quantity") - F("cancelled_quantity")
FULFILMENT_STATUS = _status(
    FulfilmentStatus,
    (
        Q(returned_quantity__gt=0, returned_quantity__gte=F("delivered_quantity")),
        FulfilmentStatus.RETURNED,
    ),
    (
        Q(delivered_quantity__gt=0, delivered_quantity__gte=LEFT),
        FulfilmentStatus.DELIVERED,
    ),
    (Q(shipped_quantity__gt=0, shipped_quantity__gte=LEFT), FulfilmentStatus.SHIPPED),
    (Q(shipped_quantity__gt=0), FulfilmentStatus.PARTIALLY_SHIPPED),
    default=FulfilmentStatus.UNFULFILLED,
)


def counter(label: object) -> models.IntegerField:
    return models.IntegerField(label, default=0, db_default=0, editable=False)  # type: ignore[arg-type]


class Order(BusinessDocument):
    """What a customer ordered, in one currency, from placing to settlement."""

    lock_rank = 10

    order_number = number_field("SO")
    channel = models.ForeignKey(SalesChannel, models.PROTECT, verbose_name=_("sales channel"))
    external_id = models.CharField(_("external id"), max_length=120)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="orders", verbose_name=_("customer")
    )
    order_date = models.DateField(_("order date"))
    placed_at = models.DateTimeField(_("placed at"))
    status = models.CharField(
        _("status"), max_length=12, choices=OrderStatus.choices, default=OrderStatus.PENDING
    )
    payment_status = models.GeneratedField(
        expression=PAYMENT_STATUS,
        output_field=models.CharField(_("payment"), max_length=20, choices=PaymentStatus.choices),
        db_persist=True,
        verbose_name=_("payment"),
    )
    fulfilment_status = models.GeneratedField(
        expression=FULFILMENT_STATUS,
        output_field=models.CharField(
            _("fulfilment"), max_length=20, choices=FulfilmentStatus.choices
        ),
        db_persist=True,
        verbose_name=_("fulfilment"),
    )
    currency = currency_field()
    prices_include_tax = models.BooleanField(_("prices include tax"), default=True)
    net_amount = amount_field(_("net"))
    tax_amount = amount_field(_("tax"))
    total_amount = amount_field(_("total"))
    authorised_amount = amount_field(_("authorised"), default=0, db_default=0)
    captured_amount = amount_field(_("captured"), default=0, db_default=0)
    refunded_amount = amount_field(_("refunded"), default=0, db_default=0)
    ordered_quantity = counter(_("ordered"))
    short_quantity = counter(_("waiting for stock"))
    reserved_quantity = counter(_("reserved"))
    shipped_quantity = counter(_("shipped"))
    delivered_quantity = counter(_("delivered"))
    cancelled_quantity = counter(_("cancelled"))
    returned_quantity = counter(_("returned"))
    open_holds = counter(_("open holds"))
    priority = models.SmallIntegerField(
        _("priority"),
        default=0,
        db_default=0,
        validators=[MinValueValidator(-100), MaxValueValidator(100)],
    )
    tags = tags_column()
    ship_to = models.ForeignKey(
        Address, models.PROTECT, related_name="+", db_index=False, verbose_name=_("ship to")
    )
    bill_to = models.ForeignKey(
        Address, models.PROTECT, related_name="+", db_index=False, verbose_name=_("bill to")
    )
    promised_on = models.DateField(_("promised by"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    released_at = models.DateTimeField(_("released at"), null=True)
    picking_started_at = models.DateTimeField(_("picking started at"), null=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [
            ("confirm_order", _("Can confirm orders")),
            ("release_order", _("Can release orders")),
            ("cancel_order", _("Can cancel orders")),
            ("hold_order", _("Can hold orders")),
            ("edit_order", _("Can edit orders")),
            ("route_order", _("Can choose warehouses of orders anew")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="order_once"),
            rounded_check(
                "order_rounded",
                "net_amount",
                "tax_amount",
                "total_amount",
                "authorised_amount",
                "captured_amount",
                "refunded_amount",
            ),
            models.CheckConstraint(
                condition=Q(total_amount=F("net_amount") + F("tax_amount")), name="order_adds_up"
            ),
            models.CheckConstraint(
                condition=Q(captured_amount__gte=0, refunded_amount__gte=0)
                & Q(refunded_amount__lte=F("captured_amount")),
                name="order_refunds_within_captured",
            ),
            models.CheckConstraint(condition=Q(open_holds__gte=0), name="order_holds_counted"),
            few_tags("order_tags_few"),
        ]
        indexes = [
            # The list's default order, and the same within a status.
            models.Index("placed_at", "id", name="order_placed"),
            models.Index("status", "placed_at", "id", name="order_status_placed"),
            # Most orders have none and cost nothing.
            GinIndex("tags", name="order_tags", condition=~Q(tags=[])),
            models.Index("external_id", name="order_external"),
            # What waits is little of the whole.
            models.Index("placed_at", "id", name="order_held", condition=Q(open_holds__gt=0)),
            models.Index("placed_at", "id", name="order_short", condition=Q(short_quantity__gt=0)),
            models.Index(
                "placed_at", "id", name="order_refunded", condition=Q(refunded_amount__gt=0)
            ),
            models.Index(
                "placed_at", "id", name="order_returned", condition=Q(returned_quantity__gt=0)
            ),
            models.Index("placed_at", "id", name="order_urgent", condition=Q(priority__gt=0)),
        ]

    @property
    def number(self) -> str:
        return self.order_number


class OrderLine(models.Model):
    """One thing sold, with the counters of what became of it."""

    serves = ("order",)

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", verbose_name=_("order"))
    position = models.SmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind.choices)
    sku = models.ForeignKey(
        Sku, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("SKU")
    )
    seller = models.ForeignKey(
        Seller,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("seller"),
    )
    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("warehouse"),
    )
    kit_line = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="components", db_index=False
    )
    external_id = models.CharField(_("external id"), max_length=120, default="", db_default="")
    description = models.CharField(_("description"), max_length=300, default="", db_default="")
    is_stocked = models.BooleanField(_("stocked"), default=False, db_default=False)
    quantity = models.IntegerField(_("quantity"))
    reserved = counter(_("reserved"))
    shipped = counter(_("shipped"))
    delivered = counter(_("delivered"))
    cancelled = counter(_("cancelled"))
    returned = counter(_("returned"))
    unit_price = amount_field(_("unit price"))
    tax_rate = models.DecimalField(_("tax rate"), max_digits=7, decimal_places=5, default=0)
    net_amount = amount_field(_("net"))
    tax_amount = amount_field(_("tax"))
    gross_amount = amount_field(_("gross"))

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0, shipped__gte=0, delivered__gte=0)
                & Q(cancelled__gte=0, returned__gte=0),
                name="line_counters_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("reserved") + F("shipped") + F("cancelled")),
                name="line_within_ordered",
            ),
            models.CheckConstraint(
                condition=Q(delivered__lte=F("shipped")) & Q(returned__lte=F("delivered")),
                name="line_in_sequence",
            ),
            models.CheckConstraint(
                condition=Q(gross_amount=F("net_amount") + F("tax_amount")), name="line_adds_up"
            ),
            models.CheckConstraint(
                condition=~Q(kind=LineKind.ITEM) | Q(sku__isnull=False), name="line_item_has_sku"
            ),
        ]
        indexes = [
            # The orders with a SKU; the orders that a seller or a warehouse has a part of.
            models.Index("sku", "order", name="line_sku", condition=Q(sku__isnull=False)),
            models.Index("seller", "order", name="line_seller", condition=Q(seller__isnull=False)),
            models.Index(
                "warehouse", "order", name="line_warehouse", condition=Q(warehouse__isnull=False)
            ),
            # Back-orders of a SKU, when stock arrives.
            models.Index(
                "sku",
                "order",
                name="line_waiting",
                condition=Q(is_stocked=True)
                & Q(quantity__gt=F("reserved") + F("shipped") + F("cancelled")),
            ),
        ]

    def __str__(self) -> str:
        return f"{number_of(Order, self.order_id)}/{self.position}"


class Hold(models.Model):
    """Why an order must not go on, by whom, until when; placed under the order's lock."""

    personal_fields = ("note",)

    order = models.ForeignKey(Order, models.PROTECT, related_name="holds", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=12, choices=HoldReason.choices)
    note = models.CharField(_("note"), max_length=300, default="", db_default="")
    placed_at = models.DateTimeField(_("placed at"), db_default=Now())
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("placed by")
    )
    until = models.DateTimeField(_("until"), null=True, blank=True)
    released_at = models.DateTimeField(_("released at"), null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("released by"),
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [models.Index("until", name="hold_until", condition=Q(released_at__isnull=True))]

    def __str__(self) -> str:
        return self.get_reason_display()


class Note(AppendOnlyModel):
    """What staff wrote about an order."""

    personal_fields = ("text",)

    order = models.ForeignKey(Order, models.PROTECT, related_name="notes", verbose_name=_("order"))
    text = models.TextField(_("text"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("author")
    )
    written_at = models.DateTimeField(_("written at"), db_default=Now())

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return self.text[:60]
