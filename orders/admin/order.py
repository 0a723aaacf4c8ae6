"""The order's screens."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline
from backoffice.ui.display import badge, moments, money, number
from orders.admin.holds import HOLD_COLUMNS, STATUS, fill, waits_for
from orders.choices import COLOURS, Stage
from orders.models import Hold, Note, Order, OrderEdit, OrderLine
from orders.services.given import OPTIONAL
from orders.services.holds import place_holds, release_holds
from orders.services.rerouting import reroute_orders
from orders.services.update import STEPS
from orders.states import ORDER

PAYMENT = badge("payment_status", COLOURS, _("payment"))
FULFILMENT = badge("fulfilment_status", COLOURS, _("fulfilment"))
SHORT = number("short_quantity", _("short"))


def _stage(order: Any) -> object:
    return Stage(order.stage).label


def _since(order: Any) -> object:
    return moments(timezone.now())(order.stage_since)


_stage.short_description = _("stage")  # type: ignore[attr-defined]
_since.short_description = _("in this stage since")  # type: ignore[attr-defined]
STAGE_COLUMNS = (_stage, _since)


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        *("sku", "description", "quantity", "reserved", "shipped", "delivered", "cancelled"),
        *("returned", "unit_price", "gross_amount", "warehouse", "seller", "kind"),
        *("net_amount", "tax_amount", "tax_rate"),
    )
    readonly_fields = fields
    ordering = ("position",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("sku", "warehouse", "seller")


class HoldInline(ReadOnlyInline):
    model = Hold
    fields = ("reason", "note", "placed_at", "placed_by", "until", "released_at", "released_by")
    readonly_fields = fields
    ordering = ("-id",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("placed_by", "released_by")


class NoteInline(ReadOnlyInline):
    model = Note
    fields = ("written_at", "author", "text")
    readonly_fields = fields
    ordering = ("-id",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("author")


class OrderEditInline(ReadOnlyInline):
    model = OrderEdit
    fields = ("number", "status", "total_before", "total_after", "note", "created_by", "created_at")
    readonly_fields = fields
    ordering = ("-id",)
    show_change_link = True


@admin.register(Order)
class OrderAdmin(DocumentAdmin):
    search_rank = 1
    tabs = (
        (_("To be confirmed"), "status=PENDING&is_held=false"),
        (_("On hold"), "is_held=true&status=PENDING&status=CONFIRMED"),
        (_("Waiting for stock"), "is_short=true"),
        (_("Stuck"), "is_stuck=true"),
        (_("In the warehouse"), "status=RELEASED&fulfilment_status=UNFULFILLED"),
    )
    machine = ORDER
    inverses = {"hold": "release_hold"}
    verbs = STEPS | {
        "hold": place_holds,
        "release_hold": release_holds,
        "reroute": reroute_orders,
    }
    list_display = (
        "order_number",
        "channel",
        "customer",
        money("total_amount", _("total")),
        "placed_at",
        STATUS,
        PAYMENT,
        FULFILMENT,
        SHORT,
    )
    list_select_related = ("channel", "customer")
    search_fields = (
        *("order_number__exact", "external_id__exact"),
        *("customer__email__istartswith", "customer__name"),
    )
    search_help_text = _("Number, external id, tracking number, customer, e-mail")
    ordering = ("-placed_at", "-id")
    headline = ("customer", money("total_amount", _("total")), "placed_at", waits_for)
    inlines = (OrderLineInline, HoldInline, NoteInline, OrderEditInline)
    fields = (
        *("external_id", "channel", "origin", "ship_to", "bill_to", *OPTIONAL),
        *("confirmed_at", "released_at", "shipped_at", "delivered_at"),
        *("completed_at", "cancelled_at", "open_holds", "short_quantity", "tags"),
        *("net_amount", "tax_amount", "total_amount", "currency"),
        *("authorised_amount", "captured_amount", "refunded_amount"),
        *("created_by", "modified_by", "updated_at"),
    )

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Show of held orders why, by whom and until when; of stuck ones the stage."""
        shown = super().get_list_display(request)
        if request.GET.get("is_held") == "true":
            away = ("channel", FULFILMENT, SHORT)
            return [*(c for c in shown if c not in away), *HOLD_COLUMNS]
        if request.GET.get("is_stuck") == "true":
            return [*(c for c in shown if c is not SHORT), *STAGE_COLUMNS]
        return shown

    def fill(self, rows: Sequence[Order]) -> None:
        """Load the holds of the rows."""
        fill(rows)
