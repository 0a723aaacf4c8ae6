"""What logistics adds to an order's page and verbs."""

from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.core.extensions import Text, effect, panel
from backoffice.ui.display import badge_html
from backoffice.ui.grid import grid, link
from logistics.carriers.registry import ADAPTERS
from logistics.choices import COLOURS, BreakerState, ShipmentStatus
from logistics.models import AccountState, CarrierAccount, Parcel, ParcelLine, Shipment
from logistics.services.dispatch import shipments_here, usual_account
from logistics.services.planning import unplanned_orders
from orders.models import Order


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


def _steps(shipments: QuerySet, unplanned: int = 0) -> list[Text]:
    """Say what dispatching does to shipments, and to those yet to be planned, step by step."""
    counts = dict(shipments.order_by().values_list("status").annotate(n=Count("pk")))
    planned = counts.get(ShipmentStatus.PLANNED, 0) + unplanned
    unpacked = planned + counts.get(ShipmentStatus.PICKING, 0)
    lines: list[Text] = []
    if planned:
        text = ngettext(
            "Pick: %(n)s shipment, as found whole in its bins.",
            "Pick: %(n)s shipments, as found whole in their bins.",
            planned,
        )
        lines.append(text % {"n": planned})
    account = usual_account()
    if unpacked and account is not None:
        text = ngettext(
            "Pack: %(n)s shipment, in one parcel, with %(account)s (%(service)s).",
            "Pack: %(n)s shipments, each in one parcel, with %(account)s (%(service)s).",
            unpacked,
        )
        service = (account.services or ["–"])[0]
        lines.append(text % {"n": unpacked, "account": account, "service": service})
        if ADAPTERS[account.adapter].buys_labels:
            text = ngettext(
                "Label: %(n)s is bought; its shipment waits for it.",
                "Label: %(n)s are bought; their shipments wait for them.",
                unpacked,
            )
            lines.append(text % {"n": unpacked})
            lines += _silence(account)
    total = sum(counts.values()) + unplanned
    if total:
        text = ngettext(
            "Hand over: %(n)s shipment, once it has its label; its stock leaves the books then.",
            "Hand over: %(n)s shipments, once they have their labels; their stock leaves the books"
            " then.",
            total,
        )
        lines.append(text % {"n": total})
    return lines


def _silence(account: CarrierAccount) -> list[Text]:
    """Tell of a carrier that has not answered lately."""
    state = AccountState.objects.filter(account=account).first()
    if state is None or state.breaker == BreakerState.CLOSED:
        return []
    text = _("%(account)s did not answer lately (%(error)s): labels are tried until it does.")
    return [text % {"account": account, "error": state.last_error}]


@effect("logistics.shipment", "dispatch")
def steps_of_shipments(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Say what dispatching shipments does."""
    return _steps(Shipment.objects.filter(pk__any=ids))


@effect("orders.order", "dispatch")
def steps_of_orders(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Say what dispatching orders does, and which of their units come later."""
    lines = _steps(shipments_here(ids), len(unplanned_orders(only=ids)))
    short = Order.objects.filter(pk__any=ids, short_quantity__gt=0).count()
    if short:
        text = ngettext(
            "%(n)s order has units that wait for stock: they follow in another shipment.",
            "%(n)s orders have units that wait for stock: they follow in other shipments.",
            short,
        )
        lines.append(text % {"n": short})
    return lines


def _badge(document: Shipment | Parcel) -> str:
    return badge_html(document.status, document.get_status_display(), COLOURS)


@effect("logistics.parcel", "send_again")
def units_sent_again(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Say what leaves stock a second time."""
    lines = ParcelLine.objects.filter(parcel__in=ids, parcel__given_up_at=None)
    skus = lines.values_list("shipment_line__order_line__sku__code").annotate(n=Sum("quantity"))
    return [
        _("%(n)s × %(sku)s are reserved and shipped again.") % {"n": units, "sku": sku}
        for sku, units in skus.order_by("shipment_line__order_line__sku__code")
    ]


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
