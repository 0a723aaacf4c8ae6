"""The routes of logistics."""

from logistics.api.views import (
    CarrierAccountViewSet,
    CarrierViewSet,
    DeliveryExceptionViewSet,
    ParcelViewSet,
    PickListViewSet,
    ShipmentViewSet,
)

ROUTES = [
    ("shipments", ShipmentViewSet),
    ("pick-lists", PickListViewSet),
    ("parcels", ParcelViewSet),
    ("delivery-exceptions", DeliveryExceptionViewSet),
    ("carriers", CarrierViewSet),
    ("carrier-accounts", CarrierAccountViewSet),
]
