"""The order's screens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline
from backoffice.ui.display import badge, money, number
from orders.choices import COLOURS
from orders.models import Hold, Note, Order, OrderEdit, OrderLine
from orders.services.given import OPTIONAL
from orders.services.holds import place_holds, release_holds
from orders.services.update import STEPS
from orders.states import ORDER

STATUS = badge("status", COLOURS, _("status"))
PAYMENT = badge("payment_status", COLOURS, _("payment"))
FULFILMENT = badge("fulfilment_status", COLOURS, _("fulfilment"))


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
        (_("Waiting for stock"), "is_short=true&status=PENDING&status=CONFIRMED"),
        (_("In the warehouse"), "status=RELEASED&fulfilment_status=UNFULFILLED"),
    )
    machine = ORDER
    inverses = {"hold": "release_hold"}
    verbs = STEPS | {"hold": place_holds, "release_hold": release_holds}
    list_display = (
        "order_number",
        "channel",
        "customer",
        money("total_amount", _("total")),
        "placed_at",
        STATUS,
        PAYMENT,
        FULFILMENT,
        number("short_quantity", _("short")),
    )
    list_select_related = ("channel", "customer")
    search_fields = (
        *("order_number__exact", "external_id__exact"),
        *("customer__email__istartswith", "customer__name"),
    )
    search_help_text = _("Number, external id, tracking number, customer, e-mail")
    ordering = ("-placed_at", "-id")
    headline = ("customer", money("total_amount", _("total")), "placed_at")
    inlines = (OrderLineInline, HoldInline, NoteInline, OrderEditInline)
    fields = (
        *("external_id", "channel", "origin", "ship_to", "bill_to", *OPTIONAL),
        *("confirmed_at", "released_at", "shipped_at", "delivered_at"),
        *("completed_at", "cancelled_at", "open_holds", "short_quantity", "tags"),
        *("net_amount", "tax_amount", "total_amount", "currency"),
        *("authorised_amount", "captured_amount", "refunded_amount"),
        *("created_by", "modified_by", "updated_at"),
    )
