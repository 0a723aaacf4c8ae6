"""The endpoints of master data: read, created, edited, retired."""

from backoffice.core.api.views import SettingsViewSet
from inventory import filters
from inventory.api import serializers
from inventory.models import (
    Location,
    Product,
    ReplenishmentPolicy,
    Seller,
    Sku,
    Supplier,
    SupplierItem,
    Warehouse,
)


class SellerViewSet(SettingsViewSet):
    """Sellers."""

    queryset = Seller.objects.all()
    serializer_class = serializers.SellerSerializer
    filterset_class = filters.SellerFilter


class ProductViewSet(SettingsViewSet):
    """Products."""

    queryset = Product.objects.select_related("seller")
    serializer_class = serializers.ProductSerializer
    filterset_class = filters.ProductFilter


class SkuViewSet(SettingsViewSet):
    """SKUs."""

    queryset = Sku.objects.select_related("product", "seller").prefetch_related(
        "components__component"
    )
    serializer_class = serializers.SkuSerializer
    filterset_class = filters.SkuFilter


class WarehouseViewSet(SettingsViewSet):
    """Warehouses."""

    queryset = Warehouse.objects.all()
    serializer_class = serializers.WarehouseSerializer
    filterset_class = filters.WarehouseFilter


class LocationViewSet(SettingsViewSet):
    """Bins."""

    queryset = Location.objects.select_related("warehouse")
    serializer_class = serializers.LocationSerializer
    filterset_class = filters.LocationFilter


class SupplierViewSet(SettingsViewSet):
    """Suppliers."""

    queryset = Supplier.objects.all()
    serializer_class = serializers.SupplierSerializer
    filterset_class = filters.SupplierFilter


class SupplierItemViewSet(SettingsViewSet):
    """What suppliers ask for SKUs."""

    queryset = SupplierItem.objects.select_related("supplier", "sku")
    serializer_class = serializers.SupplierItemSerializer
    filterset_class = filters.SupplierItemFilter


class ReplenishmentPolicyViewSet(SettingsViewSet):
    """How SKUs are replenished."""

    queryset = ReplenishmentPolicy.objects.select_related("warehouse", "sku")
    serializer_class = serializers.ReplenishmentPolicySerializer
    filterset_class = filters.ReplenishmentPolicyFilter
