"""The parcel's screens."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import ReadOnlyInline
from backoffice.ui.display import badge
from backoffice.ui.grid import amount, link
from logistics.admin.printing import PRINTED, PrintsMixin
from logistics.choices import COLOURS
from logistics.models import DeliveryException, Parcel, ParcelLine, Tracking, TrackingEvent
from logistics.selectors.papers import labels
from logistics.services.giving_up import refund_parcels, send_again
from logistics.services.handover import hand_over_parcels
from logistics.services.printing import print_labels
from logistics.services.scans import deliver_by_hand
from logistics.states import PARCEL


class ParcelLineInline(ReadOnlyInline):
    model = ParcelLine
    fields = ("order_line", "sku", "quantity")
    readonly_fields = fields
    ordering = ("id",)

    @admin.display(description=_("order line"))
    def order_line(self, line: ParcelLine) -> object:
        return line.shipment_line.order_line

    @admin.display(description=_("SKU"))
    def sku(self, line: ParcelLine) -> object:
        return line.shipment_line.order_line.sku

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("shipment_line__order_line__sku")


class ScanInline(ReadOnlyInline):
    model = TrackingEvent
    fields = ("occurred_at", "status", "kind", "code", "description", "location", "source")
    readonly_fields = (*fields, "recorded_at")
    ordering = ("-occurred_at", "-id")


class TrackingInline(ReadOnlyInline):
    model = Tracking
    fields = (
        *("next_poll_at", "last_polled_at", "push_seen_at", "first_scan_at", "last_scan_at"),
        *("failures", "error"),
    )
    readonly_fields = fields


class ExceptionInline(ReadOnlyInline):
    model = DeliveryException
    fields = ("number", "kind", "status", "detail", "opened_at", "resolved_at", "resolution")
    readonly_fields = fields
    ordering = ("-id",)
    show_change_link = True


@admin.register(Parcel)
class ParcelAdmin(PrintsMixin):
    why_no_import = _("Parcels are made when shipments are packed.")
    search_rank = 3
    machine = PARCEL
    verbs = {
        "ship": hand_over_parcels,
        "deliver": deliver_by_hand,
        "send_again": send_again,
        "refund": refund_parcels,
        "print": print_labels,
    }
    paper = labels
    paper_template = "logistics/label.html"
    print_label = _("Print labels")
    tabs = (
        (_("To be handed over"), "status=LABELLED"),
        (_("Label not printed"), "status=LABELLED&is_printed=false"),
        (_("Waits for its tracking number"), "needs_number=true"),
        (_("Lost or coming back"), "is_stranded=true"),
    )
    list_display = (
        "number",
        badge("status", COLOURS),
        "tracking_number",
        "account",
        "service",
        "shipped_at",
        "delivered_at",
        "promised_on",
        PRINTED,
    )
    list_select_related = ("account", "printed_by")
    search_fields = (
        *("number__exact", "tracking_number__exact", "shipment__order__order_number__exact"),
    )
    search_help_text = _("Parcel, tracking or order number")
    readonly_fields = ("order", "tracking_page", "label_page", "price")
    inlines = (ParcelLineInline, ScanInline, ExceptionInline, TrackingInline)
    headline = ("order", "tracking_number")
    fields = (
        ("number", "order", "shipment", "origin"),
        ("account", "service", "tracking_number", "tracking_page"),
        ("status", "weight_grams", "label_page", "price"),
        ("labelled_at", "shipped_at", "delivered_at", "promised_on"),
        ("prints", "printed_at", "printed_by"),
        ("given_up_at", "remedy"),
        ("created_at", "created_by", "updated_at", "modified_by", "version"),
    )

    @admin.display(description=_("order"))
    def order(self, parcel: Parcel) -> str:
        return link(parcel.shipment.order)

    @admin.display(description=_("label"))
    def label_page(self, parcel: Parcel) -> str:
        if not parcel.label_url.startswith(("https://", "http://")):
            return parcel.label_url
        text = _("Open the label")
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', parcel.label_url, text)

    @admin.display(description=_("label cost"))
    def price(self, parcel: Parcel) -> str:
        return "" if parcel.label_cost is None else amount(parcel.label_cost, parcel.label_currency)

    @admin.display(description=_("tracking page"))
    def tracking_page(self, parcel: Parcel) -> str:
        address = parcel.account.carrier.tracking_url
        if not address.startswith(("https://", "http://")) or not parcel.tracking_number:
            return "–"
        number = urlencode({"": parcel.tracking_number})[1:]
        url = address.replace("{number}", number)
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', url, url)
