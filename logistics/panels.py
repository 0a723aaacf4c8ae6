"""What logistics adds to an order's page and verbs."""

from datetime import datetime
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.extensions import Text, effect, panel
from backoffice.ui.display import badge_html
from backoffice.ui.grid import grid, link
from logistics.choices import COLOURS, ShipmentStatus
from logistics.models import Parcel, Shipment


@panel("orders.order", gettext_lazy("Shipments"))
def shipments_panel(order: Any, request: Any) -> str:
    """Show an order's shipments and parcels."""
    shipments = list(
        Shipment.objects.filter(order=order).select_related("warehouse", "seller").order_by("pk")
    )
    parcels: dict[int, list[Parcel]] = {}
    rows = Parcel.objects.filter(shipment__order=order).select_related("account__carrier")
    for parcel in rows.order_by("pk"):
        parcels.setdefault(parcel.shipment_id, []).append(parcel)
    shown = [
        (
            link(s),
            s.warehouse or s.seller or "–",
            _badge(s),
            format_html_join(
                mark_safe("<br>"),
                "{} {} {}",
                (
                    (
                        link(p),
                        p.tracking_number,
                        badge_html(p.status, p.get_status_display(), COLOURS),
                    )
                    for p in parcels.get(s.pk, [])
                ),
            ),
        )
        for s in shipments
    ]
    head = (_("Shipment"), _("From"), _("Status"), _("Parcels"))
    return grid(head, shown, _("Nothing is planned yet."))


def _badge(document: Shipment | Parcel) -> str:
    return badge_html(document.status, document.get_status_display(), COLOURS)


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
