"""Warehouses that work by themselves: a third party picks, packs and hands over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_noop

from backoffice.core.choices import Origin
from inventory.choices import Fulfilment
from logistics.choices import ParcelStatus, ShipmentStatus
from logistics.models import Parcel, Shipment
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from orders.choices import OrderStatus

BATCH = 500
WHY = gettext_noop("automatic warehouse")


@dataclass(frozen=True, slots=True)
class Worked:
    """How many shipments were packed and parcels handed over."""

    packed: int
    handed_over: int


def _by_itself(prefix: str = "") -> Q:
    return Q(
        **{
            f"{prefix}warehouse__fulfilment": Fulfilment.AUTOMATIC,
            f"{prefix}warehouse__is_active": True,
        }
    ) & ~Q(origin=Origin.IMPORT)


def _waiting() -> list[int]:
    ready = Shipment.objects.filter(
        _by_itself(), status=ShipmentStatus.PLANNED, order__status=OrderStatus.RELEASED
    )
    urgent = ready.order_by("ship_on", "pk").values_list("pk", flat=True)
    return list(urgent[:BATCH])


def _picked() -> list[int]:
    picked = Shipment.objects.filter(
        _by_itself(), status=ShipmentStatus.PICKING, picked_at__isnull=False, uncovered_quantity=0
    )
    return list(picked.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _labelled() -> list[int]:
    ready = Parcel.objects.filter(
        _by_itself("shipment__"),
        status=ParcelStatus.LABELLED,
        shipment__status=ShipmentStatus.PACKED,
        shipment__uncovered_quantity=0,
    )
    return list(ready.order_by("pk").values_list("pk", flat=True)[:BATCH])


def _pack(shipment_ids: Sequence[int], now: datetime) -> int:
    commands = [PackShipment(i) for i in shipment_ids]
    return len(pack_shipments(commands, now=now, reason=WHY).moved) if commands else 0


def run_automatic_warehouses(*, now: datetime) -> Worked:
    """Pick and pack what waits, hand over what has its label; each step is a transaction."""
    waiting = _waiting()
    if waiting:
        made = create_pick_lists(waiting, now=now, reason=WHY)
        if made.pick_list_ids:
            confirm_picks(made.pick_list_ids, now=now, reason=WHY)
    packed = _pack(_picked(), now)
    labelled = _labelled()
    gone = hand_over_parcels(labelled, now=now, reason=WHY).moved if labelled else []
    return Worked(packed, len(gone))
