"""Stock comes, goes and changes place: the only way into the ledger besides shipping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backoffice.core.actor import service
from backoffice.core.sql import execute
from inventory.choices import LocationKind, MoveKind
from inventory.services.bins import Bin, draw, read_bins
from inventory.services.ledger import Entry, write_entries
from inventory.services.levels import InsufficientStockError, Pair, lock_levels, tell_available
from inventory.services.losses import lose_allocations, lose_reservations
from inventory.services.places import Place, default_bins, no_lots, places


@dataclass(frozen=True, slots=True)
class Move:
    """Units in (+) or out (−) of a warehouse.

    Without a location, what comes in lies in the default bin and what goes out is drawn from the
    bins in picking order; without a lot, "no lot" comes in and any lot goes out. Without a unit
    cost (company currency) the average cost is taken.
    """

    kind: str
    sku_id: int
    warehouse_id: int
    quantity: int
    location_id: int | None = None
    lot_id: int | None = None
    unit_cost: Decimal | None = None
    for_type: str = ""
    for_id: int | None = None
    occurred_at: datetime | None = None

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units from one bin to another, in the same warehouse or the next."""

    sku_id: int
    quantity: int
    from_location_id: int
    to_location_id: int
    lot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """How many ledger lines were written, and how many units more can be promised by level."""

    entries: int
    gained: dict[int, int]


@service
def post_moves(moves: Sequence[Move], *, now: datetime, reason: str = "") -> Posted:
    """Post moves: levels, bins and ledger together.

    A loss below what is promised first releases the latest promises; one below what a bin has set
    aside, the latest allocations. InsufficientStockError where more goes out than lies there.
    """
    moves = [move for move in moves if move.quantity]
    if not moves:
        return Posted(0, {})
    lock_levels({(m.sku_id, m.warehouse_id) for m in moves}, make=True)
    gaining = [m for m in moves if m.quantity > 0]
    losing = [m for m in moves if m.quantity < 0]
    bins_of = default_bins({m.warehouse_id for m in gaining if not m.location_id})
    lots = no_lots({m.sku_id for m in gaining if not m.lot_id})
    gains = [_gain(m, bins_of, lots) for m in gaining]
    kinds = places({e.location_id for e in gains} | {m.location_id or 0 for m in losing})
    _refuse_strange_places(moves, kinds)
    bins = _bins(losing, gains, kinds, now=now)
    losses, unallocated = _draw_losses(losing, gains, bins)
    entries = gains + losses
    kinds |= {b.location_id: Place(b.warehouse_id, b.kind) for row in bins.values() for b in row}
    lose_reservations(_promisable(entries, kinds) if losing else {})
    lose_allocations(unallocated)
    written = write_entries(entries, now=now)
    tell_available([row for row in written if row[3] > 0])
    return Posted(len(entries), {row[0]: row[3] for row in written})


def _gain(move: Move, bins: Mapping[int, int], lots: Mapping[int, int]) -> Entry:
    return Entry(
        move.kind,
        move.sku_id,
        move.warehouse_id,
        move.location_id or bins[move.warehouse_id],
        move.lot_id or lots[move.sku_id],
        move.quantity,
        move.unit_cost,
        move.for_type,
        move.for_id,
        move.occurred_at,
    )


def _refuse_strange_places(moves: Sequence[Move], kinds: Mapping[int, Place]) -> None:
    for move in moves:
        if move.location_id and kinds[move.location_id].warehouse_id != move.warehouse_id:
            raise ValueError("The bin belongs to another warehouse.")


def _bins(
    losing: Sequence[Move], gains: Sequence[Entry], kinds: Mapping[int, Place], *, now: datetime
) -> dict[Pair, list[Bin]]:
    """Return the bins that losses may draw from, as they are once the gains have come in."""
    if not losing:
        return {}
    bins = read_bins((move.pair for move in losing), now=now)
    by_key = {bin_.key: bin_ for row in bins.values() for bin_ in row}
    for entry in gains:
        pair = (entry.sku_id, entry.warehouse_id)
        if pair in bins:
            key = (entry.sku_id, entry.location_id, entry.lot_id)
            if key not in by_key:
                kind = kinds[entry.location_id].kind
                by_key[key] = Bin(*pair, entry.location_id, entry.lot_id, 0, 0, kind)
                bins[pair].append(by_key[key])
            by_key[key].on_hand += entry.quantity
    return bins


def _draw_losses(
    losing: Sequence[Move], gains: Sequence[Entry], bins: Mapping[Pair, list[Bin]]
) -> tuple[list[Entry], dict[tuple[int, int, int], int]]:
    """Draw losses from bins: what the same thing brought in, then free, then set-aside units."""
    asking = {(m.for_type, m.for_id) for m in losing if m.for_id}
    brought = {
        (e.for_type, e.for_id, e.sku_id, e.location_id, e.lot_id)
        for e in gains
        if e.for_id and (e.for_type, e.for_id) in asking
    }
    bringing = {key[:2] for key in brought}
    # Units in quarantine are written off by naming their bin, never by chance.
    promisable = {pair: [b for b in row if b.is_promisable] for pair, row in bins.items()}
    entries: list[Entry] = []
    unallocated: dict[tuple[int, int, int], int] = {}
    missing: dict[Pair, int] = {}
    for move in losing:
        candidates = (bins if move.location_id else promisable)[move.pair]
        if move.location_id or move.lot_id:
            candidates = [
                b
                for b in candidates
                if move.location_id in (None, b.location_id) and move.lot_id in (None, b.lot_id)
            ]
        own = (move.for_type, move.for_id)
        if own in bringing:
            candidates = sorted(candidates, key=lambda b: (*own, *b.key) not in brought)  # noqa: B023
        left = -move.quantity
        for is_free in (True, False):
            if not left:
                break
            drawn = draw(
                candidates, left, units_of=(lambda b: b.free) if is_free else lambda b: b.on_hand
            )
            for bin_, units in drawn:
                bin_.on_hand -= units
                left -= units
                if not is_free:
                    bin_.allocated -= units
                    unallocated[bin_.key] = unallocated.get(bin_.key, 0) + units
                entries.append(_loss(move, bin_, units))
        if left:
            missing[move.pair] = missing.get(move.pair, 0) + left
    if missing:
        raise InsufficientStockError(missing)
    return entries, unallocated


def _loss(move: Move, bin_: Bin, units: int) -> Entry:
    return Entry(
        move.kind,
        move.sku_id,
        move.warehouse_id,
        bin_.location_id,
        bin_.lot_id,
        -units,
        move.unit_cost,
        move.for_type,
        move.for_id,
        move.occurred_at,
    )


def _promisable(entries: Sequence[Entry], kinds: Mapping[int, Place]) -> dict[Pair, int]:
    change: dict[Pair, int] = {}
    apart = {pk for pk, place in kinds.items() if place.kind == LocationKind.QUARANTINE}
    for entry in entries:
        if entry.location_id not in apart:
            pair = (entry.sku_id, entry.warehouse_id)
            change[pair] = change.get(pair, 0) + entry.quantity
    return change


@service
def transfer_stock(transfers: Sequence[Transfer], *, now: datetime, reason: str = "") -> Posted:
    """Move units between bins; into another warehouse they go at the average cost they had."""
    ends = places(i for t in transfers for i in (t.from_location_id, t.to_location_id))
    pairs = {
        (t.sku_id, ends[location].warehouse_id)
        for t in transfers
        for location in (t.from_location_id, t.to_location_id)
    }
    levels = lock_levels(pairs, make=True)
    rows = execute(
        "SELECT sku_id, warehouse_id, average_cost FROM inventory_stocklevel WHERE id = ANY(%s)",
        [list(levels.values())],
    )
    costs = {(sku, warehouse): cost for sku, warehouse, cost in rows}
    lots = no_lots(t.sku_id for t in transfers if t.lot_id is None)
    moves = []
    for t in transfers:
        source = ends[t.from_location_id].warehouse_id
        target = ends[t.to_location_id].warehouse_id
        lot = t.lot_id or lots[t.sku_id]
        cost = costs[t.sku_id, source]
        moves += [
            Move(MoveKind.TRANSFER, t.sku_id, source, -t.quantity, t.from_location_id, lot, cost),
            Move(MoveKind.TRANSFER, t.sku_id, target, t.quantity, t.to_location_id, lot, cost),
        ]
    return post_moves(moves, now=now, reason=reason)
