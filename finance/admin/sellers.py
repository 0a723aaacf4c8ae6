"""Contracts, statements, payouts and settled orders."""

from itertools import islice
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.core.exports import csv_response
from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import NOTHING, badge, money
from backoffice.ui.grid import amount, grid, link
from finance.admin.papers import PaperMixin
from finance.charges import labelled
from finance.choices import COLOURS, PayoutStatus
from finance.models import (
    CommissionContract,
    OrderSettlement,
    Payout,
    SellerStatement,
    SettlementDue,
)
from finance.papers.tables import HEADER, statement_rows
from finance.selectors.statements import statement_entries
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.states import PAYOUT

SHOWN = 100


@admin.register(CommissionContract)
class CommissionContractAdmin(SettingsAdmin):
    import_key = ("seller", "currency")
    list_display = (
        "name",
        "seller",
        "currency",
        "commission_rate",
        "settlement_delay_days",
        "reserve_share",
        "payout_schedule",
        "payout_block",
        "is_active",
    )
    list_select_related = ("seller",)
    raw_id_fields = ("seller",)
    search_fields = ("name", "seller__code__exact")


@admin.register(SellerStatement)
class SellerStatementAdmin(PaperMixin, DocumentAdmin):
    why_no_import = _("Statements are made by the settlement of each period.")
    list_display = (
        "number",
        "seller",
        "starts_on",
        "ends_on",
        money("sales_amount", _("sales")),
        money("refunds_amount", _("refunds")),
        money("payouts_amount", _("payouts")),
        money("held_amount", _("reserve held")),
        money("closing_amount", _("closing balance")),
    )
    list_select_related = ("seller",)
    search_fields = ("number__exact", "seller__code__exact")
    also = (("csv", "CSV"),)

    def take_along(self, row: Any, kind: str) -> HttpResponseBase:
        if kind == "csv":
            return csv_response(row.number, HEADER, statement_rows(row))
        return super().take_along(row, kind)

    def page_panels(self, request: HttpRequest, row: Any) -> list[tuple[Any, str]]:
        head = (_("Date"), _("What"), _("Order or payout"), _("Gross"), _("Charges"), _("Amount"))
        rows = [
            (
                entry.day,
                entry.label,
                entry.reference,
                *(
                    NOTHING if value is None else amount(value, row.currency)
                    for value in (entry.gross, entry.charges, entry.amount)
                ),
            )
            for entry in islice(statement_entries(row.pk), SHOWN)
        ]
        panels = super().page_panels(request, row)
        return [(_("Every entry"), grid(head, rows, _("None."))), *panels]


@admin.register(Payout)
class PayoutAdmin(DocumentAdmin):
    why_no_import = _("Payouts are made from sellers' statements.")
    waits = Waits(
        {"status": PayoutStatus.DRAFT},
        lambda row: format_html("{} · {}", row.seller, link(row.statement)),
        lambda row: (row.amount, row.currency),
        reject="cancel",
        related=("created_by", "seller", "statement"),
    )
    machine = PAYOUT
    verbs = {
        "approve": approve_payouts,
        "cancel": cancel_payouts,
        "send": send_payouts,
        "pay": pay_payouts,
        "fail": fail_payouts,
    }
    list_display = (
        "number",
        "seller",
        badge("status", COLOURS),
        money("amount", _("amount")),
        "statement",
        "created_by",
        "approved_by",
    )
    list_select_related = ("seller", "statement", "created_by", "approved_by")
    search_fields = ("number__exact", "seller__code__exact")


@admin.register(OrderSettlement)
class OrderSettlementAdmin(ReadOnlyAdmin):
    why_no_import = _("Orders are settled after their return window.")
    list_display = (
        "order_id",
        "seller_id",
        money("gross_amount", _("gross")),
        money("tax_amount", _("tax")),
        money("charges_amount", _("charges")),
        money("payable_amount", _("payable")),
        "settles_on",
    )
    search_fields = ("order_id__exact",)
    ordering = ("-id",)
    exclude = ("charges",)
    readonly_fields = ("levied",)

    @admin.display(description=_("charges"))
    def levied(self, settled: OrderSettlement) -> SafeString:
        rows = [
            (capfirst(str(label)), amount(value, settled.currency))
            for label, value in labelled(settled.charges)
        ]
        body = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", rows)
        return format_html("<table>{}</table>", body)


@admin.register(SettlementDue)
class SettlementDueAdmin(ReadOnlyAdmin):
    why_no_import = _("What is due follows from deliveries and contracts.")
    list_display = ("order", "due_at")
    list_select_related = ("order",)
    search_fields = ("order__order_number__exact",)
    ordering = ("due_at", "pk")
