"""Contracts, statements, payouts and settled orders."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.exports import csv_response
from backoffice.core.models import number_of
from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin, RecordAdmin, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import badge, money
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
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.states import PAYOUT
from inventory.models import Seller
from orders.models import Order

OWN_GOODS = _("own goods")


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
    kinds = (*PaperMixin.kinds, ("csv", "CSV"))
    readonly_fields = ("agreed",)
    fields = (
        *("seller", "agreed", "currency", "starts_on", "ends_on"),
        *("opening_amount", "sales_amount", "refunds_amount", "payouts_amount", "other_amount"),
        *("held_amount", "released_amount", "reserve_release_on", "closing_amount"),
        *("created_by", "created_at"),
    )

    @admin.display(description=_("contract"))
    def agreed(self, statement: SellerStatement) -> str:
        return link(CommissionContract.objects.get(pk=statement.contract_id))

    def take_along(self, row: Any, kind: str) -> HttpResponseBase:
        if kind == "csv":
            return csv_response(row.number, HEADER, statement_rows(row))
        return super().take_along(row, kind)


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
class OrderSettlementAdmin(RecordAdmin):
    why_no_import = _("Orders are settled after their return window.")
    list_display = (
        "number",
        "seller",
        money("gross_amount", _("gross")),
        money("tax_amount", _("tax")),
        money("charges_amount", _("charges")),
        money("payable_amount", _("payable")),
        "settles_on",
    )
    search_fields = ("order_id__exact",)
    search_help_text = _("Digits of the order's number")
    ordering = ("-id",)
    fields = (
        *("order", "seller", "contract", "lines"),
        *("gross_amount", "tax_amount", "charges_amount", "payable_amount", "currency"),
        *("delivered_on", "settles_on", "settled_at", "source"),
    )
    headline = (money("payable_amount", _("payable")), "settles_on")

    def fill(self, rows: Sequence[OrderSettlement]) -> None:
        """Load the sellers of a page."""
        sellers = Seller.objects.in_bulk({row.seller_id for row in rows if row.seller_id})
        for row in rows:
            row.bo_seller = sellers.get(row.seller_id or 0)  # type: ignore[attr-defined]

    @admin.display(description=_("order"), ordering="order_id")
    def number(self, settled: OrderSettlement) -> str:
        return number_of(Order, settled.order_id)

    @admin.display(description=_("order"))
    def order(self, settled: OrderSettlement) -> str:
        return link(Order.objects.get(pk=settled.order_id))

    @admin.display(description=_("seller"))
    def seller(self, settled: OrderSettlement) -> str:
        if not hasattr(settled, "bo_seller"):
            self.fill([settled])
        seller = settled.bo_seller  # type: ignore[attr-defined]
        return link(seller) if seller else str(OWN_GOODS)

    @admin.display(description=_("contract"))
    def contract(self, settled: OrderSettlement) -> str:
        return link(CommissionContract.objects.get(pk=settled.contract_id))

    @admin.display(description=_("origin"))
    def source(self, settled: OrderSettlement) -> str:
        return str(Origin(settled.origin).label)

    def page_panels(self, request: HttpRequest, row: OrderSettlement) -> list[tuple[Any, str]]:
        levied = [
            (capfirst(str(label)), amount(value, row.currency))
            for label, value in labelled(row.charges)
        ]
        charges = grid((_("What"), _("Amount")), levied, _("No charges."))
        return [(_("Charges"), charges), *super().page_panels(request, row)]


@admin.register(SettlementDue)
class SettlementDueAdmin(ReadOnlyAdmin):
    why_no_import = _("What is due follows from deliveries and contracts.")
    list_display = ("order", "due_at")
    list_select_related = ("order",)
    search_fields = ("order__order_number__exact",)
    ordering = ("due_at", "pk")
