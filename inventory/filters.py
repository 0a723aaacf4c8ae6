"""One filter set per document, for the API, the admin and the rules alike."""

import django_filters
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from backoffice.core.filtering import (
    AgoFilter,
    FilterSet,
    IdsFilter,
    IntegerFilter,
    WithinFilter,
    by_code,
    plain,
)
from inventory.choices import (
    AbcClass,
    CountStatus,
    LocationKind,
    MoveKind,
    ProposalStatus,
    PurchaseOrderStatus,
    SimulationStatus,
    StockPolicy,
)
from inventory.models import (
    Allocation,
    BinStock,
    CountPlan,
    Location,
    Lot,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReplenishmentPolicy,
    ReplenishmentProposal,
    ReplenishmentRun,
    Reservation,
    Seller,
    Simulation,
    Sku,
    StockCount,
    StockCountLine,
    StockLevel,
    StockMove,
    Supplier,
    SupplierItem,
    UserScope,
    Warehouse,
)


class StockFilter(FilterSet):
    """Which SKU in which warehouse."""

    sku = by_code(Sku, _("SKU"))
    warehouse = by_code(Warehouse, _("warehouse"))


class SellerFilter(FilterSet):
    """Which sellers."""

    code = django_filters.CharFilter(label=_("code"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Seller
        fields: list[str] = []


class ProductFilter(FilterSet):
    """Which products."""

    code = django_filters.CharFilter(label=_("code"))
    category = django_filters.CharFilter(label=_("category"))
    seller = by_code(Seller, _("seller"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Product
        fields: list[str] = []


class SkuFilter(FilterSet):
    """Which SKUs."""

    code = django_filters.CharFilter(label=_("code"))
    barcode = django_filters.CharFilter(label=_("barcode"))
    product = by_code(Product, _("product"))
    seller = by_code(Seller, _("seller"))
    is_active = django_filters.BooleanFilter(label=_("active"))
    stock_policy = django_filters.MultipleChoiceFilter(
        choices=StockPolicy.choices, label=_("stock policy")
    )
    is_kit = django_filters.BooleanFilter(label=_("kit"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Sku
        fields: list[str] = []


class WarehouseFilter(FilterSet):
    """Which warehouses."""

    code = django_filters.CharFilter(label=_("code"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Warehouse
        fields: list[str] = []


class LocationFilter(FilterSet):
    """Which bins."""

    warehouse = by_code(Warehouse, _("warehouse"))
    code = django_filters.CharFilter(label=_("code"))
    kind = django_filters.MultipleChoiceFilter(choices=LocationKind.choices, label=_("kind"))

    class Meta:
        model = Location
        fields: list[str] = []


class StockLevelFilter(StockFilter):
    """Which stock levels."""

    available_max = IntegerFilter("available", "lte", label=_("available up to"))

    class Meta:
        model = StockLevel
        fields: list[str] = []


class BinStockFilter(FilterSet):
    """Which bin stock."""

    sku = by_code(Sku, _("SKU"))
    warehouse = by_code(Warehouse, _("warehouse"), "location__warehouse")
    location_id = IntegerFilter(label=_("location"))

    class Meta:
        model = BinStock
        fields: list[str] = []


class LotFilter(FilterSet):
    """Which lots."""

    sku = by_code(Sku, _("SKU"))
    code = django_filters.CharFilter(label=_("code"))
    expires_before = django_filters.DateFilter("expires_on", "lt", label=_("expires before"))

    class Meta:
        model = Lot
        fields: list[str] = []


class StockMoveFilter(StockFilter):
    """Which lines of the ledger."""

    kind = django_filters.MultipleChoiceFilter(choices=MoveKind.choices, label=_("kind"))
    occurred_after = django_filters.IsoDateTimeFilter("occurred_at", "gte", label=_("from"))
    occurred_before = django_filters.IsoDateTimeFilter("occurred_at", "lt", label=_("before"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = StockMove
        fields: list[str] = []


class ReservationFilter(StockFilter):
    """Which reservations."""

    for_type = django_filters.CharFilter(label=_("serves"))
    for_id = IntegerFilter(label=_("serves id"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Reservation
        fields: list[str] = []


class SupplierFilter(FilterSet):
    """Which suppliers."""

    code = django_filters.CharFilter(label=_("code"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = Supplier
        fields: list[str] = []


class SupplierItemFilter(FilterSet):
    """Which suppliers' items."""

    supplier = by_code(Supplier, _("supplier"))
    sku = by_code(Sku, _("SKU"))
    is_active = django_filters.BooleanFilter(label=_("active"))
    is_preferred = django_filters.BooleanFilter(label=_("preferred"))

    class Meta:
        model = SupplierItem
        fields: list[str] = []


class PurchaseOrderFilter(FilterSet):
    """Which purchase orders."""

    fixed = frozenset("number supplier warehouse sku".split())

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(
        choices=PurchaseOrderStatus.choices, label=_("status")
    )
    supplier = by_code(Supplier, _("supplier"))
    warehouse = by_code(Warehouse, _("warehouse"))
    sku = django_filters.CharFilter(method="with_sku", label=_("SKU"))
    expected_before = django_filters.DateFilter("expected_on", "lte", label=_("expected until"))

    class Meta:
        model = PurchaseOrder
        fields: list[str] = []

    def with_sku(self, queryset, name, value):  # type: ignore[no-untyped-def]
        lines = PurchaseOrderLine.objects.filter(sku__code=value)
        return queryset.filter(pk__in=lines.values("purchase_order_id"))


class ReceiptFilter(FilterSet):
    """Which receipts."""

    number = django_filters.CharFilter(label=_("number"))
    purchase_order = django_filters.CharFilter("purchase_order__number", label=_("purchase order"))
    delivery_note = django_filters.CharFilter(label=_("delivery note"))

    class Meta:
        model = Receipt
        fields: list[str] = []


class ReplenishmentPolicyFilter(StockFilter):
    """Which replenishment policies."""

    category = django_filters.CharFilter(label=_("category"))
    is_frozen = django_filters.BooleanFilter(label=_("frozen"))
    is_active = django_filters.BooleanFilter(label=_("active"))

    class Meta:
        model = ReplenishmentPolicy
        fields: list[str] = []


class ReplenishmentProposalFilter(StockFilter):
    """Which proposals."""

    fixed = frozenset(
        "number sku warehouse supplier currency value_min value_max planned_after"
        " created_within created_before_ago".split()
    )

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=ProposalStatus.choices, label=_("status"))
    supplier = by_code(Supplier, _("supplier"), "supplier_item__supplier")
    planned_after = django_filters.DateFilter("planned_on", "gte", label=_("planned from"))
    currency = django_filters.CharFilter(label=_("currency"))
    value_min = django_filters.NumberFilter(
        "value__gte", method="with_value", label=_("value from")
    )
    value_max = django_filters.NumberFilter("value__lte", method="with_value", label=_("value to"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))

    class Meta:
        model = ReplenishmentProposal
        fields: list[str] = []

    def with_value(self, queryset, name, value):  # type: ignore[no-untyped-def]
        priced = queryset.alias(value=F("quantity") * F("unit_price"))
        return priced.filter(**{name: value})


class ReplenishmentRunFilter(FilterSet):
    """Which nights of planning."""

    started_after = django_filters.IsoDateTimeFilter("started_at", "gte", label=_("started after"))

    class Meta:
        model = ReplenishmentRun
        fields: list[str] = []


class SimulationFilter(FilterSet):
    """Which simulations."""

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(
        choices=SimulationStatus.choices, label=_("status")
    )
    warehouse = by_code(Warehouse, _("warehouse"))
    category = django_filters.CharFilter(label=_("category"))

    class Meta:
        model = Simulation
        fields: list[str] = []


class StockCountFilter(FilterSet):
    """Which stock counts."""

    fixed = frozenset("number warehouse abc_class".split())

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=CountStatus.choices, label=_("status"))
    warehouse = by_code(Warehouse, _("warehouse"))
    abc_class = django_filters.MultipleChoiceFilter(
        "plan__abc_class", choices=AbcClass.choices, label=_("ABC class")
    )
    sku = django_filters.CharFilter(method="with_sku", label=_("SKU"))

    class Meta:
        model = StockCount
        fields: list[str] = []

    def with_sku(self, queryset, name, value):  # type: ignore[no-untyped-def]
        lines = StockCountLine.objects.filter(sku__code=value)
        return queryset.filter(pk__in=lines.values("stock_count_id"))


CountPlanFilter = plain(CountPlan, "warehouse", "abc_class", "is_active")
AllocationFilter = plain(Allocation, "sku", "for_type", "for_id")
UserScopeFilter = plain(UserScope, "is_active")
