"""Stock leaves: promises and picks are consumed, the ledger tells at which cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute
from inventory.choices import MoveKind
from inventory.services.bins import draw, read_bins
from inventory.services.ledger import Entry, write_entries
from inventory.services.levels import InsufficientStockError, Pair, lock_levels

CONSUME = """
WITH taken AS (
  SELECT r.id, r.for_type, r.for_id, r.sku_id, r.warehouse_id, r.quantity AS held,
    least(r.quantity, s.units)::int AS units
  FROM (SELECT for_type, for_id, sku_id, warehouse_id, sum(units) AS units
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
      AS s(for_type, for_id, sku_id, warehouse_id, units) GROUP BY 1, 2, 3, 4) s
  JOIN inventory_reservation r USING (for_type, for_id, sku_id, warehouse_id)
), gone AS (
  DELETE FROM inventory_reservation r USING taken t WHERE r.id = t.id AND t.units = t.held
), less AS (
  UPDATE inventory_reservation r SET quantity = r.quantity - t.units
  FROM taken t WHERE r.id = t.id AND t.units < t.held
)
SELECT for_type, for_id, sku_id, warehouse_id, units FROM taken
"""
AVAILABLE = "SELECT sku_id, warehouse_id, available FROM inventory_stocklevel WHERE id = ANY(%s)"
PICKED = """
SELECT a.id, a.for_type, a.for_id, a.sku_id, o.warehouse_id, a.location_id, a.lot_id, a.quantity,
  a.picked_at
FROM (SELECT DISTINCT * FROM unnest(%s::text[], %s::bigint[]) AS s(for_type, for_id)) s
JOIN inventory_allocation a USING (for_type, for_id)
JOIN inventory_location o ON o.id = a.location_id
ORDER BY a.id
"""
TAKE = """
WITH taken AS (SELECT * FROM unnest(%s::bigint[], %s::int[]) AS t(id, units)),
gone AS (
  DELETE FROM inventory_allocation a USING taken t WHERE a.id = t.id AND a.quantity = t.units
)
UPDATE inventory_allocation a SET quantity = a.quantity - t.units
FROM taken t WHERE a.id = t.id AND a.quantity > t.units
"""


@dataclass(frozen=True, slots=True)
class ShipItem:
    """Units that leave for one thing, from the bins set aside for it or in picking order.

    `picked_type` and `picked_id` name whom the bins were set aside for, where that is another.
    """

    for_type: str
    for_id: int
    sku_id: int
    warehouse_id: int
    quantity: int
    occurred_at: datetime | None = None
    picked_type: str = ""
    picked_id: int | None = None

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id

    @property
    def pick(self) -> tuple[str, int]:
        if self.picked_id is not None:
            return self.picked_type, self.picked_id
        return self.for_type, self.for_id


@dataclass(slots=True)
class _Pick:
    id: int
    pair: Pair
    location_id: int
    lot_id: int
    left: int
    picked_at: datetime | None
    taken: int = 0


# Bin, lot, units, those of them that were set aside, and when they were picked.
_Part = tuple[ShipItem, int, int, int, int, datetime | None]


@dataclass(frozen=True, slots=True)
class Shipped:
    """How many ledger lines were written for how many units."""

    entries: int
    units: int


@service
def ship_stock(items: Sequence[ShipItem], *, now: datetime, reason: str = "") -> Shipped:
    """Post what leaves at average cost; take it off promises, picks, bins and levels together.

    InsufficientStockError where more leaves than was promised to it and is free.
    """
    items = [item for item in items if item.quantity > 0]
    if not items:
        return Shipped(0, 0)
    levels = lock_levels(item.pair for item in items)
    consumed = _consume(items)
    _refuse_unpromised(items, dict(consumed), levels)
    entries = _entries(items, consumed, now=now)
    write_entries(entries, now=now)
    return Shipped(len(entries), sum(item.quantity for item in items))


def _consume(items: Sequence[ShipItem]) -> dict[tuple[str, int, Pair], int]:
    rows = execute(
        CONSUME,
        [
            [item.for_type for item in items],
            [item.for_id for item in items],
            [item.sku_id for item in items],
            [item.warehouse_id for item in items],
            [item.quantity for item in items],
        ],
    )
    return {(for_type, pk, (sku, house)): units for for_type, pk, sku, house, units in rows}


def _refuse_unpromised(
    items: Sequence[ShipItem],
    consumed: dict[tuple[str, int, Pair], int],
    levels: dict[Pair, int],
) -> None:
    unpromised: dict[Pair, int] = {}
    for item in items:
        unpromised[item.pair] = unpromised.get(item.pair, 0) + item.quantity
    for (_type, _id, pair), units in consumed.items():
        unpromised[pair] -= units
    rows = execute(AVAILABLE, [list(levels.values())])
    available = {(sku, warehouse): units for sku, warehouse, units in rows}
    missing = {
        pair: units - available.get(pair, 0)
        for pair, units in unpromised.items()
        if units > available.get(pair, 0)
    }
    if missing:
        raise InsufficientStockError(missing)


def _picks(items: Sequence[ShipItem]) -> dict[tuple[str, int], list[_Pick]]:
    keys = [item.pick for item in items]
    found: dict[tuple[str, int], list[_Pick]] = {}
    for pk, for_type, for_id, sku, warehouse, location, lot, units, at in execute(
        PICKED, [[key[0] for key in keys], [key[1] for key in keys]]
    ):
        pick = _Pick(pk, (sku, warehouse), location, lot, units, at)
        found.setdefault((for_type, for_id), []).append(pick)
    return found


def _entries(
    items: Sequence[ShipItem], consumed: dict[tuple[str, int, Pair], int], *, now: datetime
) -> list[Entry]:
    """Return the ledger lines: from the picks first, then from free bins in picking order."""
    picks = _picks(items)
    rest: list[tuple[ShipItem, int]] = []
    parts: list[_Part] = []
    for item in items:
        left = item.quantity
        for pick in picks.get(item.pick, ()):
            units = min(left, pick.left) if pick.pair == item.pair else 0
            if units:
                pick.left -= units
                pick.taken += units
                left -= units
                parts.append((item, pick.location_id, pick.lot_id, units, units, pick.picked_at))
        if left:
            rest.append((item, left))
    taken = [pick for row in picks.values() for pick in row if pick.taken]
    if taken:
        execute(TAKE, [[pick.id for pick in taken], [pick.taken for pick in taken]])
    parts += _from_free_bins(rest, now=now)
    entries = []
    for item, location, lot, units, unallocated, taken_at in parts:
        key = (item.for_type, item.for_id, item.pair)
        unreserved = min(units, consumed.get(key, 0))
        consumed[key] = consumed.get(key, 0) - unreserved
        entries.append(
            Entry(
                MoveKind.SHIPMENT,
                *item.pair,
                location,
                lot,
                -units,
                None,
                item.for_type,
                item.for_id,
                item.occurred_at,
                unreserved,
                unallocated,
                taken_at,
            )
        )
    return entries


def _from_free_bins(rest: Sequence[tuple[ShipItem, int]], *, now: datetime) -> list[_Part]:
    if not rest:
        return []
    bins = read_bins((item.pair for item, _units in rest), now=now)
    for row in bins.values():
        row.sort(key=lambda b: b.is_expired)
    parts: list[_Part] = []
    missing: dict[Pair, int] = {}
    for item, units in rest:
        row = [b for b in bins[item.pair] if b.is_promisable]
        drawn = draw(row, units, units_of=lambda b: b.free)
        for bin_, share in drawn:
            bin_.on_hand -= share
            parts.append((item, bin_.location_id, bin_.lot_id, share, 0, None))
        short = units - sum(share for _bin, share in drawn)
        if short:
            missing[item.pair] = missing.get(item.pair, 0) + short
    if missing:
        raise InsufficientStockError(missing)
    return parts
