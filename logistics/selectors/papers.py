"""What stands on papers: packing slips, pick lists and parcel labels, in a few statements."""

from dataclasses import dataclass, field
from typing import Any

import segno
from django.conf import settings
from django.db.models import QuerySet
from django.utils.safestring import SafeString, mark_safe

from backoffice.core.models import Address
from logistics.models import PickLine, Shipment, ShipmentLine

# Where addresses go from the large to the small, the recipient last.
LARGE_FIRST = frozenset({"CN", "TW", "JP", "KR"})


@dataclass(slots=True)
class Paper:
    """One sheet: its document, the code to be scanned, addresses, lines, the reader's language."""

    document: Any
    code: SafeString
    language: str
    sender: list[str] = field(default_factory=list)
    recipient: list[str] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)


def code(text: str) -> SafeString:
    """Return a text as a QR code, in SVG."""
    drawn = segno.make(text, micro=False).svg_inline(omitsize=True, svgclass="qr", lineclass=None)
    return mark_safe(drawn)  # noqa: S308


def address_lines(address: Address | None) -> list[str]:
    """Return the lines of an address in the order of its country."""
    if address is None:
        return []
    street = [address.line1, address.line2]
    people = [address.recipient, address.company, address.phone]
    if address.country in LARGE_FIRST:
        place = " ".join(filter(None, [address.region, address.city, address.district]))
        lines = [f"{address.postal_code} {address.country}", place, *street, *people]
    else:
        place = " ".join(filter(None, [address.postal_code, address.city]))
        area = " ".join(filter(None, [address.region, address.country]))
        lines = [*people[:2], *street, address.district, place, area, address.phone]
    return [line.strip() for line in lines if line.strip()]


def _language(told: str, reader: str) -> str:
    """Return the customer's language, where the product speaks it."""
    return told if told in dict(settings.LANGUAGES) else reader


def _sender(shipment: Shipment) -> list[str]:
    """Return who sends: the warehouse with its address, or the seller by name."""
    house = shipment.warehouse
    return [str(house), *address_lines(house.address)] if house else [str(shipment.seller or "")]


def slips(shipments: QuerySet, reader: str) -> list[Paper]:
    """Return packing slips, in the customers' languages."""
    found = shipments.select_related(
        "order__customer", "order__ship_to", "warehouse__address", "seller"
    )
    papers = {
        row.pk: Paper(
            row,
            code(row.number),
            _language(row.order.customer.language, reader),
            _sender(row),
            address_lines(row.order.ship_to),
        )
        for row in found.order_by("ship_on", "pk")
    }
    lines = ShipmentLine.objects.filter(shipment_id__any=list(papers), quantity__gt=0)
    for line in lines.select_related("order_line__sku").order_by("order_line__position"):
        papers[line.shipment_id].lines.append(line)
    return list(papers.values())


def pick_lists(rows: QuerySet, reader: str) -> list[Paper]:
    """Return pick lists in the reader's language, their lines in the order of the walk."""
    papers = {
        row.pk: Paper(row, code(row.number), reader)
        for row in rows.select_related("warehouse").order_by("pk")
    }
    lines = PickLine.objects.filter(pick_list_id__any=list(papers)).select_related(
        "location", "sku", "lot", "shipment_line__shipment__order"
    )
    for line in lines.order_by("location__pick_order", "location__code", "sku__code", "pk"):
        papers[line.pick_list_id].lines.append(line)
    return list(papers.values())


def labels(parcels: QuerySet, reader: str) -> list[Paper]:
    """Return parcel labels with their tracking numbers."""
    found = parcels.select_related(
        "account__carrier",
        "shipment__order__ship_to",
        "shipment__warehouse__address",
        "shipment__seller",
    )
    papers = []
    for row in found.order_by("pk"):
        number = row.tracking_number or row.number
        recipient = address_lines(row.shipment.order.ship_to)
        papers.append(Paper(row, code(number), reader, _sender(row.shipment), recipient))
    return papers
