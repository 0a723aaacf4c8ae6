"""The same order list by Django's admin: as it comes, in the theme, and tuned, without."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin, SimpleListFilter
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import TextChoices
from django.urls import path
from django.utils.functional import cached_property

from backoffice import urls
from backoffice.ui import theme
from orders.choices import FulfilmentStatus, PaymentStatus
from orders.models import Order

COLUMNS = (
    *("order_number", "channel", "customer", "total_amount", "placed_at", "status"),
    *("payment_status", "fulfilment_status", "short_quantity"),
)
FOUND_BY = ("order_number", "external_id", "customer__email", "customer__name")


class DefaultOrders(theme.ModelAdmin):
    """What one writes first."""

    list_display = COLUMNS
    list_filter = ("status", "payment_status", "fulfilment_status", "channel")
    date_hierarchy = "placed_at"
    search_fields = FOUND_BY
    ordering = ("-placed_at",)
    list_per_page = 50


class EstimatedPaginator(Paginator):
    """Pages of a table that is not counted."""

    @cached_property
    def count(self) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
                [self.object_list.model._meta.db_table],
            )
            return cursor.fetchone()[0]


def static(field: str, choices: type[TextChoices]) -> type[SimpleListFilter]:
    """Return a filter that reads no table; the fields that the database computes have none."""

    def lookups(self: Any, request: Any, screen: Any) -> Any:
        return choices.choices

    def queryset(self: Any, request: Any, rows: Any) -> Any:
        return rows.filter(**{field: self.value()}) if self.value() else rows

    known = {"title": field, "parameter_name": field, "lookups": lookups, "queryset": queryset}
    return type(f"{field}_filter", (SimpleListFilter,), known)


class TunedOrders(ModelAdmin):
    """What one writes in the end."""

    list_display = COLUMNS
    list_filter = (
        "status",
        static("payment_status", PaymentStatus),
        static("fulfilment_status", FulfilmentStatus),
    )
    list_select_related = ("channel", "customer")
    ordering = ("-placed_at", "-id")
    list_per_page = 50
    show_full_result_count = False
    paginator = EstimatedPaginator


default, tuned = theme.AdminSite(name="default"), AdminSite(name="tuned")
default.register(Order, DefaultOrders)
tuned.register(Order, TunedOrders)
urlpatterns = [*urls.urlpatterns, path("default/", default.urls), path("tuned/", tuned.urls)]
