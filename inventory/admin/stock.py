"""Stock: levels with their adjustments, bins, the ledger, promises."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import badge, number
from inventory.choices import COLOURS, MoveKind
from inventory.models import Allocation, BinStock, Location, Reservation, StockLevel, StockMove
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, post_moves


class AdjustForm(forms.Form):
    """A counted difference, or units that are written off."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[(k.value, k.label) for k in (MoveKind.ADJUSTMENT, MoveKind.WRITE_OFF)],
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("Difference"),
        min_value=-(10**9),
        max_value=10**9,
        help_text=gettext_lazy("Units more, or fewer with a minus."),
    )
    location = forms.ModelChoiceField(
        Location.objects.none(), label=gettext_lazy("Location"), required=False
    )
    unit_cost = forms.DecimalField(
        label=gettext_lazy("Unit cost, for what comes in"),
        min_value=0,
        max_digits=20,
        decimal_places=4,
        required=False,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def __init__(self, level: StockLevel, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        bins = Location.objects.filter(warehouse=level.warehouse_id, is_active=True)
        self.fields["location"].queryset = bins.order_by("code")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        quantity = data.get("quantity")
        if quantity == 0 or (quantity and quantity > 0 and data.get("kind") == MoveKind.WRITE_OFF):
            raise forms.ValidationError(_("A write-off is below zero, and nothing is zero."))
        return data


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin):
    list_display = (
        "sku",
        "warehouse",
        number("on_hand", gettext_lazy("on hand")),
        number("reserved", gettext_lazy("reserved")),
        number("quarantined", gettext_lazy("quarantined")),
        number("available", gettext_lazy("available")),
        "average_cost",
        "adjust_link",
    )
    list_select_related = ("sku", "warehouse")
    search_fields = ("sku__code__istartswith", "sku__barcode__exact")
    ordering = ("-id",)

    @admin.display(description="")
    def adjust_link(self, level: StockLevel) -> str:
        url = reverse("admin:inventory_stocklevel_adjust", args=[level.pk])
        return format_html('<a href="{}">{}</a>', url, _("Adjust"))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.adjust_view)
        own = path("<int:pk>/adjust/", view, name="inventory_stocklevel_adjust")
        return [own, *super().get_urls()]

    def adjust_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a difference (GET), then post it to the ledger (POST)."""
        if not request.user.has_perm("inventory.add_stockmove"):  # type: ignore[union-attr]
            raise PermissionDenied
        level = get_object_or_404(self.get_queryset(request), pk=pk)
        form = AdjustForm(level, request.POST if request.method == "POST" else None)
        back = reverse("admin:inventory_stocklevel_changelist")
        if form.is_valid() and self._post(request, level, form):
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": _("Adjust stock"),
            "opts": self.opts,
            "subject": level,
            "facts": [
                (_("On hand"), level.on_hand),
                (_("Reserved"), level.reserved),
                (_("Available"), level.available),
            ],
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "inventory/dialog.html", context)

    def _post(self, request: HttpRequest, level: StockLevel, form: AdjustForm) -> bool:
        data = form.cleaned_data
        location = data["location"]
        move = Move(
            kind=data["kind"],
            sku_id=level.sku_id,
            warehouse_id=level.warehouse_id,
            quantity=data["quantity"],
            location_id=location.pk if location else None,
            unit_cost=data["unit_cost"],
        )
        try:
            post_moves([move], now=timezone.now(), reason=data["reason"])
        except InsufficientStockError as error:
            form.add_error("quantity", str(error))
            return False
        messages.success(request, _("The stock was adjusted."))
        return True


@admin.register(BinStock)
class BinStockAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Stock in bins follows from its moves.")
    list_display = (
        "sku",
        "location",
        "lot",
        number("on_hand", gettext_lazy("on hand")),
        number("allocated", gettext_lazy("allocated")),
        "stocked_at",
    )
    list_select_related = ("sku", "location", "lot")
    search_fields = ("sku__code__istartswith", "location__code__exact")
    ordering = ("-id",)


@admin.register(StockMove)
class StockMoveAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Moves are posted by receipts, shipments, returns and counts.")
    list_display = (
        "occurred_at",
        badge("kind", COLOURS),
        "sku",
        "warehouse",
        "location",
        number("quantity", gettext_lazy("quantity")),
        "unit_cost",
        "reason",
    )
    list_select_related = ("sku", "warehouse", "location")
    search_fields = ("sku__code__exact",)
    ordering = ("-id",)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Stock is reserved when orders are confirmed.")
    list_display = ("sku", "warehouse", "quantity", "for_type", "for_id", "promised_at")
    list_select_related = ("sku", "warehouse")
    search_fields = ("sku__code__exact", "for_id__exact")
    ordering = ("-id",)


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Bins are allocated by pick lists.")
    list_display = ("sku", "location", "lot", "quantity", "for_type", "for_id", "allocated_at")
    list_select_related = ("sku", "location", "lot")
    search_fields = ("sku__code__exact", "for_id__exact")
    ordering = ("-id",)
