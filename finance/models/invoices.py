"""Invoices and credit notes, numbered without gaps."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, BusinessDocument, SettingsModel
from backoffice.core.money import amount_field, currency_field, rounded_check
from finance.models.payments import Refund
from orders.models import Order


class DocumentSeries(SettingsModel):
    """The counter of a series: taken last in a short transaction, so that no number is lost."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    prefix = models.CharField(_("prefix"), max_length=10)
    last_number = models.BigIntegerField(_("last number"), default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("document series")
        verbose_name_plural = _("document series")

    def __str__(self) -> str:
        return self.code


class Invoice(BusinessDocument):
    """What a customer was charged for an order, issued once all of it is delivered."""

    lock_rank = 68
    serves = ("order",)

    number = models.CharField(_("number"), max_length=30, unique=True)
    sequence = models.BigIntegerField(_("sequence"), unique=True)
    order = models.OneToOneField(
        Order, models.PROTECT, related_name="invoice", verbose_name=_("order")
    )
    issued_on = models.DateField(_("issued on"))
    currency = currency_field()
    net_amount = amount_field(_("net"))
    tax_amount = amount_field(_("tax"))
    gross_amount = amount_field(_("gross"))
    credited_amount = amount_field(_("credited"), default=0, db_default=0)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            rounded_check(
                "invoice_rounded", "net_amount", "tax_amount", "gross_amount", "credited_amount"
            ),
            models.CheckConstraint(
                condition=Q(gross_amount=F("net_amount") + F("tax_amount")),
                name="invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(credited_amount__gte=0, credited_amount__lte=F("gross_amount")),
                name="invoice_credited_within",
            ),
        ]


class InvoiceLine(AppendOnlyModel):
    """A line as it was charged."""

    invoice_id = models.BigIntegerField(_("invoice"))
    position = models.SmallIntegerField(_("position"))
    order_line_id = models.BigIntegerField(_("order line"))
    description = models.CharField(_("description"), max_length=300)
    quantity = models.IntegerField(_("quantity"))
    unit_price = amount_field(_("unit price"))
    tax_rate = models.DecimalField(_("tax rate"), max_digits=7, decimal_places=5)
    net_amount = amount_field(_("net"))
    tax_amount = amount_field(_("tax"))
    gross_amount = amount_field(_("gross"))

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        constraints = [
            models.UniqueConstraint(fields=["invoice_id", "position"], name="invoice_line_once"),
            models.CheckConstraint(
                condition=Q(gross_amount=F("net_amount") + F("tax_amount")),
                name="invoice_line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id}/{self.position}"


class CreditNote(BusinessDocument):
    """What an invoice gives back for one refund."""

    lock_rank = 69
    serves = ("invoice",)

    number = models.CharField(_("number"), max_length=30, unique=True)
    sequence = models.BigIntegerField(_("sequence"), unique=True)
    invoice = models.ForeignKey(
        Invoice, models.PROTECT, related_name="credit_notes", verbose_name=_("invoice")
    )
    refund = models.OneToOneField(
        Refund, models.PROTECT, related_name="credit_note", verbose_name=_("refund")
    )
    issued_on = models.DateField(_("issued on"))
    currency = currency_field()
    net_amount = amount_field(_("net"))
    tax_amount = amount_field(_("tax"))
    gross_amount = amount_field(_("gross"))

    class Meta:
        verbose_name = _("credit note")
        verbose_name_plural = _("credit notes")
        constraints = [
            rounded_check("credit_note_rounded", "net_amount", "tax_amount", "gross_amount"),
            models.CheckConstraint(
                condition=Q(gross_amount=F("net_amount") + F("tax_amount")),
                name="credit_note_adds_up",
            ),
        ]
