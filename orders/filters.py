"""One filter set per document, for the API."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.filtering import (
    AgoFilter,
    FilterSet,
    IdsFilter,
    IntegerFilter,
    WithinFilter,
    by_code,
    plain,
)
from backoffice.core.tags import TagFilter
from inventory.filters import StockFilter
from inventory.models import Seller, Sku, Warehouse
from orders.choices import (
    ChannelOrderStatus,
    EditStatus,
    FulfilmentStatus,
    LineKind,
    OrderStatus,
    PaymentStatus,
    Problem,
    ReturnStatus,
)
from orders.models import (
    ChannelConnection,
    ChannelNews,
    ChannelOrder,
    ChannelWarehouse,
    Customer,
    Lane,
    Listing,
    Order,
    OrderEdit,
    OrderLine,
    Price,
    Return,
    SalesChannel,
    StockTold,
    TaxRate,
)
from orders.selectors.stages import stuck
from orders.selectors.waiting import WAITS_FOR_STOCK

# States of few orders, and the counter that tells them apart: it has an index of those alone.
RARE: dict[str, tuple[set[str], str]] = {
    "payment_status": (
        {PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED},
        "refunded_amount",
    ),
    "fulfilment_status": ({FulfilmentStatus.RETURNED}, "returned_quantity"),
}


class OrderFilter(FilterSet):
    """Which orders."""

    fixed = frozenset(
        "number external_id channel currency customer_id country sku total_min total_max"
        " placed_after placed_before placed_within placed_before_ago".split()
    )
    recorded = frozenset("payment_status fulfilment_status is_held is_short tag".split())
    permissions = {"customer_id": "orders.view_customer"}

    number = django_filters.CharFilter("order_number", label=_("number"))
    external_id = django_filters.CharFilter(label=_("external id"))
    status = django_filters.MultipleChoiceFilter(choices=OrderStatus.choices, label=_("status"))
    payment_status = django_filters.MultipleChoiceFilter(
        method="in_state", choices=PaymentStatus.choices, label=_("payment")
    )
    fulfilment_status = django_filters.MultipleChoiceFilter(
        method="in_state", choices=FulfilmentStatus.choices, label=_("fulfilment")
    )
    channel = django_filters.ModelChoiceFilter(
        queryset=SalesChannel.objects.all(), to_field_name="code", label=_("sales channel")
    )
    currency = django_filters.CharFilter(label=_("currency"))
    customer_id = IntegerFilter(label=_("customer"))
    country = django_filters.CharFilter("ship_to__country", "iexact", label=_("country"))
    sku = django_filters.CharFilter(method="with_sku", label=_("SKU"))
    tag = TagFilter(label=_("tag"))
    priority_min = django_filters.NumberFilter("priority", "gte", label=_("priority from"))
    is_held = django_filters.BooleanFilter(method="held", label=_("on hold"))
    is_short = django_filters.BooleanFilter(method="short", label=_("waiting for stock"))
    is_stuck = django_filters.BooleanFilter(
        method="late", label=_("longer in its stage than nine of ten others")
    )
    total_min = django_filters.NumberFilter("total_amount", "gte", label=_("total from"))
    total_max = django_filters.NumberFilter("total_amount", "lte", label=_("total to"))
    placed_after = django_filters.IsoDateTimeFilter("placed_at", "gte", label=_("placed after"))
    placed_before = django_filters.IsoDateTimeFilter("placed_at", "lt", label=_("placed before"))
    placed_within = WithinFilter("placed_at", label=_("placed within the last"))
    placed_before_ago = AgoFilter("placed_at", label=_("placed longer ago than"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Order
        fields: list[str] = []

    def in_state(self, queryset, name, value):  # type: ignore[no-untyped-def]
        found = queryset.filter(**{f"{name}__in": value})
        states, counter = RARE[name]
        return found.filter(**{f"{counter}__gt": 0}) if states.issuperset(value) else found

    def with_sku(self, queryset, name, value):  # type: ignore[no-untyped-def]
        lines = OrderLine.objects.filter(sku__code=value)
        return queryset.filter(pk__in=lines.values("order_id"))

    def held(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(open_holds__gt=0) if value else queryset.filter(open_holds=0)

    def short(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(WAITS_FOR_STOCK) if value else queryset.exclude(WAITS_FOR_STOCK)

    def late(self, queryset, name, value):  # type: ignore[no-untyped-def]
        found = stuck(queryset, self.now)
        return found if value else queryset.exclude(pk__in=found.values("pk"))


class OrderLineFilter(StockFilter):
    """Which order lines."""

    order = django_filters.CharFilter("order__order_number", label=_("order"))
    seller = by_code(Seller, _("seller"))
    kind = django_filters.MultipleChoiceFilter(choices=LineKind.choices, label=_("kind"))

    class Meta:
        model = OrderLine
        fields: list[str] = []


class ReturnFilter(FilterSet):
    """Which returns."""

    fixed = frozenset(
        "number order is_undelivered requested_after requested_within requested_before_ago".split()
    )

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=ReturnStatus.choices, label=_("status"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    requested_after = django_filters.IsoDateTimeFilter(
        "requested_at", "gte", label=_("requested after")
    )
    is_undelivered = django_filters.BooleanFilter(label=_("undelivered"))
    requested_within = WithinFilter("requested_at", label=_("requested within the last"))
    requested_before_ago = AgoFilter("requested_at", label=_("requested longer ago than"))

    class Meta:
        model = Return
        fields: list[str] = []


class OrderEditFilter(FilterSet):
    """Which edits."""

    number = django_filters.CharFilter(label=_("number"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    status = django_filters.MultipleChoiceFilter(choices=EditStatus.choices, label=_("status"))
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", label=_("created after"))

    class Meta:
        model = OrderEdit
        fields: list[str] = []


class ChannelOrderFilter(FilterSet):
    """Which channel orders."""

    number = django_filters.CharFilter(label=_("number"))
    external_id = django_filters.CharFilter(label=_("external id"))
    reference = django_filters.CharFilter(label=_("reference"))
    channel = django_filters.ModelChoiceFilter(
        queryset=SalesChannel.objects.all(), to_field_name="code", label=_("sales channel")
    )
    status = django_filters.MultipleChoiceFilter(
        choices=ChannelOrderStatus.choices, label=_("status")
    )
    problem = django_filters.MultipleChoiceFilter(choices=Problem.choices, label=_("problem"))

    class Meta:
        model = ChannelOrder
        fields: list[str] = []


class CustomerFilter(FilterSet):
    """Which customers."""

    source = django_filters.CharFilter(label=_("source"))
    external_id = django_filters.CharFilter(label=_("external id"))
    email = django_filters.CharFilter("email", "iexact", label=_("e-mail"))
    country = django_filters.CharFilter(lookup_expr="iexact", label=_("country"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Customer
        fields: list[str] = []


class PriceFilter(FilterSet):
    """Which prices."""

    sku = by_code(Sku, _("SKU"))
    channel = by_code(SalesChannel, _("sales channel"))
    currency = django_filters.CharFilter(label=_("currency"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Price
        fields: list[str] = []


class TaxRateFilter(FilterSet):
    """Which tax rates."""

    country = django_filters.CharFilter(label=_("country"))
    category = django_filters.CharFilter(label=_("category"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = TaxRate
        fields: list[str] = []


class LaneFilter(FilterSet):
    """Which lanes."""

    warehouse = by_code(Warehouse, _("warehouse"))
    country = django_filters.CharFilter(label=_("country"))
    service = django_filters.CharFilter(label=_("service"))

    class Meta:
        model = Lane
        fields: list[str] = []


ChannelWarehouseFilter = plain(ChannelWarehouse, "channel", "warehouse", "is_active")
SalesChannelFilter = plain(SalesChannel, "code", "currency", "is_active")
ListingFilter = plain(Listing, "channel", "sku", "code", "external_id", "is_active")
ChannelConnectionFilter = plain(ChannelConnection, "channel", "adapter", "is_active")


class ChannelNewsFilter(plain(ChannelNews, "kind", "status")):  # type: ignore[misc]
    """Which news for channels."""

    channel = by_code(SalesChannel, _("sales channel"), "connection__channel")
    order = django_filters.CharFilter("order__order_number", label=_("order"))


class StockToldFilter(FilterSet):
    """Which stock levels told."""

    channel = by_code(SalesChannel, _("sales channel"), "listing__channel")
    sku = by_code(Sku, _("SKU"), "listing__sku")

    class Meta:
        model = StockTold
        fields: list[str] = []
