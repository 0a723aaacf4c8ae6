"""What finds lower documents by what logistics knows."""

from typing import Any

from backoffice.core.extensions import finder
from logistics.models import Parcel


@finder("orders.order")
def orders_by_tracking_number(term: str) -> Any:
    """Find the order whose parcel bears a tracking number."""
    return Parcel.objects.filter(tracking_number=term).values("shipment__order_id")
