"""The filters of what watches over stock: its health, its alerts."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.filtering import AgoFilter, WithinFilter, plain
from inventory.choices import AbcClass, AlertKind, AlertStatus, XyzClass
from inventory.filters import StockFilter
from inventory.models import AlertPolicy, StockAlert, StockHealth


class StockHealthFilter(StockFilter):
    """Which stock, by class and cover."""

    abc = django_filters.MultipleChoiceFilter(choices=AbcClass.choices, label=_("ABC class"))
    xyz = django_filters.MultipleChoiceFilter(choices=XyzClass.choices, label=_("XYZ class"))
    cover_max = django_filters.NumberFilter("days_of_cover", "lte", label=_("days of cover up to"))
    cover_min = django_filters.NumberFilter("days_of_cover", "gte", label=_("days of cover from"))
    idle_min = django_filters.NumberFilter("idle_days", "gte", label=_("days without demand from"))
    is_stocked = django_filters.BooleanFilter(method="with_stock", label=_("in stock"))

    class Meta:
        model = StockHealth
        fields: list[str] = []

    def with_stock(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(on_hand__gt=0) if value else queryset.filter(on_hand=0)


class StockAlertFilter(StockFilter):
    """Which stock alerts."""

    fixed = frozenset("number kind sku warehouse created_within created_before_ago".split())

    number = django_filters.CharFilter(label=_("number"))
    kind = django_filters.MultipleChoiceFilter(choices=AlertKind.choices, label=_("kind"))
    status = django_filters.MultipleChoiceFilter(choices=AlertStatus.choices, label=_("status"))
    owner = django_filters.CharFilter("owner__username", label=_("owner"))
    is_owned = django_filters.BooleanFilter(
        "owner", "isnull", exclude=True, label=_("somebody's own")
    )
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))

    class Meta:
        model = StockAlert
        fields: list[str] = []


AlertPolicyFilter = plain(AlertPolicy, "warehouse", "is_active")
