"""Handing parcels over to the carrier: stock leaves, orders learn, tracking begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute, per_row
from backoffice.core.states import Outcome
from inventory.services.levels import lock_levels
from logistics.carriers.registry import tracking_adapters
from logistics.choices import ParcelStatus
from logistics.models import Parcel, Shipment
from logistics.services.stock import Leaving, ship_units
from logistics.states import PARCEL, SHIPMENT
from orders.models import Order
from orders.services.fulfilment import LineUnits, record_shipped

FAMILY = """
SELECT p.id, p.shipment_id, s.order_id FROM logistics_parcel p
JOIN logistics_shipment s ON s.id = p.shipment_id WHERE p.id = ANY(%s)
"""
CONTENT = """
SELECT pl.parcel_id, p.shipment_id, sl.id, l.id, l.is_stocked, l.sku_id, s.warehouse_id,
  pl.quantity, l.quantity - l.shipped - l.cancelled,
  CASE WHEN l.is_stocked THEN coalesce(r.quantity, 0) END,
  CASE WHEN l.is_stocked THEN (SELECT coalesce(sum(a.quantity), 0)::int
    FROM inventory_allocation a
    WHERE a.for_type = 'logistics.shipmentline' AND a.for_id = sl.id) END
FROM logistics_parcelline pl
JOIN logistics_parcel p ON p.id = pl.parcel_id
JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
JOIN logistics_shipment s ON s.id = sl.shipment_id
JOIN orders_orderline l ON l.id = sl.order_line_id
LEFT JOIN inventory_reservation r ON r.for_type = 'orders.orderline' AND r.for_id = l.id
WHERE pl.parcel_id = ANY(%s) ORDER BY pl.parcel_id, pl.id
"""
GONE = """
SELECT s.id, max(p.shipped_at) FROM logistics_shipment s
JOIN logistics_parcel p ON p.shipment_id = s.id AND p.status <> 'CANCELLED'
WHERE s.id = ANY(%s) GROUP BY s.id HAVING bool_and(p.shipped_at IS NOT NULL)
"""
WATCH = """
UPDATE logistics_tracking t SET next_poll_at = %(now)s + interval '30 minutes' / a.poll_pace
FROM logistics_carrieraccount a, logistics_parcel p
WHERE t.parcel_id = ANY(%(ids)s) AND a.id = t.account_id AND a.adapter = ANY(%(adapters)s)
  AND p.id = t.parcel_id AND p.origin <> 'IMPORT'
"""
EMPTIED = _("Its bins lost units after picking: cancel the shipment and pick again.")
UNCOVERED = _("Its units are not reserved for the order any more.")


@dataclass(frozen=True, slots=True)
class Content:
    """Units of one shipment line in a parcel, and what order and stock still have for them."""

    parcel_id: int
    shipment_id: int
    shipment_line_id: int
    order_line_id: int
    is_stocked: bool
    sku_id: int
    warehouse_id: int
    units: int
    unshipped: int
    reserved: int | None
    allocated: int | None


def lock_family(parcel_ids: Sequence[int]) -> None:
    """Lock orders, shipments and parcels in their order; inside a service."""
    rows = execute(FAMILY, [list(parcel_ids)])
    lock(Order, [row[2] for row in rows])
    lock(Shipment, [row[1] for row in rows])
    lock(Parcel, [row[0] for row in rows])


@service
def hand_over_parcels(
    parcel_ids: Sequence[int],
    *,
    now: datetime,
    at: datetime | Mapping[int, datetime] | None = None,
    reason: str = "",
) -> Outcome:
    """Hand labelled parcels over to their carriers.

    Their stock leaves the books and their orders count them as shipped, in the same transaction.
    `at` says when it really happened, for all or for each.
    """
    lock_family(parcel_ids)
    outcome = PARCEL.check(parcel_ids, "ship")
    contents = _read(outcome.moved)
    _block_uncovered(outcome, contents)
    if not outcome.moved:
        return outcome
    moved = set(outcome.moved)
    contents = [c for c in contents if c.parcel_id in moved]
    times = {pk: _moment(pk, at, now) for pk in outcome.moved}
    leaving = [
        Leaving(
            c.shipment_line_id,
            c.order_line_id,
            c.sku_id,
            c.warehouse_id,
            c.units,
            times[c.parcel_id],
        )
        for c in contents
        if c.is_stocked
    ]
    if leaving:
        ship_units(leaving, now=now)
    PARCEL.move(
        outcome.moved,
        "ship",
        values={"shipped_at": per_row(Parcel, "shipped_at", times)},
        times=times,
    )
    _close_shipments({c.shipment_id for c in contents})
    units = [LineUnits(c.order_line_id, c.units, times[c.parcel_id]) for c in contents]
    record_shipped(units, now=now)
    _watch(outcome.moved, now)
    return outcome


def _read(parcel_ids: Sequence[int]) -> list[Content]:
    """Read what parcels hold; where stock is concerned, again under its lock."""
    contents = [Content(*row) for row in execute(CONTENT, [list(parcel_ids)])]
    pairs = {(c.sku_id, c.warehouse_id) for c in contents if c.is_stocked}
    if pairs:
        lock_levels(pairs)
        contents = [Content(*row) for row in execute(CONTENT, [list(parcel_ids)])]
    return contents


def _moment(pk: int, at: datetime | Mapping[int, datetime] | None, now: datetime) -> datetime:
    if at is None:
        return now
    return at if isinstance(at, datetime) else at.get(pk, now)


def _block_uncovered(outcome: Outcome, contents: Sequence[Content]) -> None:
    """Block parcels whose units order or stock no longer have: lost, or shipped otherwise."""
    left = {
        c.order_line_id: c.unshipped if c.reserved is None else min(c.unshipped, c.reserved)
        for c in contents
    }
    picked = {c.shipment_line_id: c.allocated for c in contents if c.allocated is not None}
    parcels: dict[int, list[Content]] = {}
    for c in contents:
        parcels.setdefault(c.parcel_id, []).append(c)
    for parcel_id, members in parcels.items():
        if any(c.units > left[c.order_line_id] for c in members):
            outcome.block([parcel_id], UNCOVERED)
        elif any(c.units > picked.get(c.shipment_line_id, c.units) for c in members):
            outcome.block([parcel_id], EMPTIED)
        else:
            for c in members:
                left[c.order_line_id] -= c.units
                if c.shipment_line_id in picked:
                    picked[c.shipment_line_id] -= c.units


def _close_shipments(shipment_ids: set[int]) -> None:
    gone: dict[int, datetime] = dict(execute(GONE, [sorted(shipment_ids)]))  # type: ignore[arg-type]
    if gone:
        ids = sorted(gone)
        values = {"shipped_at": per_row(Shipment, "shipped_at", gone)}
        SHIPMENT.move(ids, "ship", values=values, times=gone)


def _watch(parcel_ids: Sequence[int], now: datetime) -> None:
    """Begin to poll what was handed over; nobody is asked about what was imported."""
    execute(WATCH, {"now": now, "ids": list(parcel_ids), "adapters": tracking_adapters()})


@service
def hand_over_shipments(shipment_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Hand over all labelled parcels of packed shipments."""
    rows = Parcel.objects.filter(shipment_id__any=list(shipment_ids))
    rows = rows.exclude(status=ParcelStatus.CANCELLED)
    parcels = dict(rows.values_list("pk", "shipment_id"))
    lock_family(list(parcels))
    outcome = SHIPMENT.check(shipment_ids, "ship")
    going = set(outcome.moved)
    waiting = rows.filter(status=ParcelStatus.LABELLED)
    ready = [pk for pk in waiting.values_list("pk", flat=True) if parcels[pk] in going]
    handed = hand_over_parcels(ready, now=now, reason=reason)
    for pk, reasons in handed.blocked.items():
        for text in reasons:
            outcome.block([parcels[pk]], text)
    return outcome
