"""What orders do when something happened below or to themselves."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.events import historic_times, on
from backoffice.core.models import Event
from orders.models import Order
from orders.services.lifecycle import complete_orders, confirm_orders, release_orders
from orders.services.reservations import fill_backorders, lose_reservations


def _orders(events: Sequence[Event]) -> list[int]:
    return sorted({e.order_id for e in events if e.order_id is not None})


@on("order.placed", "order.payment_changed", "order.hold_released")
def confirm_what_may_be(events: Sequence[Event], *, now: datetime) -> None:
    """Confirm orders of channels that confirm by themselves, as soon as nothing is in the way."""
    ready = Order.objects.filter(
        pk__any=_orders(events), status="PENDING", open_holds=0, channel__confirms_by_itself=True
    )
    confirm_orders(
        list(ready.values_list("pk", flat=True)),
        now=now,
        reason="by itself",
        times=historic_times(events),
    )


@on("order.confirmed", "order.backorder_filled", "order.hold_released")
def release_what_may_be(events: Sequence[Event], *, now: datetime) -> None:
    """Release confirmed orders of channels that release by themselves."""
    ready = Order.objects.filter(
        pk__any=_orders(events), status="CONFIRMED", open_holds=0, channel__releases_by_itself=True
    )
    release_orders(
        list(ready.values_list("pk", flat=True)),
        now=now,
        reason="by itself",
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
        reason="by itself",
        times=historic_times(events),
    )


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
    confirm_orders(list(ids[:500]), now=now, reason="by itself")


@on("stock.reservations_lost")
def note_lost_reservations(events: Sequence[Event], *, now: datetime) -> None:
    """Take reservations that a stock loss consumed off the lines."""
    units: dict[int, int] = {}
    for event in events:
        for lost in event.data["lost"]:
            if lost["for_type"] == "orders.orderline":
                units[lost["for_id"]] = units.get(lost["for_id"], 0) + lost["quantity"]
    if units:
        lose_reservations(units, now=now)
