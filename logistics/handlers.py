"""What logistics does when something happened to orders or to its own shipments."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_noop

from backoffice.core.events import on
from backoffice.core.models import Event
from logistics.choices import ParcelStatus, ShipmentStatus
from logistics.models import Shipment, ShipmentLine
from logistics.selectors.news import shipped_news
from logistics.services.cancelling import cancel_shipments
from logistics.services.coming_back import await_parcels, expect_no_more
from logistics.services.covering import cover_shipments
from logistics.services.planning import plan_shipments
from logistics.services.scans import follow_scans
from logistics.services.stock import SHIPMENT_LINE
from orders.services.channel_news import queue_news


def _orders(events: Sequence[Event]) -> list[int]:
    return sorted({e.order_id for e in events if e.order_id is not None})


@on("order.released", "order.backorder_filled")
def plan_what_is_ready(events: Sequence[Event], *, now: datetime) -> None:
    """Plan shipments for what was released or has come in."""
    plan_shipments(_orders(events), now=now)


@on("order.backordered", "order.backorder_filled")
def follow_promises(events: Sequence[Event], *, now: datetime) -> None:
    """Let shipments follow promises that were lost to a stock loss, or given again."""
    cover_shipments(_orders(events), now=now, reason=gettext_noop("promises changed"))


@on("stock.allocations_lost")
def replace_lost_picks(events: Sequence[Event], *, now: datetime) -> None:
    """Give picks other bins for those that a stock loss emptied."""
    lost = [x["for_id"] for e in events for x in e.data["lost"] if x["for_type"] == SHIPMENT_LINE]
    lines = ShipmentLine.objects.filter(pk__any=lost)
    orders = list(lines.values_list("shipment__order_id", flat=True))
    cover_shipments(orders, now=now, reason=gettext_noop("lost from its bin"))


@on("parcel.shipped")
def follow_earlier_scans(events: Sequence[Event], *, now: datetime) -> None:
    """Move parcels that carriers scanned before anybody could hand them over."""
    follow_scans([e.subject_id for e in events], now=now)


@on("parcel.shipped")
def tell_the_channel(events: Sequence[Event], *, now: datetime) -> None:
    """Tell the channels of orders what left, and under which number."""
    queue_news(shipped_news([e.subject_id for e in events]), now=now)


@on("parcel.moved")
def await_what_comes_back(events: Sequence[Event], *, now: datetime) -> None:
    """Open returns for what carriers could not deliver and brought back."""
    back = [e.subject_id for e in events if e.data.get("status") == ParcelStatus.RETURNED]
    await_parcels(back, now=now, reason=gettext_noop("undelivered"))


@on("parcel.delivered")
def await_no_more(events: Sequence[Event], *, now: datetime) -> None:
    """Expect nothing back of what was delivered after all."""
    expect_no_more([e.subject_id for e in events], now=now, reason=gettext_noop("delivered"))


@on("order.cancelled")
def cancel_what_was_planned(events: Sequence[Event], *, now: datetime) -> None:
    """Call off the shipments of cancelled orders; none of them is being picked."""
    waiting = Shipment.objects.filter(
        order_id__any=_orders(events), status__in=[ShipmentStatus.PLANNED]
    )
    cancel_shipments(
        list(waiting.values_list("pk", flat=True)), now=now, reason=gettext_noop("order cancelled")
    )


@on("shipment.trimmed", "shipment.cancelled")
def plan_again_what_was_not_found(events: Sequence[Event], *, now: datetime) -> None:
    """Plan again what a picker did not find, where other stock covers it."""
    short = [e for e in events if e.kind == "shipment.trimmed" or e.data.get("is_short")]
    plan_shipments(_orders(short), now=now)
