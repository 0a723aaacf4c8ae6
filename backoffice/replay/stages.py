"""The stages that every source shares: cancel, hand over, deliver, review."""

from collections.abc import Callable, Sequence
from datetime import datetime

from backoffice.replay.engine import Played
from backoffice.replay.lookup import missing, orders_of, why_not
from finance.services.commands import RecordPayment
from finance.services.payments import record_payments
from logistics.choices import ParcelStatus, ScanSource
from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.services.scans import Scan, apply_scans
from orders.services.commands import PlaceOrder
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders
from support.services.commands import RecordSurvey
from support.services.surveys import record_surveys

Reasons = dict[int, str]


def place(
    played: Sequence[Played], now: datetime, to_command: Callable[[Played], PlaceOrder]
) -> Reasons:
    """Place orders."""
    placed = place_orders([to_command(p) for p in played], now=now, reason="import")
    return {played[n].message.pk: " ".join(reasons) for n, reasons in placed.refused.items()}


def pay(
    played: Sequence[Played],
    now: datetime,
    channel: str,
    to_payment: Callable[[Played, int], RecordPayment],
) -> Reasons:
    """Record captured payments."""
    orders = orders_of(channel, played)
    reasons = missing(played, orders)
    known = [p for p in played if p.order in orders]
    recorded = record_payments(
        [to_payment(p, orders[p.order]) for p in known], now=now, reason="import"
    )
    for n, words in recorded.refused.items():
        reasons[known[n].message.pk] = " ".join(str(w) for w in words)
    return reasons


def cancel(played: Sequence[Played], now: datetime, channel: str) -> Reasons:
    """Cancel orders at the time that the source gives."""
    orders = orders_of(channel, played)
    reasons = missing(played, orders)
    known = {orders[p.order]: p for p in played if p.order in orders}
    times = {pk: p.at for pk, p in known.items()}
    outcome = cancel_orders(list(known), now=now, reason="cancelled in the source", times=times)
    for pk, words in outcome.blocked.items():
        reasons[known[pk].message.pk] = " ".join(str(w) for w in words)
    return reasons


def hand_over(
    played: Sequence[Played], now: datetime, channel: str, account: CarrierAccount
) -> Reasons:
    """Pick, pack and hand over whole orders, one parcel a shipment."""
    orders = orders_of(channel, played)
    reasons = missing(played, orders)
    known = {orders[p.order]: p for p in played if p.order in orders}
    for pk, text in why_not(list(known), "RELEASED").items():
        reasons[known.pop(pk).message.pk] = text
    shipments = _pick(list(known), now)
    numbers = {
        pk: f"{channel}-{known[order].order[:32]}-{n}"
        for n, (pk, order) in enumerate(sorted(shipments.items()))
    }
    packed = pack_shipments(
        [
            PackShipment(
                pk, [NewParcel(account_id=account.pk, tracking_number=numbers[pk], weight_grams=0)]
            )
            for pk in shipments
        ],
        now=now,
        reason="import",
    )
    parcels = {pk: shipment for shipment, parcels in packed.parcel_ids.items() for pk in parcels}
    times = {pk: known[shipments[shipment]].at for pk, shipment in parcels.items()}
    outcome = hand_over_parcels(list(parcels), now=now, at=times, reason="import")
    gone = {shipments[parcels[pk]] for pk in outcome.moved}
    for order, p in known.items():
        if order not in gone:
            words = [str(w) for why in (packed.blocked, outcome.blocked) for w in why.values()]
            reasons[p.message.pk] = (" ".join(words) or "nothing of the order could be sent")[:300]
    return reasons


def _pick(order_ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Pick what is planned for orders; return their open shipments with the order of each."""
    planned = Shipment.objects.filter(order_id__any=list(order_ids), status="PLANNED")
    stocked = planned.filter(lines__order_line__is_stocked=True).distinct()
    made = create_pick_lists(list(stocked.values_list("pk", flat=True)), now=now)
    if made.pick_list_ids:
        confirm_picks(made.pick_list_ids, now=now)
    open_ = Shipment.objects.filter(
        order_id__any=list(order_ids), status__in=["PLANNED", "PICKING"]
    )
    return dict(open_.values_list("pk", "order_id"))


def deliver(
    played: Sequence[Played], now: datetime, channel: str, account: CarrierAccount
) -> Reasons:
    """Scan the parcels of orders as delivered."""
    orders = orders_of(channel, played)
    reasons = missing(played, orders)
    known = {orders[p.order]: p for p in played if p.order in orders}
    rows = Parcel.objects.filter(
        shipment__order_id__any=list(known), shipped_at__isnull=False
    ).values_list("shipment__order_id", "tracking_number")
    scans = [
        Scan(
            account.pk,
            number,
            known[order].at,
            ParcelStatus.DELIVERED,
            code="delivered",
            source=ScanSource.IMPORT,
        )
        for order, number in rows
    ]
    apply_scans(scans, now=now, reason="import")
    for order in set(known) - {order for order, _ in rows}:
        reasons[known[order].message.pk] = "nothing of the order was handed to a carrier"
    return reasons


def review(
    played: Sequence[Played],
    now: datetime,
    channel: str,
    to_survey: Callable[[Played, int], RecordSurvey],
) -> Reasons:
    """Record reviews as answered surveys; a low score opens a ticket."""
    orders = orders_of(channel, played)
    reasons = missing(played, orders)
    known = [p for p in played if p.order in orders]
    recorded = record_surveys(
        [to_survey(p, orders[p.order]) for p in known], now=now, reason="import"
    )
    for n, text in recorded.refused.items():
        reasons[known[n].message.pk] = str(text)
    return reasons
