"""Payments, refunds, invoices and credit notes."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.core.wording import told
from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import badge, money
from backoffice.ui.grid import link
from finance.admin.papers import PaperMixin
from finance.choices import COLOURS, RefundStatus
from finance.models import (
    CreditNote,
    DocumentSeries,
    Invoice,
    Payment,
    PaymentProvider,
    Refund,
    RefundLine,
    RefundPolicy,
)
from finance.selectors.ledger import invoice_lines
from finance.services.payments import void_payments
from finance.services.refund_results import pay_refunds_by_hand
from finance.services.refunds import approve_refunds, cancel_refunds
from finance.states import PAYMENT, REFUND


@admin.register(Payment)
class PaymentAdmin(DocumentAdmin):
    why_no_import = _("Payments are told by their provider.")
    search_rank = 5
    machine = PAYMENT
    verbs = {"void": void_payments}
    list_display = (
        "number",
        "order",
        badge("status", COLOURS),
        money("amount", _("amount")),
        money("captured_amount", _("captured")),
        money("refunded_amount", _("refunded")),
        "provider",
        "method",
    )
    list_select_related = ("order",)
    search_fields = ("number__exact", "external_id__exact", "order__order_number__exact")


class RefundLineInline(ReadOnlyInline):
    model = RefundLine
    fields = ("order_line", "amount")
    readonly_fields = fields


@admin.register(Refund)
class RefundAdmin(DocumentAdmin):
    why_no_import = _("Refunds arise from returns and cancelled orders, or on the order's page.")
    search_rank = 9
    tabs = (
        (_("To be approved"), "status=REQUESTED"),
        (_("Without an answer"), "status=UNKNOWN"),
    )
    waits = Waits(
        {"status": RefundStatus.REQUESTED},
        lambda row: format_html(
            "{} · {} · {}", link(row.order), row.get_kind_display(), told(row.reason)
        ),
        lambda row: (row.amount, row.currency),
        reject="cancel",
        related=("created_by", "order"),
    )
    machine = REFUND
    verbs = {"approve": approve_refunds, "cancel": cancel_refunds, "succeed": pay_refunds_by_hand}
    list_display = (
        "number",
        "order",
        badge("status", COLOURS),
        "kind",
        money("amount", _("amount")),
        "created_by",
        "approved_by",
    )
    list_select_related = ("order", "created_by", "approved_by")
    search_fields = ("number__exact", "order__order_number__exact", "payment__number__exact")
    inlines = (RefundLineInline,)


@admin.register(Invoice)
class InvoiceAdmin(PaperMixin, DocumentAdmin):
    why_no_import = _("Invoices are issued for delivered orders, without gaps.")
    list_display = ("number", "order", "issued_on", "gross_amount", "currency", "credited_amount")
    list_select_related = ("order",)
    search_fields = ("number__exact", "order__order_number__exact")
    readonly_fields = ("charged",)

    @admin.display(description=_("lines"))
    def charged(self, invoice: Invoice) -> SafeString:
        rows = [
            (line.position, line.description, line.quantity, line.net_amount, line.tax_amount)
            for line in invoice_lines(invoice.pk)
        ]
        cells = "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>"
        return format_html("<table>{}</table>", format_html_join("", cells, rows))


@admin.register(CreditNote)
class CreditNoteAdmin(PaperMixin, DocumentAdmin):
    why_no_import = _("Credit notes are issued for refunds, without gaps.")
    list_display = ("number", "invoice", "refund", "issued_on", "gross_amount", "currency")
    list_select_related = ("invoice", "refund")
    search_fields = ("number__exact", "invoice__number__exact", "refund__number__exact")


@admin.register(PaymentProvider)
class PaymentProviderAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "name", "requests_payments", "is_active")
    search_fields = ("code",)


@admin.register(RefundPolicy)
class RefundPolicyAdmin(SettingsAdmin):
    why_no_import = _("Limits that need a second person are set one by one.")
    list_display = ("currency", "approval_above", "is_active")
    search_fields = ("currency",)


@admin.register(DocumentSeries)
class DocumentSeriesAdmin(SettingsAdmin):
    why_no_import = _("The series of invoices are fixed, so that their numbers have no gaps.")
    list_display = ("code", "prefix", "last_number")
    readonly_fields = ("code", "last_number")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentSeries]:
        return super().get_queryset(request).order_by("code")
