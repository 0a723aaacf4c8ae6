"""The shipment's screens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import ReadOnlyInline
from backoffice.ui.display import badge
from logistics.admin.printing import PRINTED, PrintsMixin
from logistics.choices import COLOURS
from logistics.models import Parcel, Shipment, ShipmentLine
from logistics.selectors.papers import slips
from logistics.services.cancelling import cancel_shipments
from logistics.services.handover import hand_over_shipments
from logistics.services.packing import pack_whole
from logistics.services.picking import create_pick_lists
from logistics.services.printing import print_slips
from logistics.states import SHIPMENT


class ShipmentLineInline(ReadOnlyInline):
    model = ShipmentLine
    fields = ("order_line", "sku", "quantity", "given_up")
    readonly_fields = fields
    ordering = ("id",)

    @admin.display(description=_("SKU"))
    def sku(self, line: ShipmentLine) -> object:
        return line.order_line.sku

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("order_line__sku")


class ParcelInline(ReadOnlyInline):
    model = Parcel
    fields = ("number", "account", "service", "tracking_number", "status", "shipped_at")
    readonly_fields = fields
    ordering = ("id",)
    show_change_link = True

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("account")


@admin.register(Shipment)
class ShipmentAdmin(PrintsMixin):
    why_no_import = _("Shipments are planned from released orders.")
    search_rank = 2
    tabs = (
        (_("To be picked"), "status=PLANNED"),
        (_("Picking"), "status=PICKING"),
        (_("To be handed over"), "status=PACKED"),
        (_("Slip not printed"), "status=PLANNED&status=PICKING&status=PACKED&is_printed=false"),
    )
    machine = SHIPMENT
    verbs = {
        "pick": create_pick_lists,
        "pack": pack_whole,
        "ship": hand_over_shipments,
        "cancel": cancel_shipments,
        "print": print_slips,
    }
    paper = slips
    paper_template = "logistics/slip.html"
    print_label = _("Print packing slips")
    list_display = (
        "number",
        "order",
        badge("status", COLOURS),
        "warehouse",
        "seller",
        "ship_on",
        "picked_at",
        "shipped_at",
        "delivered_at",
        PRINTED,
    )
    list_select_related = ("order", "warehouse", "seller", "printed_by")
    search_fields = (
        *("number__exact", "order__order_number__exact", "parcels__tracking_number__exact"),
    )
    search_help_text = _("Shipment, order or tracking number")
    inlines = (ShipmentLineInline, ParcelInline)
    fields = (
        ("number", "order", "origin"),
        ("warehouse", "seller", "status", "ship_on", "uncovered_quantity"),
        ("picked_at", "packed_at", "shipped_at", "delivered_at", "cancelled_at"),
        ("prints", "printed_at", "printed_by"),
        ("created_at", "created_by", "updated_at", "modified_by", "version"),
    )
