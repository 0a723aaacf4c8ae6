"""Which shipments and parcels are within a warehouse or a seller."""

from backoffice.core.scope import Rule, all_of, column, everything, scope
from logistics.models import (
    Carrier,
    CarrierAccount,
    DeliveryException,
    LabelRequest,
    Parcel,
    PickList,
    Shipment,
    ShipmentLine,
    TrackingEvent,
)


def of_shipment(path: str) -> dict[str, Rule]:
    """Return the rules of what belongs to a shipment, named by a path to it."""
    lines = ShipmentLine.objects.all()
    return {
        "warehouse": column(f"{path}__warehouse"),
        "seller": all_of(lines, "shipment", column("order_line__seller"), path),
    }


scope(
    Shipment,
    warehouse=column("warehouse"),
    seller=all_of(ShipmentLine.objects.all(), "shipment", column("order_line__seller")),
)
scope(Parcel, **of_shipment("shipment"))
scope(TrackingEvent, DeliveryException, LabelRequest, **of_shipment("parcel__shipment"))
# A pick list mixes what several sellers keep with us.
scope(PickList, warehouse=column("warehouse"))
scope(Carrier, warehouse=everything, seller=everything)
scope(CarrierAccount, warehouse=everything)
