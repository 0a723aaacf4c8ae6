"""What keeps orders from going on in the warehouse and on their way."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.core.extensions import Fix, Obstacle, obstacle
from inventory.choices import Fulfilment
from logistics.choices import ExceptionStatus, ParcelStatus, PickListStatus, ShipmentStatus
from logistics.models import DeliveryException, LabelRequest, Parcel, PickList, Shipment
from logistics.services.planning import unplanned_orders
from logistics.states import GIVABLE, STRANDED
from logistics.states import PARCEL as PARCELS

SHIPMENT, PARCEL = "logistics.shipment", "logistics.parcel"
EXCEPTION = "logistics.deliveryexception"
Found = dict[int, list[Obstacle]]


@obstacle("orders.order")
def shipments_wait(ids: list[int], now: datetime) -> Mapping[int, list[Obstacle]]:
    """Say what the shipments and parcels of orders wait for."""
    found: Found = {pk: [] for pk in ids}
    for pk in unplanned_orders(only=ids):
        found[pk].append(Obstacle("PLANNING", _("Units wait to be planned into a shipment.")))
    waiting = Shipment.objects.filter(
        order_id__any=ids, status__in=["PLANNED", "PICKING", "PACKED"]
    ).select_related("warehouse")
    for shipment in waiting.order_by("pk"):
        found[shipment.order_id] += _shipment(shipment)
    problems = DeliveryException.objects.filter(order_id__any=ids).exclude(
        status=ExceptionStatus.RESOLVED
    )
    stranded = _stranded(ids)
    for problem in problems.select_related("parcel").order_by("pk"):
        text = _("Parcel %(parcel)s: %(kind)s.") % {
            "parcel": problem.parcel.number,
            "kind": problem.get_kind_display(),
        }
        fixes: tuple[Fix, ...] = (
            Fix(problem.number, EXCEPTION, problem.pk),
            Fix(problem.parcel.number, PARCEL, problem.parcel_id),
        )
        if stranded.pop(problem.parcel_id, None):
            fixes = (*_remedies(problem.parcel_id), *fixes)
        found[problem.order_id].append(Obstacle("EXCEPTION", text, fixes, problem.opened_at))
    for pk, parcel in stranded.items():
        words = {"number": parcel.number, "status": parcel.get_status_display()}
        text = _("Parcel %(number)s will not arrive (%(status)s): send it again or refund it.")
        fixes = (*_remedies(pk), Fix(parcel.number, PARCEL, pk))
        found[parcel.shipment.order_id].append(Obstacle("STRANDED", text % words, fixes))
    return found


@obstacle(SHIPMENT)
def shipment_waits(ids: list[int], now: datetime) -> Mapping[int, list[Obstacle]]:
    """Say what shipments in house wait for."""
    here = Shipment.objects.filter(pk__any=ids, status__in=["PLANNED", "PICKING", "PACKED"])
    return {row.pk: _shipment(row) for row in here.select_related("warehouse")}


def _stranded(order_ids: list[int]) -> dict[int, Parcel]:
    """Return the parcels of orders of which somebody has to decide what the customer gets."""
    parcels = Parcel.objects.filter(
        STRANDED, shipment__order__in=order_ids, status__in=GIVABLE, given_up_at__isnull=True
    )
    return {p.pk: p for p in parcels.select_related("shipment").order_by("pk")}


def _remedies(parcel_id: int) -> tuple[Fix, ...]:
    verbs = ("send_again", "refund")
    return tuple(Fix(PARCELS.transitions[v].label, PARCEL, parcel_id, v) for v in verbs)


def _shipment(shipment: Shipment) -> list[Obstacle]:
    """Say what one shipment in house waits for; a warehouse that works by itself needs nobody."""
    if shipment.uncovered_quantity:
        text = _("Shipment %(number)s lost %(n)s units after picking.")
        words = {"number": shipment.number, "n": shipment.uncovered_quantity}
        return [Obstacle("UNCOVERED", text % words, (_open(shipment),), shipment.picked_at)]
    if shipment.status == ShipmentStatus.PACKED:
        return _packed(shipment)
    place = shipment.warehouse
    if place is not None and place.fulfilment == Fulfilment.AUTOMATIC and place.is_active:
        return []
    words = {"number": shipment.number, "place": place.name if place else _("the seller")}
    if shipment.status == ShipmentStatus.PLANNED and place is not None:
        text = _("Shipment %(number)s waits to be picked in %(place)s.") % words
        pick = Fix(_("Start picking"), SHIPMENT, shipment.pk, "pick")
        return [Obstacle("PICK", text, (pick, _open(shipment)), shipment.created_at)]
    if shipment.status == ShipmentStatus.PICKING and shipment.picked_at is None:
        text = _("Shipment %(number)s is being picked in %(place)s.") % words
        return [Obstacle("PICKING", text, _lists(shipment), shipment.updated_at)]
    text = _("Shipment %(number)s waits to be packed by %(place)s.") % words
    pack = Fix(_("Pack"), SHIPMENT, shipment.pk, "pack")
    since = shipment.picked_at or shipment.created_at
    return [Obstacle("PACK", text, (pack, _open(shipment)), since)]


def _open(shipment: Shipment) -> Fix:
    return Fix(shipment.number, SHIPMENT, shipment.pk)


def _lists(shipment: Shipment) -> tuple[Fix, ...]:
    lists = PickList.objects.filter(
        lines__shipment_line__shipment=shipment, status=PickListStatus.OPEN
    ).distinct()
    return tuple(Fix(row.number, "logistics.picklist", row.pk) for row in lists.order_by("pk"))


def _packed(shipment: Shipment) -> list[Obstacle]:
    parcels = Parcel.objects.filter(shipment=shipment, shipped_at__isnull=True)
    open_ = parcels.exclude(status=ParcelStatus.CANCELLED).order_by("pk")
    asked = {r.parcel_id: r for r in LabelRequest.objects.filter(parcel__shipment=shipment)}
    found = []
    for parcel in open_:
        request, here = asked.get(parcel.pk), Fix(parcel.number, PARCEL, parcel.pk)
        number = Fix(_("Enter the tracking number…"), PARCEL, parcel.pk, "enter_number")
        words = {"number": parcel.number, "error": request.error if request else ""}
        if parcel.status == ParcelStatus.LABELLED:
            text = _("Parcel %(number)s waits to be handed over.") % words
            ship = Fix(_("Hand over"), PARCEL, parcel.pk, "ship")
            found.append(Obstacle("HAND_OVER", text, (ship, here), parcel.labelled_at))
        elif request is None:
            text = _("Parcel %(number)s waits for its tracking number.") % words
            found.append(Obstacle("NUMBER", text, (number, here), parcel.created_at))
        elif request.refused_at is not None:
            text = _("The label of parcel %(number)s was refused: %(error)s") % words
            again = Fix(_("Try again"), "logistics.labelrequest", query="is_refused=true")
            since = request.refused_at
            found.append(Obstacle("LABEL", text, (again, number, here), since))
        elif request.error:
            text = _("The label of parcel %(number)s is tried again: %(error)s") % words
            found.append(Obstacle("LABEL", text, (here,), parcel.created_at))
    return found
