"""From planned to handed over in one go: each step by its own service, as far as one comes.

Where a shipment stands is read from itself, so that a job that died goes on where it was. Labels
are bought by their own job; a shipment that waits for one is looked at again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import service
from backoffice.core.jobs import Underway, bulk_action
from backoffice.core.locks import lock
from backoffice.core.scope import for_actor
from backoffice.core.states import Guard, Outcome, Text
from logistics.carriers.registry import ADAPTERS
from logistics.choices import ParcelStatus, ShipmentStatus
from logistics.models import CarrierAccount, LabelRequest, Parcel, Shipment
from logistics.services.handover import hand_over_shipments
from logistics.services.packing import NO_ACCOUNT, pack_whole
from logistics.services.picking import confirm_picks, create_pick_lists, orders_of
from logistics.services.planning import plan_shipments, unplanned_orders
from logistics.states import COVERED, SHIPMENT
from orders.choices import OrderStatus, PaymentStatus, PaymentTerms
from orders.models import Order

# The verb that comes next, whose guards say whether it may; what is packed may wait for its label.
NEXT = {ShipmentStatus.PLANNED: "pick", ShipmentStatus.PICKING: "pack"}
HERE = (*NEXT, ShipmentStatus.PACKED)
GONE = (ShipmentStatus.SHIPPED, ShipmentStatus.DELIVERED)
SOON, LATER = timedelta(seconds=5), timedelta(minutes=1)

NOT_HELD = Guard(
    "not_held",
    Q(order__open_holds=0),
    gettext_lazy("The order is on hold: release its holds first."),
)
PAID = Guard(
    "paid",
    Q(order__channel__payment_terms=PaymentTerms.ON_ACCOUNT)
    | Q(
        order__payment_status__in=[
            PaymentStatus.PAID,
            PaymentStatus.AUTHORISED,
            PaymentStatus.PARTIALLY_REFUNDED,
        ]
    )
    | Q(
        order__payment_status=PaymentStatus.PARTIALLY_PAID,
        order__total_amount__lte=F("order__captured_amount") + F("order__authorised_amount"),
    ),
    gettext_lazy("The order is not paid, or its money went back: see its payments."),
)
SENDER = Guard(
    "sender",
    Q(warehouse__isnull=True) | Q(warehouse__address__isnull=False),
    gettext_lazy("The warehouse has no address for the label: enter it in the warehouse."),
)
ADDRESS = Guard(
    "address",
    Q(order__ship_to__line1__gt="", order__ship_to__city__gt="")
    & (Q(order__ship_to__recipient__gt="") | Q(order__ship_to__company__gt="")),
    gettext_lazy(
        "The address lacks its recipient, street or city. Pack it by hand; where the carrier"
        " refuses the label, enter the number of one that you wrote yourself."
    ),
)
SELLER = gettext_lazy("The seller ships this: nothing of it is in our warehouse.")
LEFT = gettext_lazy("It has left already.")
CALLED_OFF = gettext_lazy("It was called off.")
NOT_RELEASED = gettext_lazy("It is not with the warehouse yet: confirm and release it first.")
ENDED = gettext_lazy("The order is complete or cancelled.")
NOTHING_HERE = gettext_lazy("Nothing of it waits in a warehouse: see what it waits for.")


def _guard(outcome: Outcome, guards: Iterable[Guard], ids: Iterable[int]) -> None:
    asked = set(ids)
    for guard in guards:
        fine = Shipment.objects.filter(guard.condition, pk__any=list(asked))
        outcome.block(asked - set(fine.values_list("pk", flat=True)), guard.reason)


def account_trouble() -> Text:
    """Say why no label can be bought by itself from the usual carrier; empty where it can."""
    account = usual_account()
    if account is None or account.adapter not in ADAPTERS:
        return NO_ACCOUNT
    adapter = ADAPTERS[account.adapter]
    if adapter.needs_number:
        text = _("%(account)s sells no labels: pick and pack, then enter each tracking number.")
        return text % {"account": account}
    if adapter.buys_labels and not (account.base_url and account.api_key):
        text = _("%(account)s has no address or key of its API: enter them in the carrier account.")
        return text % {"account": account}
    return ""


def usual_account() -> CarrierAccount | None:
    """Return the account that is used where nothing else is said."""
    return CarrierAccount.objects.filter(is_active=True, is_default=True).first()


@dataclass(frozen=True, slots=True)
class _Labels:
    """How the labels of packed shipments stand: those that need a hand, those that are awaited."""

    blocked: Mapping[int, Text]
    awaited: Mapping[int, tuple[Text, datetime]]


def _labels(shipment_ids: Sequence[int], now: datetime) -> _Labels:
    parcels = Parcel.objects.filter(
        shipment_id__any=list(shipment_ids), status=ParcelStatus.CREATED
    ).order_by("pk")
    asked = LabelRequest.objects.in_bulk(parcels.values_list("pk", flat=True))
    blocked: dict[int, Text] = {}
    awaited: dict[int, tuple[Text, datetime]] = {}
    for parcel in parcels:
        request = asked.get(parcel.pk)
        words = {"parcel": parcel.number, "error": request.error if request else ""}
        if request is None:
            text = _("Parcel %(parcel)s waits for its tracking number: enter it.")
            blocked[parcel.shipment_id] = text % words
        elif request.refused_at is not None:
            text = _(
                "The carrier refused the label of %(parcel)s (%(error)s): mend what it says and"
                " try again, or enter the tracking number."
            )
            blocked[parcel.shipment_id] = text % words
        elif request.error:
            text = _("Picked and packed; the label is tried again by itself (%(error)s).")
            due = min(max(request.next_attempt_at, now + SOON), now + LATER)
            awaited[parcel.shipment_id] = (text % words, due)
        else:
            text = _("Picked and packed; the label is being bought.")
            awaited[parcel.shipment_id] = (text, now + SOON)
    return _Labels(blocked, awaited)


def check_shipments(shipment_ids: Sequence[int], *, now: datetime) -> Outcome:
    """Say which shipments may be dispatched and why the others not, without a lock."""
    rows = Shipment.objects.filter(pk__any=list(shipment_ids), warehouse__isnull=False)
    status = dict(rows.order_by("pk").values_list("pk", "status"))
    outcome = Outcome(list(status))
    outcome.block(set(shipment_ids) - set(status), SELLER)
    outcome.block([pk for pk, s in status.items() if s in GONE], LEFT)
    outcome.block([pk for pk, s in status.items() if s == ShipmentStatus.CANCELLED], CALLED_OFF)
    for state, verb in NEXT.items():
        ids = [pk for pk in outcome.moved if status[pk] == state]
        for pk, reasons in SHIPMENT.explain_many(ids, verb).blocked.items():
            for reason in reasons:
                outcome.block([pk], reason)
    unpacked = [pk for pk in outcome.moved if status[pk] != ShipmentStatus.PACKED]
    packed = [pk for pk in outcome.moved if status[pk] == ShipmentStatus.PACKED]
    _guard(outcome, [NOT_HELD, PAID], outcome.moved)
    _guard(outcome, [SENDER, ADDRESS], unpacked)
    _guard(outcome, [COVERED], packed)
    if unpacked and (trouble := account_trouble()):
        outcome.block(unpacked, trouble)
    for pk, reason in _labels(packed, now).blocked.items():
        outcome.block([pk], reason)
    return outcome


@service
def _begin(shipment_ids: Sequence[int], *, now: datetime) -> Outcome:
    """Check again under the locks of the orders, which a job's chunk keeps to its end."""
    lock(Order, orders_of(shipment_ids).values())
    return check_shipments(shipment_ids, now=now)


def dispatch_shipments(shipment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Underway:
    """Pick and pack shipments whole, and hand over those that have their labels."""
    rows = Shipment.objects.filter(pk__any=list(shipment_ids))
    gone = list(rows.filter(status__in=GONE).values_list("pk", flat=True))
    checked = _begin(sorted(set(shipment_ids) - set(gone)), now=now)
    result = Underway(gone, dict(checked.blocked))
    status = dict(rows.filter(pk__any=checked.moved).values_list("pk", "status"))

    def do(verb: Callable[..., Outcome], ids: list[int]) -> Outcome:
        outcome = verb(ids, now=now, reason=reason) if ids else Outcome()
        result.blocked |= outcome.blocked
        return outcome

    made = do(create_pick_lists, [i for i, s in status.items() if s == ShipmentStatus.PLANNED])
    lists = getattr(made, "pick_list_ids", [])
    if lists:
        confirm_picks(lists, now=now, reason=reason)
    picked = [i for i, s in status.items() if s == ShipmentStatus.PICKING]
    do(pack_whole, sorted([*made.moved, *picked]))
    going = [i for i in checked.moved if i not in result.blocked]
    labels = _labels(going, now)
    for pk, text in labels.blocked.items():
        result.block([pk], text)
    result.waits = {i: w for i, w in labels.awaited.items() if i not in labels.blocked}
    ready = [i for i in going if i not in result.blocked and i not in result.waits]
    result.moved += do(hand_over_shipments, ready).moved
    return result


def shipments_here(order_ids: Sequence[int]) -> QuerySet:
    """Return the shipments of orders that are in our warehouses, as far as one may see them."""
    rows = Shipment.objects.filter(order_id__any=list(order_ids), status__in=HERE)
    return for_actor(rows.filter(warehouse__isnull=False))


def _here(order_ids: Sequence[int]) -> dict[int, int]:
    return dict(shipments_here(order_ids).order_by("pk").values_list("pk", "order_id"))


def check_orders(order_ids: Sequence[int], *, now: datetime) -> Outcome:
    """Say which orders may be dispatched: those of which every shipment in house may."""
    status = dict(Order.objects.filter(pk__any=list(order_ids)).values_list("pk", "status"))
    outcome = Outcome(sorted(status))
    early = (OrderStatus.PENDING, OrderStatus.CONFIRMED)
    outcome.block([pk for pk, s in status.items() if s in early], NOT_RELEASED)
    ended = [pk for pk in outcome.moved if status[pk] != OrderStatus.RELEASED]
    outcome.block(ended, ENDED)
    here = _here(outcome.moved)
    planned = {*here.values(), *unplanned_orders(only=outcome.moved)}
    outcome.block(set(outcome.moved) - planned, NOTHING_HERE)
    reasons: dict[int, dict[str, Text]] = {}
    for pk, why in check_shipments(list(here), now=now).blocked.items():
        reasons.setdefault(here[pk], {}).update((str(text), text) for text in why)
    for order, texts in reasons.items():
        for text in texts.values():
            outcome.block([order], text)
    return outcome


def dispatch_orders(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> Underway:
    """Dispatch all that orders have in our warehouses."""
    if unplanned := unplanned_orders(only=order_ids):
        plan_shipments(unplanned, now=now, reason=reason)
    checked = check_orders(order_ids, now=now)
    here = _here(checked.moved)
    done = dispatch_shipments(list(here), now=now, reason=reason)
    result = Underway(list(checked.moved), dict(checked.blocked))
    for pk, texts in done.blocked.items():
        for text in texts:
            result.block([here[pk]], text)
    result.waits = {here[pk]: w for pk, w in done.waits.items() if here[pk] not in result.blocked}
    result.moved = [pk for pk in result.moved if pk not in result.waits]
    _forgive_gone(result, order_ids)
    return result


def _forgive_gone(result: Underway, order_ids: Sequence[int]) -> None:
    """Count as done what somebody handed over while the job waited."""
    gone = Shipment.objects.filter(order_id__any=list(order_ids), status__in=GONE)
    left = set(gone.values_list("order_id", flat=True))
    for pk, reasons in list(result.blocked.items()):
        if reasons == [NOTHING_HERE] and pk in left:
            del result.blocked[pk]
            result.moved.append(pk)


PERMISSIONS = (
    "logistics.pick_shipment",
    "logistics.pack_shipment",
    "logistics.ship_shipment",
)
LABEL = gettext_lazy("Pick, pack and ship")
# A chunk picks, packs and hands over in one transaction, under the locks of its orders.
CHUNK = 100
bulk_action(
    "logistics.shipment.dispatch",
    LABEL,
    dispatch_shipments,
    chunk=CHUNK,
    check=check_shipments,
    permissions=PERMISSIONS,
)
bulk_action(
    "orders.order.dispatch",
    LABEL,
    dispatch_orders,
    chunk=CHUNK,
    check=check_orders,
    permissions=PERMISSIONS,
)
