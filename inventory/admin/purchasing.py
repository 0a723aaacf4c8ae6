"""Suppliers, purchase orders and receipts."""

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

from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import badge, money
from inventory.choices import COLOURS, PurchaseOrderStatus
from inventory.models import (
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    Supplier,
    SupplierItem,
)
from inventory.services.purchasing import (
    approve_purchase_orders,
    cancel_purchase_orders,
    close_purchase_orders,
    send_purchase_orders,
)
from inventory.services.receiving import (
    ReceivedGoods,
    ReceiveGoods,
    receive_goods,
    receive_missing,
)
from inventory.states import PURCHASE_ORDER


@admin.register(Supplier)
class SupplierAdmin(SettingsAdmin):
    sidebar_group = "inventory"
    import_key = ("code",)
    list_display = ("code", "name", "email", "currency", "exchange_rate", "is_active")
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(SupplierItem)
class SupplierItemAdmin(SettingsAdmin):
    sidebar_group = "inventory"
    import_key = ("supplier", "sku")
    list_display = (
        "sku",
        "supplier",
        money("price", gettext_lazy("price")),
        "minimum_quantity",
        "pack_size",
        "lead_time_days",
        "is_preferred",
        "is_active",
    )
    list_select_related = ("sku", "supplier")
    search_fields = ("sku__code__istartswith", "supplier__code__exact")
    raw_id_fields = ("sku",)
    ordering = ("-id",)


class PurchaseOrderLineInline(ReadOnlyInline):
    model = PurchaseOrderLine
    fields = ("position", "sku", "quantity", "received", "unit_price")
    readonly_fields = fields
    ordering = ("position",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).select_related("sku")


class ReceiveForm(forms.Form):
    """What arrived, line by line; what is left empty did not come."""

    delivery_note = forms.CharField(
        label=gettext_lazy("Delivery note"), max_length=80, required=False
    )

    def __init__(self, lines: list[PurchaseOrderLine], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lines = lines
        for line in lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.sku.code} {line.sku.name}",
                help_text=_("%(received)s of %(quantity)s received.")
                % {"received": line.received, "quantity": line.quantity},
                min_value=1,
                max_value=10**9,
                required=False,
            )

    def goods(self) -> list[ReceivedGoods]:
        """Return what was counted."""
        counted = [(line.pk, self.cleaned_data[f"line_{line.pk}"]) for line in self.lines]
        return [ReceivedGoods(pk, units) for pk, units in counted if units]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not any(data.get(f"line_{line.pk}") for line in self.lines):
            raise forms.ValidationError(_("Nothing was counted."))
        return data


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(DocumentAdmin):
    waits = Waits(
        {"status": PurchaseOrderStatus.DRAFT},
        lambda row: f"{row.supplier} → {row.warehouse}",
        lambda row: (row.total_amount, row.currency),
        reject="cancel",
        related=("created_by", "supplier", "warehouse"),
    )
    machine = PURCHASE_ORDER
    verbs = {
        "approve": approve_purchase_orders,
        "send": send_purchase_orders,
        "receive_part": receive_missing,
        "close": close_purchase_orders,
        "cancel": cancel_purchase_orders,
    }
    list_display = (
        "number",
        "supplier",
        "warehouse",
        badge("status", COLOURS),
        money("total_amount", gettext_lazy("total")),
        "expected_on",
        "created_at",
    )
    list_select_related = ("supplier", "warehouse")
    search_fields = ("number__exact", "supplier__code__exact")
    inlines = (PurchaseOrderLineInline,)
    readonly_fields = ("count_link",)

    @admin.display(description=gettext_lazy("count"))
    def count_link(self, order: PurchaseOrder) -> str:
        url = reverse("admin:inventory_purchaseorder_count", args=[order.pk])
        return format_html('<a href="{}">{}</a>', url, _("Count a delivery"))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.count_view)
        own = path("<int:pk>/count/", view, name="inventory_purchaseorder_count")
        return [own, *super().get_urls()]

    def count_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask what arrived (GET), then take it in (POST)."""
        if not request.user.has_perm("inventory.receive_purchaseorder"):  # type: ignore[union-attr]
            raise PermissionDenied
        order = get_object_or_404(self.get_queryset(request), pk=pk)
        lines = list(order.lines.select_related("sku").order_by("position"))
        form = ReceiveForm(lines, request.POST if request.method == "POST" else None)
        back = reverse("admin:inventory_purchaseorder_change", args=[pk])
        if form.is_valid():
            command = ReceiveGoods(pk, form.goods(), form.cleaned_data["delivery_note"])
            result = receive_goods([command], now=timezone.now())
            if not result.refused:
                messages.success(request, _("The delivery was taken in."))
                return HttpResponseRedirect(back)
            form.add_error(None, [str(reason) for reason in result.refused[0]])
        context = self.admin_site.each_context(request) | {
            "title": _("Take in"),
            "opts": self.opts,
            "subject": order,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "inventory/dialog.html", context)


class ReceiptLineInline(ReadOnlyInline):
    model = ReceiptLine
    fields = ("purchase_order_line", "location", "lot", "quantity", "unit_cost")
    readonly_fields = fields

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        lines = super().get_queryset(request)
        return lines.select_related("purchase_order_line__sku", "location", "lot")


@admin.register(Receipt)
class ReceiptAdmin(DocumentAdmin):
    why_no_import = gettext_lazy("Receipts are taken in on the purchase order's page.")
    list_display = ("number", "purchase_order", "delivery_note", "received_at")
    list_select_related = ("purchase_order",)
    search_fields = ("number__exact", "delivery_note__exact", "purchase_order__number__exact")
    inlines = (ReceiptLineInline,)
