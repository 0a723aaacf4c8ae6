"""What orders do when something happened below or to themselves."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_noop

from backoffice.core.actor import acting
from backoffice.core.events import historic_times, on
from backoffice.core.models import Event
from orders.models import Order
from orders.services.channel_intake import TOLD
from orders.services.channel_news import cancellation, queue_news
from orders.services.edits import APPROVAL, cancel_edits, commit_edits, reject_edits
from orders.services.lifecycle import complete_orders, confirm_orders, release_orders
from orders.services.reservations import fill_backorders, lose_reservations


def _orders(events: Sequence[Event]) -> list[int]:
    return sorted({e.order_id for e in events if e.order_id is not None})


@on("order.placed", "order.payment_changed", "order.hold_released", "order.edited")
def confirm_what_may_be(events: Sequence[Event], *, now: datetime) -> None:
    """Confirm orders of channels that confirm by themselves, as soon as nothing is in the way."""
    ready = Order.objects.filter(
        pk__any=_orders(events), status="PENDING", open_holds=0, channel__confirms_by_itself=True
    )
    confirm_orders(
        list(ready.values_list("pk", flat=True)),
        now=now,
        reason=gettext_noop("by itself"),
        times=historic_times(events),
    )


@on("order.confirmed", "order.backorder_filled", "order.hold_released", "order.edited")
def release_what_may_be(events: Sequence[Event], *, now: datetime) -> None:
    """Release confirmed orders of channels that release by themselves."""
    ready = Order.objects.filter(
        pk__any=_orders(events), status="CONFIRMED", open_holds=0, channel__releases_by_itself=True
    )
    release_orders(
        list(ready.values_list("pk", flat=True)),
        now=now,
        reason=gettext_noop("by itself"),
        times=historic_times(events),
    )


@on("order.delivered", "order.payment_changed")
def complete_what_may_be(events: Sequence[Event], *, now: datetime) -> None:
    """Complete orders that are delivered and paid."""
    ready = Order.objects.filter(
        pk__any=_orders(events), status="RELEASED", delivered_at__isnull=False
    )
    complete_orders(
        list(ready.values_list("pk", flat=True)),
        now=now,
        reason=gettext_noop("by itself"),
        times=historic_times(events),
    )


@on("order.cancelled")
def tell_the_channel(events: Sequence[Event], *, now: datetime) -> None:
    """Tell channels of orders that were cancelled here, not by themselves."""
    ours = [e for e in events if e.reason != TOLD and e.order_id is not None]
    queue_news([cancellation(e.order_id) for e in ours if e.order_id is not None], now=now)


@on("stock.available")
def fill_what_waits(events: Sequence[Event], *, now: datetime) -> None:
    """Reserve arrived stock for the orders that wait for it, and confirm those that were short."""
    skus = sorted({e.data["sku_id"] for e in events})
    fill_backorders(skus, now=now)
    short = Order.objects.filter(
        status="PENDING",
        open_holds=0,
        channel__confirms_by_itself=True,
        lines__sku_id__in=skus,
        lines__is_stocked=True,
    )
    ids = short.order_by("placed_at", "pk").values_list("pk", flat=True).distinct()
    confirm_orders(list(ids[:500]), now=now, reason=gettext_noop("by itself"))


@on("stock.reservations_lost")
def note_lost_reservations(events: Sequence[Event], *, now: datetime) -> None:
    """Take reservations that a stock loss consumed off the lines; what came since fills them."""
    units: dict[int, int] = {}
    for event in events:
        for lost in event.data["lost"]:
            if lost["for_type"] == "orders.orderline":
                units[lost["for_id"]] = units.get(lost["for_id"], 0) + lost["quantity"]
    if units:
        lose_reservations(units, now=now)
        fill_backorders(sorted({e.data["sku_id"] for e in events}), now=now)


@on("approval.approved")
def commit_approved(events: Sequence[Event], *, now: datetime) -> None:
    """Make the edits that a second person agreed to, in their name; what cannot be is refused."""
    for event in events:
        if event.data.get("kind") != APPROVAL:
            continue
        edit_id = event.data["subject_id"]
        with acting(event.actor_id, request_id=event.request_id, origin=event.origin):
            outcome = commit_edits([edit_id], now=now)
            if outcome.blocked:
                reason = " ".join(str(text) for text in outcome.blocked[edit_id])
                reject_edits([edit_id], now=now, reason=reason)


@on("approval.rejected", "approval.withdrawn")
def end_refused(events: Sequence[Event], *, now: datetime) -> None:
    """End the edits that a second person refused, or whose asker took them back."""
    for event in events:
        if event.data.get("kind") != APPROVAL:
            continue
        end = reject_edits if event.kind == "approval.rejected" else cancel_edits
        with acting(event.actor_id, request_id=event.request_id, origin=event.origin):
            end([event.data["subject_id"]], now=now, reason=event.reason)
