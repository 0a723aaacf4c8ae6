"""Shipments and the stock beneath them: bins set aside, given back, emptied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from inventory.choices import MoveKind
from inventory.models import Allocation
from inventory.services.allocation import Allocated, allocate_bins, release_bins
from inventory.services.moves import Move, post_moves
from inventory.services.picks import release_picks
from inventory.services.reservations import Need
from inventory.services.shipping import ShipItem, ship_stock

ORDER_LINE = "orders.orderline"
SHIPMENT_LINE = "logistics.shipmentline"


@dataclass(frozen=True, slots=True)
class StockNeed:
    """Units of a shipment line that have to be found in a warehouse."""

    shipment_line_id: int
    shipment_id: int
    sku_id: int
    warehouse_id: int
    units: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Units of a pick that were not where they were said to be."""

    shipment_line_id: int
    sku_id: int
    warehouse_id: int
    location_id: int
    lot_id: int
    units: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """Units of a shipment line that leave with a parcel."""

    shipment_line_id: int
    order_line_id: int
    sku_id: int
    warehouse_id: int
    units: int
    at: datetime


def allocate_units(
    needs: Sequence[StockNeed], *, now: datetime
) -> tuple[list[Allocated], set[int]]:
    """Set bins aside; return them, and the shipments for which they do not suffice.

    Those get nothing: what was set aside for them is given back.
    """
    allocated = _set_aside(needs, now)
    units: dict[int, int] = {}
    for part in allocated:
        units[part.for_id] = units.get(part.for_id, 0) + part.quantity
    short = {n.shipment_id for n in needs if units.get(n.shipment_line_id, 0) < n.units}
    if short:
        lines = [n.shipment_line_id for n in needs if n.shipment_id in short]
        release_bins(SHIPMENT_LINE, lines, now=now)
        gone = set(lines)
        allocated = [part for part in allocated if part.for_id not in gone]
    return allocated, short


def _set_aside(needs: Sequence[StockNeed], now: datetime) -> list[Allocated]:
    wanted = [
        Need(SHIPMENT_LINE, n.shipment_line_id, n.shipment_id, n.sku_id, n.warehouse_id, n.units)
        for n in needs
    ]
    return allocate_bins(wanted, now=now)


def allocate_what_there_is(needs: Sequence[StockNeed], *, now: datetime) -> dict[int, int]:
    """Set aside as much as free bins hold; return the units by shipment line."""
    units: dict[int, int] = {}
    for part in _set_aside(needs, now):
        units[part.for_id] = units.get(part.for_id, 0) + part.quantity
    return units


def release_excess(units: Mapping[int, int], *, now: datetime) -> None:
    """Give back so many units of shipment lines, from the bins that were set aside last."""
    rows = Allocation.objects.filter(for_type=SHIPMENT_LINE, for_id__any=list(units))
    left = dict(units)
    given = []
    for row in rows.order_by("-allocated_at", "-pk"):
        share = min(row.quantity, left[row.for_id])
        left[row.for_id] -= share
        if share:
            place = (row.sku_id, row.location_id, row.lot_id)
            given.append(Allocated(SHIPMENT_LINE, row.for_id, *place, share))
    if given:
        release_picks(SHIPMENT_LINE, given, now=now)


def release_lines(shipment_line_ids: Sequence[int], *, now: datetime) -> None:
    """Give back the bins set aside for shipment lines."""
    if shipment_line_ids:
        release_bins(SHIPMENT_LINE, shipment_line_ids, now=now)


def write_off_missing(missing: Sequence[Missing], *, now: datetime) -> None:
    """Take units that a picker did not find off their bins and off the books.

    The latest promises lose them where nothing else covers those.
    """
    picks = [
        Allocated(SHIPMENT_LINE, m.shipment_line_id, m.sku_id, m.location_id, m.lot_id, m.units)
        for m in missing
    ]
    warehouses = {m.location_id: m.warehouse_id for m in missing}
    moves = [
        Move(
            MoveKind.ADJUSTMENT,
            given.sku_id,
            warehouses[given.location_id],
            -given.quantity,
            given.location_id,
            given.lot_id,
            for_type=SHIPMENT_LINE,
            for_id=given.for_id,
        )
        for given in release_picks(SHIPMENT_LINE, picks, now=now)
    ]
    post_moves(moves, now=now, reason=gettext_noop("not found at picking"))


def ship_units(leaving: Sequence[Leaving], *, now: datetime) -> None:
    """Take what leaves off promises, bins and books."""
    ship_stock(
        [
            ShipItem(
                ORDER_LINE,
                item.order_line_id,
                item.sku_id,
                item.warehouse_id,
                item.units,
                item.at,
                SHIPMENT_LINE,
                item.shipment_line_id,
            )
            for item in leaving
        ],
        now=now,
    )
