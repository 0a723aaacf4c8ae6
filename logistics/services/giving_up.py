"""Parcels that will not arrive: their units are sent again, or cancelled and refunded."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from logistics.choices import Remedy
from logistics.models import DeliveryException
from logistics.services.cancelling import stop_idle
from logistics.services.exceptions import resolve_exceptions
from logistics.services.handover import lock_family
from logistics.services.planning import plan_shipments
from logistics.services.scans import UNITS, close_shipments
from logistics.states import PARCEL
from orders.models import Order
from orders.services.fulfilment import LineUnits, give_units_up
from orders.services.lifecycle import cancel_orders

COUNT = """
UPDATE logistics_shipmentline sl SET given_up = sl.given_up + p.units FROM (
  SELECT shipment_line_id, sum(quantity)::int AS units FROM logistics_parcelline
  WHERE parcel_id = ANY(%s) GROUP BY 1) p
WHERE sl.id = p.shipment_line_id
"""
RESOLUTIONS = {
    Remedy.SEND_AGAIN: gettext_noop("the parcel is sent again"),
    Remedy.REFUND: gettext_noop("the parcel is refunded"),
}


@service
def send_again(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Give stranded parcels up and plan their units anew, from stock reserved for them now."""
    outcome, orders = _give_up(parcel_ids, "send_again", Remedy.SEND_AGAIN, now)
    plan_shipments(orders, now=now)
    return outcome


@service
def refund_parcels(parcel_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Give stranded parcels up and cancel their units; an order with nothing left is cancelled.

    What was paid for them goes back by the refund policy.
    """
    outcome, orders = _give_up(parcel_ids, "refund", Remedy.REFUND, now)
    over = Order.objects.filter(pk__any=orders, ordered_quantity__lte=F("cancelled_quantity"))
    cancel_orders(sorted(over.values_list("pk", flat=True)), now=now, reason=reason)
    return outcome


def _give_up(
    parcel_ids: Sequence[int], verb: str, remedy: Remedy, now: datetime
) -> tuple[Outcome, list[int]]:
    """Take parcels off what is awaited; one lock holds both remedies, so that one is taken."""
    lock_family(parcel_ids)
    outcome = PARCEL.check(parcel_ids, verb)
    if not outcome.moved:
        return outcome, []
    units = [LineUnits(line, n) for line, n, _pk in execute(UNITS, [outcome.moved])]
    data = {pk: {"remedy": remedy} for pk in outcome.moved}
    PARCEL.move(outcome.moved, verb, values={"remedy": remedy}, data=data)
    execute(COUNT, [outcome.moved])
    close_shipments(outcome.moved)
    orders = give_units_up(units, cancel=remedy == Remedy.REFUND, now=now)
    stop_idle(orders, now=now)
    open_ = DeliveryException.objects.filter(parcel_id__any=outcome.moved)
    over = list(open_.exclude(status="RESOLVED").values_list("pk", flat=True))
    resolve_exceptions(over, now=now, reason=RESOLUTIONS[remedy])
    return outcome, orders
