"""What channels are told of parcels that left."""

from collections.abc import Sequence

from logistics.models import Parcel, ParcelLine
from orders.choices import NewsKind
from orders.services.channel_news import News


def shipped_news(parcel_ids: Sequence[int]) -> list[News]:
    """Return what the channels of orders are told of parcels, in two queries."""
    units: dict[int, dict[str, int]] = {}
    lines = ParcelLine.objects.filter(parcel_id__any=parcel_ids).order_by("parcel_id", "pk")
    for parcel_id, key, quantity, ordered, kits in lines.values_list(
        "parcel_id",
        "shipment_line__order_line__external_id",
        "quantity",
        "shipment_line__order_line__quantity",
        "shipment_line__order_line__kit_line__quantity",
    ):
        found = units.setdefault(parcel_id, {})
        if kits is None:
            found[key] = found.get(key, 0) + quantity
        else:
            # The channel sold the kit: as many of it as the scarcest part in the parcel makes.
            whole = quantity * kits // ordered
            found[key] = min(found.get(key, whole), whole)
    parcels = Parcel.objects.filter(pk__any=parcel_ids).select_related(
        "account__carrier", "shipment__order"
    )
    return [
        News(
            parcel.shipment.order_id,
            NewsKind.SHIPPED,
            parcel.number,
            {
                "carrier": parcel.account.carrier.name,
                "tracking_number": parcel.tracking_number,
                "tracking_url": _url(parcel),
                "units": units.get(parcel.pk, {}),
                "is_last": _is_last(parcel),
            },
        )
        for parcel in parcels.order_by("pk")
    ]


def _url(parcel: Parcel) -> str:
    page, number = parcel.account.carrier.tracking_url, parcel.tracking_number
    return page.replace("{number}", number) if page and number else ""


def _is_last(parcel: Parcel) -> bool:
    order = parcel.shipment.order
    return order.shipped_quantity >= order.ordered_quantity - order.cancelled_quantity
