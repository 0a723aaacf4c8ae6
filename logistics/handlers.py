"""What logistics does when something happened to orders or to its own shipments."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.events import on
from backoffice.core.models import Event
from logistics.choices import ShipmentStatus
from logistics.models import Shipment
from logistics.services.cancelling import cancel_shipments
from logistics.services.planning import plan_shipments
from logistics.services.trimming import trim_shipments


def _orders(events: Sequence[Event]) -> list[int]:
    return sorted({e.order_id for e in events if e.order_id is not None})


@on("order.released", "order.backorder_filled")
def plan_what_is_ready(events: Sequence[Event], *, now: datetime) -> None:
    """Plan shipments for what was released or has come in."""
    plan_shipments(_orders(events), now=now)


@on("order.backordered")
def trim_what_was_lost(events: Sequence[Event], *, now: datetime) -> None:
    """Take lost units out of planned shipments."""
    trim_shipments(_orders(events), now=now, reason="lost from stock")


@on("order.cancelled")
def cancel_what_was_planned(events: Sequence[Event], *, now: datetime) -> None:
    """Call off the shipments of cancelled orders; none of them is being picked."""
    waiting = Shipment.objects.filter(
        order_id__any=_orders(events), status__in=[ShipmentStatus.PLANNED]
    )
    cancel_shipments(list(waiting.values_list("pk", flat=True)), now=now, reason="order cancelled")


@on("shipment.trimmed", "shipment.cancelled")
def plan_again_what_was_not_found(events: Sequence[Event], *, now: datetime) -> None:
    """Plan again what a picker did not find, where other stock covers it."""
    short = [e for e in events if e.kind == "shipment.trimmed" or e.data.get("is_short")]
    plan_shipments(_orders(short), now=now)
