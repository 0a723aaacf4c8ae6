"""Channels, customers, prices, tax rates, lanes."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import SettingsAdmin
from orders.models import ChannelWarehouse, Customer, Lane, Price, SalesChannel, TaxRate


@admin.register(SalesChannel)
class SalesChannelAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = (
        "code",
        "name",
        "currency",
        "payment_terms",
        "confirms_by_itself",
        "releases_by_itself",
        "is_active",
    )
    search_fields = ("code", "name")


@admin.register(ChannelWarehouse)
class ChannelWarehouseAdmin(SettingsAdmin):
    import_key = ("channel", "warehouse")
    list_display = ("channel", "warehouse", "position", "is_active")
    list_select_related = ("channel", "warehouse")


@admin.register(Customer)
class CustomerAdmin(SettingsAdmin):
    search_rank = 4
    sidebar_group = "orders"
    import_key = ("source", "external_id")
    list_display = ("__str__", "source", "external_id", "email", "country", "language")
    search_fields = ("name", "email__istartswith", "external_id__exact")
    search_help_text = _("Name, beginning of the e-mail, external id")
    ordering = ("-id",)


@admin.register(Price)
class PriceAdmin(SettingsAdmin):
    sidebar_group = "orders"
    import_key = ("sku", "channel", "currency", "valid_from")
    list_display = ("sku", "channel", "unit_price", "currency", "valid_from", "is_active")
    list_select_related = ("sku", "channel")
    raw_id_fields = ("sku",)
    search_fields = ("sku__code__exact",)
    ordering = ("-id",)


@admin.register(TaxRate)
class TaxRateAdmin(SettingsAdmin):
    import_key = ("country", "region", "category", "valid_from")
    list_display = ("country", "region", "category", "rate", "valid_from", "is_active")
    search_fields = ("country__exact",)


@admin.register(Lane)
class LaneAdmin(SettingsAdmin):
    import_key = ("warehouse", "country", "region", "service")
    list_display = ("warehouse", "country", "region", "service", "p50_days", "p90_days", "parcels")
    list_select_related = ("warehouse",)
