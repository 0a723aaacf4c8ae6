"""One filter set per document, for the API."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.filtering import FilterSet
from orders.choices import FulfilmentStatus, OrderStatus, PaymentStatus, ReturnStatus
from orders.models import Customer, Order, OrderLine, Return, SalesChannel


class OrderFilter(FilterSet):
    """Which orders."""

    number = django_filters.CharFilter("order_number", label=_("number"))
    external_id = django_filters.CharFilter(label=_("external id"))
    status = django_filters.MultipleChoiceFilter(choices=OrderStatus.choices, label=_("status"))
    payment_status = django_filters.MultipleChoiceFilter(
        choices=PaymentStatus.choices, label=_("payment")
    )
    fulfilment_status = django_filters.MultipleChoiceFilter(
        choices=FulfilmentStatus.choices, label=_("fulfilment")
    )
    channel = django_filters.ModelChoiceFilter(
        queryset=SalesChannel.objects.all(), to_field_name="code", label=_("sales channel")
    )
    currency = django_filters.CharFilter(label=_("currency"))
    customer_id = django_filters.NumberFilter(label=_("customer"))
    sku = django_filters.CharFilter(method="with_sku", label=_("SKU"))
    is_held = django_filters.BooleanFilter(method="held", label=_("on hold"))
    is_short = django_filters.BooleanFilter(method="short", label=_("waiting for stock"))
    total_min = django_filters.NumberFilter("total_amount", "gte", label=_("total from"))
    total_max = django_filters.NumberFilter("total_amount", "lte", label=_("total to"))
    placed_after = django_filters.IsoDateTimeFilter("placed_at", "gte", label=_("placed after"))
    placed_before = django_filters.IsoDateTimeFilter("placed_at", "lt", label=_("placed before"))

    class Meta:
        model = Order
        fields: list[str] = []

    def with_sku(self, queryset, name, value):  # type: ignore[no-untyped-def]
        lines = OrderLine.objects.filter(sku__code=value)
        return queryset.filter(pk__in=lines.values("order_id"))

    def held(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(open_holds__gt=0) if value else queryset.filter(open_holds=0)

    def short(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(short_quantity__gt=0) if value else queryset.filter(short_quantity=0)


class ReturnFilter(FilterSet):
    """Which returns."""

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=ReturnStatus.choices, label=_("status"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    requested_after = django_filters.IsoDateTimeFilter(
        "requested_at", "gte", label=_("requested after")
    )

    class Meta:
        model = Return
        fields: list[str] = []


class CustomerFilter(FilterSet):
    """Which customers."""

    source = django_filters.CharFilter(label=_("source"))
    external_id = django_filters.CharFilter(label=_("external id"))
    email = django_filters.CharFilter("email", "iexact", label=_("e-mail"))

    class Meta:
        model = Customer
        fields: list[str] = []
