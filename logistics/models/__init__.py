from logistics.models.carrier import AccountState, Carrier, CarrierAccount
from logistics.models.parcel import (
    DeliveryException,
    LabelRequest,
    Parcel,
    ParcelLine,
    Tracking,
    TrackingEvent,
)
from logistics.models.shipment import PickLine, PickList, Shipment, ShipmentLine

__all__ = [
    "AccountState",
    "Carrier",
    "CarrierAccount",
    "DeliveryException",
    "LabelRequest",
    "Parcel",
    "ParcelLine",
    "PickLine",
    "PickList",
    "Shipment",
    "ShipmentLine",
    "Tracking",
    "TrackingEvent",
]
