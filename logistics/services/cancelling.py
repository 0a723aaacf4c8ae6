"""Calling shipments off, whole or in part, before they leave."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from logistics.models import LabelRequest, Parcel, PickList, Shipment, ShipmentLine
from logistics.services.stock import release_lines
from logistics.states import PARCEL, PICK_LIST, SHIPMENT
from orders.models import Order
from orders.services.fulfilment import stop_picking

PICK_LISTS = """
SELECT DISTINCT pl.pick_list_id FROM logistics_pickline pl
JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id WHERE sl.shipment_id = ANY(%s)
"""
# Open lists on which no shipment is left that is being picked.
IDLE_LISTS = """
SELECT k.id FROM logistics_picklist k WHERE k.id = ANY(%s) AND k.status = 'OPEN' AND NOT EXISTS (
  SELECT FROM logistics_pickline pl JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
  JOIN logistics_shipment s ON s.id = sl.shipment_id
  WHERE pl.pick_list_id = k.id AND s.status = 'PICKING' AND s.picked_at IS NULL)
"""
PARCELS_LEFT = _("A parcel of it has left already.")
IDLE_ORDERS = """
SELECT o.id FROM orders_order o WHERE o.id = ANY(%s) AND o.picking_started_at IS NOT NULL
  AND o.shipped_quantity = 0 AND NOT EXISTS (
  SELECT FROM logistics_shipment s WHERE s.order_id = o.id
    AND s.status NOT IN ('PLANNED', 'CANCELLED', 'GIVEN_UP'))
"""


@service
def cancel_shipments(shipment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call off shipments of which nothing has left; their units may be planned again."""
    rows = Shipment.objects.filter(pk__any=list(shipment_ids))
    orders = dict(rows.values_list("pk", "order_id"))
    lock(Order, orders.values())
    lock(Shipment, shipment_ids)
    lists = lock(PickList, [row[0] for row in execute(PICK_LISTS, [list(shipment_ids)])])
    parcels = Parcel.objects.filter(shipment_id__any=list(shipment_ids))
    lock(Parcel, parcels.values_list("pk", flat=True))
    outcome = SHIPMENT.check(shipment_ids, "cancel")
    _block_left(outcome)
    _cancel_parcels(outcome.moved)
    SHIPMENT.move(outcome.moved, "cancel", values={"uncovered_quantity": 0})
    lines = ShipmentLine.objects.filter(shipment_id__any=outcome.moved)
    release_lines(list(lines.values_list("pk", flat=True)), now=now)
    close_idle_lists(lists)
    stop_idle([orders[i] for i in outcome.moved], now=now)
    return outcome


def stop_idle(order_ids: Sequence[int], *, now: datetime) -> None:
    """Take the note of picking off locked orders that have nothing in hand; inside a service."""
    idle = [row[0] for row in execute(IDLE_ORDERS, [sorted(set(order_ids))])]
    if idle:
        stop_picking(idle, now=now)


def _block_left(outcome: Outcome) -> None:
    left = Parcel.objects.filter(shipment_id__any=outcome.moved, shipped_at__isnull=False)
    outcome.block(set(left.values_list("shipment_id", flat=True)), PARCELS_LEFT)


def _cancel_parcels(shipment_ids: Sequence[int]) -> None:
    open_ = Parcel.objects.filter(shipment_id__any=list(shipment_ids)).exclude(status="CANCELLED")
    ids = sorted(open_.values_list("pk", flat=True))
    if ids:
        LabelRequest.objects.filter(pk__any=ids).delete()
        PARCEL.move(ids, "cancel")


def close_idle_lists(list_ids: Sequence[int]) -> None:
    """Close locked pick lists that have nothing left to pick; inside a service."""
    idle = [row[0] for row in execute(IDLE_LISTS, [list(list_ids)])]
    PICK_LIST.move(idle, "cancel")


def cancel_empty(shipment_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Cancel locked shipments that have no units left; inside a service. Return them."""
    full = ShipmentLine.objects.filter(shipment_id__any=list(shipment_ids), quantity__gt=0)
    kept = set(full.values_list("shipment_id", flat=True))
    empty = [i for i in shipment_ids if i not in kept]
    if empty:
        SHIPMENT.move(empty, "cancel", data={i: {"is_short": True} for i in empty})
        orders = Shipment.objects.filter(pk__any=empty).values_list("order_id", flat=True)
        stop_idle(list(orders), now=now)
    return empty
