"""Sellers, products, SKUs, warehouses, bins and lots."""

from django.contrib import admin

from backoffice.ui.admin import Inline, SettingsAdmin
from backoffice.ui.display import badge
from inventory.choices import COLOURS
from inventory.models import KitComponent, Location, Lot, Product, Seller, Sku, Warehouse


@admin.register(Seller)
class SellerAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "name", "currency", "time_zone", "is_active")
    search_fields = ("code", "name")
    ordering = ("code",)


@admin.register(Product)
class ProductAdmin(SettingsAdmin):
    sidebar_group = "inventory"
    import_key = ("code",)
    list_display = ("code", "name", "category", "seller", "is_active")
    list_select_related = ("seller",)
    search_fields = ("code__istartswith", "name__icontains")
    ordering = ("-id",)


class KitComponentInline(Inline):
    model = KitComponent
    fk_name = "kit"
    raw_id_fields = ("component",)


@admin.register(Sku)
class SkuAdmin(SettingsAdmin):
    search_rank = 7
    sidebar_group = "inventory"
    import_key = ("code",)
    list_display = (
        "code",
        "name",
        "product",
        "seller",
        badge("stock_policy", COLOURS),
        "is_kit",
        "is_active",
    )
    list_select_related = ("product", "seller")
    search_fields = ("code__istartswith", "barcode__exact", "name__icontains")
    raw_id_fields = ("product",)
    inlines = (KitComponentInline,)
    ordering = ("-id",)


@admin.register(Warehouse)
class WarehouseAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = (
        "code",
        "name",
        "time_zone",
        "cut_off_at",
        badge("fulfilment", COLOURS),
        "is_active",
    )
    search_fields = ("code", "name")
    raw_id_fields = ("address",)
    ordering = ("code",)


@admin.register(Location)
class LocationAdmin(SettingsAdmin):
    import_key = ("warehouse", "code")
    list_display = ("code", "warehouse", badge("kind", COLOURS), "pick_order", "is_default")
    list_select_related = ("warehouse",)
    search_fields = ("code__istartswith",)
    ordering = ("warehouse", "code")

    def get_readonly_fields(self, request, obj=None):  # type: ignore[no-untyped-def]
        # Stock lies in it: another kind would change what can be promised without a move.
        return ("warehouse", "kind") if obj else ()


@admin.register(Lot)
class LotAdmin(SettingsAdmin):
    import_key = ("sku", "code")
    list_display = ("__str__", "sku", "expires_on")
    list_select_related = ("sku",)
    search_fields = ("code__exact", "sku__code__exact")
    raw_id_fields = ("sku",)
    ordering = ("-id",)

    def get_readonly_fields(self, request, obj=None):  # type: ignore[no-untyped-def]
        return ("sku", "code") if obj else ()
