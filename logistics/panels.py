"""What logistics adds to an order's page and verbs."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.extensions import Text, effect, panel
from logistics.choices import ShipmentStatus
from logistics.models import Parcel, Shipment


@panel("orders.order", gettext_lazy("Shipments"))
def shipments_panel(order: Any, request: Any) -> str:
    """Show an order's shipments and parcels."""
    shipments = list(
        Shipment.objects.filter(order=order).select_related("warehouse", "seller").order_by("pk")
    )
    if not shipments:
        return format_html("<p>{}</p>", _("Nothing is planned yet."))
    parcels: dict[int, list[Parcel]] = {}
    rows = Parcel.objects.filter(shipment__order=order).select_related("account__carrier")
    for parcel in rows.order_by("pk"):
        parcels.setdefault(parcel.shipment_id, []).append(parcel)
    items = [
        (
            reverse("admin:logistics_shipment_change", args=[s.pk]),
            s.number,
            s.warehouse or s.seller or "–",
            s.get_status_display(),
            format_html_join(
                ", ",
                '<a href="{}">{}</a> {} {}',
                (
                    (
                        reverse("admin:logistics_parcel_change", args=[p.pk]),
                        p.number,
                        p.tracking_number,
                        p.get_status_display(),
                    )
                    for p in parcels.get(s.pk, [])
                ),
            ),
        )
        for s in shipments
    ]
    head = format_html_join(
        "",
        '<th scope="col">{}</th>',
        ((text,) for text in (_("Shipment"), _("From"), _("Status"), _("Parcels"))),
    )
    body = format_html_join(
        "",
        '<tr><td><a href="{}">{}</a></td><td>{}</td><td>{}</td><td>{}</td></tr>',
        items,
    )
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


@effect("orders.order", "cancel")
def shipments_called_off(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Say how many planned shipments a cancellation calls off."""
    count = Shipment.objects.filter(order_id__in=ids, status=ShipmentStatus.PLANNED).count()
    if not count:
        return []
    text = ngettext(
        "%(n)s planned shipment is called off.", "%(n)s planned shipments are called off.", count
    )
    return [text % {"n": count}]
