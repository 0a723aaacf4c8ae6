"""Edits: a set of changes to one order that is shown before it is made, and made as a whole."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import Address, BusinessDocument, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from inventory.models import Sku
from orders.choices import EditKind, EditStatus
from orders.models.order import Order, OrderLine


class OrderEdit(BusinessDocument):
    """What somebody wants to change about an order, and what it does to the money.

    It holds for the version of the order that it was made on, and for no other.
    """

    lock_rank = 15
    serves = ("order",)
    personal_fields = ("note",)

    number = number_field("OE")
    order = models.ForeignKey(Order, models.PROTECT, related_name="edits", verbose_name=_("order"))
    order_version = models.IntegerField(_("version of the order"))
    status = models.CharField(
        _("status"), max_length=9, choices=EditStatus.choices, default=EditStatus.DRAFT
    )
    note = models.CharField(_("note"), max_length=300, default="", db_default="")
    follows_channel = models.BooleanField(_("follows the channel"), default=False, db_default=False)
    currency = currency_field()
    total_before = amount_field(_("total before"))
    total_after = amount_field(_("total after"))
    tax_before = amount_field(_("tax before"))
    tax_after = amount_field(_("tax after"))
    committed_at = models.DateTimeField(_("committed at"), null=True)

    class Meta:
        verbose_name = _("order edit")
        verbose_name_plural = _("order edits")
        permissions = [("approve_orderedit", _("Can approve order edits"))]
        constraints = [
            rounded_check(
                "order_edit_rounded", "total_before", "total_after", "tax_before", "tax_after"
            ),
            models.CheckConstraint(condition=Q(total_after__gte=0), name="order_edit_not_negative"),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(status=EditStatus.PROPOSED),
                name="order_edit_proposed_once",
            ),
        ]

    @property
    def total_change(self) -> Decimal:
        """By how much the customer owes more or less."""
        return self.total_after - self.total_before


class OrderEditLine(models.Model):
    """One change of an edit."""

    edit = models.ForeignKey(
        OrderEdit, models.PROTECT, related_name="lines", verbose_name=_("order edit")
    )
    position = models.SmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=15, choices=EditKind.choices)
    line = models.ForeignKey(
        OrderLine,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("order line"),
    )
    sku = models.ForeignKey(
        Sku, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=_("SKU")
    )
    quantity = models.IntegerField(_("quantity"), null=True)
    unit_price = amount_field(_("unit price"), null=True)
    tax_rate = models.DecimalField(_("tax rate"), max_digits=7, decimal_places=5, null=True)
    amount = amount_field(_("amount"), null=True)
    address = models.ForeignKey(
        Address,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("ship to"),
    )
    address_before = models.ForeignKey(
        Address,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("ship to before"),
    )

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints = [
            models.UniqueConstraint(fields=["edit", "position"], name="order_edit_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__isnull=True) | Q(quantity__gt=0),
                name="order_edit_line_quantity",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EditKind.ADJUST_TOTAL) | (Q(amount__isnull=False) & ~Q(amount=0)),
                name="order_edit_line_adjusts",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EditKind.ADD_LINE)
                | Q(sku__isnull=False, quantity__isnull=False, unit_price__isnull=False),
                name="order_edit_line_adds",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[EditKind.REMOVE_LINE, EditKind.CHANGE_QUANTITY])
                | Q(line__isnull=False),
                name="order_edit_line_names_line",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EditKind.CHANGE_QUANTITY) | Q(quantity__isnull=False),
                name="order_edit_line_counts",
            ),
            models.CheckConstraint(
                condition=~Q(kind=EditKind.CHANGE_ADDRESS) | Q(address__isnull=False),
                name="order_edit_line_addresses",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edit_id}/{self.position}"
