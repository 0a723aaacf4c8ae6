"""What the people of the manual warehouses do: pick, pack, hand over; and what sellers send."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from backoffice.core.sql import execute
from backoffice.replay.demo.dice import happens
from backoffice.replay.demo.story import Story, demo_job
from logistics.models import CarrierAccount, Parcel, PickLine, Shipment
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists

SELLERS_POST = "sellers-post"
# What is picked, and what is packed, and left for the visitor.
KEPT = 2
LINES = """
SELECT shipment_id, id, quantity FROM logistics_shipmentline
WHERE shipment_id = ANY(%s) AND quantity > 0 ORDER BY id
"""


def planned(houses: Sequence[int]) -> QuerySet[Shipment]:
    """Return the shipments that are to be picked in warehouses."""
    return Shipment.objects.filter(origin="DEMO", warehouse_id__any=list(houses), status="PLANNED")


def pick(
    story: Story, houses: Sequence[int], *, now: datetime, most: int, before: datetime
) -> list[int]:
    """Put planned shipments on pick lists, the most urgent first; return the lists."""
    urgent = planned(houses).filter(created_at__lte=before)
    urgent = urgent.order_by("-order__priority", "ship_on", "pk")
    ids = list(urgent.values_list("pk", flat=True)[: max(most, 0)])
    if not ids:
        return []
    with story.role("warehouse"):
        return create_pick_lists(ids, now=now).pick_list_ids


def confirm(story: Story, lists: Sequence[int], *, now: datetime) -> None:
    """Confirm pick lists; now and then a unit is not where it should be."""
    if not lists:
        return
    lines = PickLine.objects.filter(pick_list_id__any=list(lists)).order_by("pk")
    picked = {
        pk: quantity - 1
        for pk, quantity, key, position in lines.values_list(
            "pk",
            "quantity",
            "shipment_line__shipment__order__external_id",
            "shipment_line__order_line__position",
        )
        if happens(0.004, story.seed, key, position, now, "not found")
    }
    with story.role("warehouse"):
        confirm_picks(lists, now=now, picked=picked)


def pack(story: Story, houses: Sequence[int], *, now: datetime) -> list[int]:
    """Pack what is picked, large orders into two parcels; return the new parcels."""
    picked = Shipment.objects.filter(
        origin="DEMO", warehouse_id__any=list(houses), status="PICKING", picked_at__isnull=False
    )
    rows = picked.order_by("-picked_at", "-pk").values_list("pk", "picked_at")
    ids = sorted(row[0] for row in story.turn(rows, lambda row: row[1] or now, keep=KEPT))
    if not ids:
        return []
    lines: dict[int, list[tuple[int, int]]] = {}
    for shipment, line, units in execute(LINES, [ids]):
        lines.setdefault(shipment, []).append((line, units))
    with story.role("warehouse"):
        packed = pack_shipments([PackShipment(i, _parcels(lines[i])) for i in ids], now=now)
    return [pk for parcels in packed.parcel_ids.values() for pk in parcels]


def _parcels(lines: Sequence[tuple[int, int]]) -> list[NewParcel]:
    if len(lines) < 4:
        return [NewParcel()]
    return [NewParcel(dict(lines[:2])), NewParcel(dict(lines[2:]))]


def hand_over(story: Story, houses: Sequence[int], *, now: datetime) -> list[int]:
    """Give labelled parcels to the carrier; return those that left."""
    ready = Parcel.objects.filter(
        origin="DEMO",
        shipment__warehouse_id__any=list(houses),
        status="LABELLED",
        shipment__status="PACKED",
    )
    rows = ready.order_by("-labelled_at", "-pk").values_list("pk", "labelled_at")
    ids = sorted(row[0] for row in story.turn(rows, lambda row: row[1] or now, keep=KEPT))
    if not ids:
        return []
    with story.role("warehouse"):
        return hand_over_parcels(ids, now=now).moved


def sellers_send(story: Story) -> int:
    """Let sellers send what was ordered from them, under numbers of their own post."""
    account = CarrierAccount.objects.get(code=SELLERS_POST)
    planned = Shipment.objects.filter(
        origin="DEMO", status="PLANNED", warehouse=None, seller__isnull=False
    )
    rows = planned.order_by("-pk").values_list(
        "pk", "order__external_id", "seller__code", "order__released_at"
    )
    commands = [
        PackShipment(pk, [NewParcel(account_id=account.pk, tracking_number=f"{seller[:3]}-{key}")])
        for pk, key, seller, _at in story.turn(
            rows, lambda row: story.after(row[3], 1.1, 0.4, *row[1:3], "sends")
        )
    ]
    if not commands:
        return 0
    with demo_job():
        packed = pack_shipments(commands, now=story.now, reason="sent by the seller")
        parcels = [pk for mine in packed.parcel_ids.values() for pk in mine]
        hand_over_parcels(parcels, now=story.now, reason="sent by the seller")
    return len(parcels)
