"""Picking: bins are allocated, walked and confirmed; what is not found is put right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.origins import inherited
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome
from inventory.services.allocation import Allocated
from inventory.services.picks import mark_picked
from logistics.models import PickLine, PickList, Shipment
from logistics.services.cancelling import cancel_empty
from logistics.services.stock import (
    SHIPMENT_LINE,
    Missing,
    StockNeed,
    allocate_units,
    write_off_missing,
)
from logistics.states import PICK_LIST, SHIPMENT
from orders.models import Order
from orders.services.fulfilment import start_picking

SHIPMENTS_PER_LIST = 40
NOT_IN_BINS = _("Its units are not all in bins: put them away or count the stock.")
EMPTY = _("It has no units left.")
NEEDS = """
SELECT sl.id, sl.shipment_id, l.sku_id, s.warehouse_id, sl.quantity
FROM logistics_shipmentline sl
JOIN logistics_shipment s ON s.id = sl.shipment_id
JOIN orders_orderline l ON l.id = sl.order_line_id
JOIN orders_order o ON o.id = s.order_id
WHERE sl.shipment_id = ANY(%s) AND sl.quantity > 0 AND s.warehouse_id IS NOT NULL
ORDER BY o.priority DESC, s.ship_on, s.id, sl.id
"""


@dataclass(slots=True)
class PickListsMade(Outcome):
    """The shipments that are being picked, and the lists for it."""

    pick_list_ids: list[int] = field(default_factory=list)


def orders_of(shipment_ids: Sequence[int]) -> dict[int, int]:
    """Return each shipment's order."""
    rows = Shipment.objects.filter(pk__any=list(shipment_ids)).values_list("pk", "order_id")
    return dict(rows)


@service
def create_pick_lists(
    shipment_ids: Sequence[int], *, now: datetime, reason: str = ""
) -> PickListsMade:
    """Allocate bins for planned shipments and list them, warehouse by warehouse."""
    orders = orders_of(shipment_ids)
    lock(Order, orders.values())
    checked = SHIPMENT.check(shipment_ids, "pick")
    outcome = PickListsMade(checked.moved, checked.blocked)
    needs = [StockNeed(*row) for row in execute(NEEDS, [outcome.moved])]
    allocated, short = allocate_units(needs, now=now)
    outcome.block(short, NOT_IN_BINS)
    outcome.block(set(outcome.moved) - {need.shipment_id for need in needs}, EMPTY)
    if not outcome.moved:
        return outcome
    outcome.pick_list_ids = _insert(outcome.moved, allocated, needs)
    SHIPMENT.move(outcome.moved, "pick")
    start_picking([orders[i] for i in outcome.moved], now=now)
    return outcome


def _insert(
    moved: Sequence[int], picks: Sequence[Allocated], needs: Sequence[StockNeed]
) -> list[int]:
    shipment_of = {need.shipment_line_id: need.shipment_id for need in needs}
    going = dict(zip(moved, inherited([("logistics.shipment", i) for i in moved]), strict=True))
    walks: dict[tuple[int, str], dict[int, None]] = {}
    for need in needs:
        if need.shipment_id in going:
            walk = (need.warehouse_id, going[need.shipment_id])
            walks.setdefault(walk, {})[need.shipment_id] = None
    chunks = [
        (*walk, list(members)[n : n + SHIPMENTS_PER_LIST])
        for walk, members in walks.items()
        for n in range(0, len(members), SHIPMENTS_PER_LIST)
    ]
    ids = next_ids(PickList, len(chunks))
    insert_rows(
        PickList,
        {"id": ids, "warehouse_id": [c[0] for c in chunks], "origin": [c[1] for c in chunks]},
    )
    list_of = {s: pk for pk, (*_, members) in zip(ids, chunks, strict=True) for s in members}
    mine = [p for p in picks if shipment_of[p.for_id] in going]
    insert_rows(
        PickLine,
        {
            "pick_list_id": [list_of[shipment_of[p.for_id]] for p in mine],
            "shipment_line_id": [p.for_id for p in mine],
            "sku_id": [p.sku_id for p in mine],
            "location_id": [p.location_id for p in mine],
            "lot_id": [p.lot_id for p in mine],
            "quantity": [p.quantity for p in mine],
        },
    )
    facts = [
        Fact(pk, data={"warehouse_id": warehouse, "shipments": len(members)})
        for pk, (warehouse, _, members) in zip(ids, chunks, strict=True)
    ]
    emit("pick_list.created", facts)
    return ids


LINES = """
SELECT pl.id, pl.pick_list_id, pl.shipment_line_id, sl.shipment_id, s.order_id, pl.sku_id,
  k.warehouse_id, pl.location_id, pl.lot_id, pl.quantity, s.status
FROM logistics_pickline pl
JOIN logistics_picklist k ON k.id = pl.pick_list_id
JOIN logistics_shipmentline sl ON sl.id = pl.shipment_line_id
JOIN logistics_shipment s ON s.id = sl.shipment_id
WHERE pl.pick_list_id = ANY(%s) ORDER BY pl.id
"""
PICKED = """
UPDATE logistics_pickline p SET picked = n.units
FROM unnest(%s::bigint[], %s::int[]) AS n(id, units) WHERE p.id = n.id
"""
LESS = """
UPDATE logistics_shipmentline l SET quantity = l.quantity - n.units
FROM (SELECT id, sum(units)::int AS units FROM unnest(%s::bigint[], %s::int[]) AS u(id, units)
  GROUP BY id) n WHERE l.id = n.id
"""


@service
def confirm_picks(
    pick_list_ids: Sequence[int],
    *,
    now: datetime,
    picked: Mapping[int, int] | None = None,
    reason: str = "",
) -> Outcome:
    """Confirm what was picked; a pick line that `picked` does not name was picked whole.

    Units that were not found leave the shipment and are written off from their bin: the order
    keeps its reservation where there is other stock, and is planned again, or waits for stock.
    """
    picked = picked or {}
    rows = execute(LINES, [list(pick_list_ids)])
    lock(Order, [row[4] for row in rows])
    lock(Shipment, [row[3] for row in rows])
    outcome = PICK_LIST.check(pick_list_ids, "confirm")
    going = set(outcome.moved)
    # Read again under the locks: a shipment may have been called off meanwhile.
    lines = [r for r in execute(LINES, [outcome.moved]) if r[10] == "PICKING" and r[1] in going]
    bad = {r[1] for r in lines if not 0 <= picked.get(r[0], r[9]) <= r[9]}
    outcome.block(bad, _("More was picked than listed, or less than nothing."))
    lines = [r for r in lines if r[1] not in bad]
    execute(PICKED, [[r[0] for r in lines], [picked.get(r[0], r[9]) for r in lines]])
    PICK_LIST.move(outcome.moved, "confirm")
    short = [(r, r[9] - picked.get(r[0], r[9])) for r in lines if picked.get(r[0], r[9]) < r[9]]
    shipments = sorted({r[3] for r in lines})
    SHIPMENT.move(shipments, "confirm_pick")
    if short:
        _put_right(short, now=now)
    mark_picked(SHIPMENT_LINE, [r[2] for r in lines], now=now)
    return outcome


def _put_right(short: Sequence[tuple[tuple, int]], *, now: datetime) -> None:
    execute(LESS, [[r[2] for r, _ in short], [n for _, n in short]])
    emptied = cancel_empty(sorted({r[3] for r, _ in short}), now=now)
    units: dict[int, int] = {}
    for r, n in short:
        units[r[3]] = units.get(r[3], 0) + n
    data = {pk: {"units": n} for pk, n in units.items()}
    SHIPMENT.tell(sorted(set(units) - set(emptied)), "trim", data=data)
    missing = [Missing(r[2], r[5], r[6], r[7], r[8], n) for r, n in short]
    write_off_missing(missing, now=now)
