"""The routes of logistics."""

from logistics.api.views import (
    CarrierAccountViewSet,
    CarrierViewSet,
    DeliveryExceptionViewSet,
    ParcelViewSet,
    PickListViewSet,
    ShipmentViewSet,
    TrackingEventViewSet,
)

ROUTES = [
    ("shipments", ShipmentViewSet),
    ("pick-lists", PickListViewSet),
    ("parcels", ParcelViewSet),
    ("tracking-events", TrackingEventViewSet),
    ("delivery-exceptions", DeliveryExceptionViewSet),
    ("carriers", CarrierViewSet),
    ("carrier-accounts", CarrierAccountViewSet),
]
