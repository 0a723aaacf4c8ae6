"""What counts found: held against the ledger of that very moment, posted or looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core.actor import acting_now, current_actor, service
from backoffice.core.extensions import Text, blocker
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from inventory.choices import CountLineStatus, MoveKind
from inventory.models import Location, Lot, Sku, StockCount, StockCountLine
from inventory.services.counts import insert_lines, take_turns
from inventory.services.levels import lock_levels
from inventory.services.moves import Move, post_moves
from inventory.states import STOCK_COUNT

LATEST = timedelta(days=1)
LINE = "inventory.stockcountline"
WHY = gettext_noop("Counted")
NO_LINE = _("A line does not belong to the count, or its bin, SKU or lot does not exist.")
COUNTED = _("A line was counted already: reload the page.")
TWICE = _("A line is named twice.")
NEGATIVE = _("Less than nothing cannot be counted.")
WRONG_TIME = _("It was counted before the count began, more than a day ago, or in the future.")
ELSEWHERE = _("What was found there is being counted by somebody else: leave it out.")
MOVED = _("Less lies there now than the difference: have it counted again.")
SAME_PERSON = _("You counted a part of it yourself: somebody else approves it.")
# What lay in a bin at an instant: what is on hand, less all that came or went since, less what
# pickers had taken by then and is still in the house. A picked unit left its bin when it was taken.
EXPECTED = """
SELECT c.id, coalesce(b.on_hand, 0)
  - coalesce((SELECT sum(m.quantity) FROM inventory_stockmove m
    WHERE m.sku_id = c.sku_id AND m.location_id = c.location_id AND m.lot_id = c.lot_id
      AND m.occurred_at > c.at AND coalesce(m.taken_at, m.occurred_at) > c.at), 0)::int
  - coalesce((SELECT sum(a.quantity) FROM inventory_allocation a
    WHERE a.sku_id = c.sku_id AND a.location_id = c.location_id AND a.lot_id = c.lot_id
      AND a.picked_at <= c.at), 0)::int,
  coalesce(b.on_hand, 0)
  - coalesce((SELECT sum(a.quantity) FROM inventory_allocation a
    WHERE a.sku_id = c.sku_id AND a.location_id = c.location_id AND a.lot_id = c.lot_id
      AND a.picked_at IS NOT NULL), 0)::int,
  coalesce(l.average_cost, 0)
FROM unnest(%(ids)s::bigint[], %(skus)s::bigint[], %(locations)s::bigint[], %(lots)s::bigint[],
  %(times)s::timestamptz[]) AS c(id, sku_id, location_id, lot_id, at)
JOIN inventory_location o ON o.id = c.location_id
LEFT JOIN inventory_stocklevel l ON l.sku_id = c.sku_id AND l.warehouse_id = o.warehouse_id
LEFT JOIN inventory_binstock b
  ON b.sku_id = c.sku_id AND b.location_id = c.location_id AND b.lot_id = c.lot_id
"""
STORE = """
UPDATE inventory_stockcountline l SET status = n.status, counted = n.counted,
  expected = n.expected, difference = n.counted - n.expected, counted_at = n.at,
  counted_by_id = %(actor)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(counted)s::int[], %(expected)s::int[],
  %(times)s::timestamptz[]) AS n(id, status, counted, expected, at)
WHERE l.id = n.id
"""
SEEN = """
UPDATE inventory_binstock b SET counted_at = n.at
FROM unnest(%(skus)s::bigint[], %(locations)s::bigint[], %(lots)s::bigint[],
  %(times)s::timestamptz[]) AS n(sku_id, location_id, lot_id, at)
WHERE b.sku_id = n.sku_id AND b.location_id = n.location_id AND b.lot_id = n.lot_id
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """Units found for a line, or for a SKU that is on none; `at` is now unless given."""

    units: int
    line_id: int | None = None
    sku_id: int | None = None
    location_id: int | None = None
    lot_id: int | None = None
    at: datetime | None = None


@dataclass(slots=True)
class _Judged:
    """A counted line, what the ledger says, and whether it can be posted."""

    line: StockCountLine
    units: int
    at: datetime
    expected: int = 0
    there: int = 0
    cost: Decimal = Decimal(0)

    @property
    def difference(self) -> int:
        return self.units - self.expected

    def is_within(self, count: StockCount) -> bool:
        """Say whether it may be posted at once: within tolerance, or two people agree."""
        off = abs(self.difference)
        if self.line.earlier_difference == self.difference:
            return self.line.earlier_by_id != current_actor().user_id
        part = Decimal(self.expected) * count.tolerance_percent / 100
        return off <= max(Decimal(1), part) and off * self.cost <= count.tolerance_value


@service
def count_stock(
    ids: Sequence[int], *, lines: Sequence[Counted], now: datetime, reason: str = ""
) -> Outcome:
    """Take in what was counted in one count; differences within tolerance are posted at once.

    The difference is against what the ledger had in the bin at the instant of counting, so stock
    may move meanwhile. What is sent twice counts once.
    """
    outcome = STOCK_COUNT.check(ids, "count")
    for count in StockCount.objects.filter(pk__any=outcome.moved).order_by("pk"):
        judged, why = _read(count, lines, now)
        if why is None and judged:
            _hold_against_ledger(judged)
            if any(j.difference < 0 and j.there + j.difference < 0 for j in judged):
                why = MOVED
        if why is not None:
            outcome.block([count.pk], why)
        elif judged:
            _store(count, judged, now=now, reason=reason)
    return outcome


def _read(
    count: StockCount, counted: Sequence[Counted], now: datetime
) -> tuple[list[_Judged], Text | None]:
    found = [c for c in counted if c.line_id is None]
    if any(c.units < 0 for c in counted):
        return [], NEGATIVE
    times = [c.at for c in counted if c.at is not None]
    if any(not max(count.created_at, now - LATEST) <= at <= now for at in times):
        return [], WRONG_TIME
    mine = {line.pk: line for line in count.lines.all()}
    by_place = {(row.sku_id, row.location_id, row.lot_id): row for row in mine.values()}
    places = [(c.sku_id or 0, c.location_id or 0, c.lot_id or 0) for c in found]
    new = [p for p in dict.fromkeys(places) if p not in by_place]
    if new:
        take_turns([count.warehouse_id])
        if why := _against(count, new):
            return [], why
        made = insert_lines({count.pk: new}, after=len(mine))
        rows = StockCountLine.objects.filter(pk__any=made)
        mine |= {row.pk: row for row in rows}
        by_place |= {(row.sku_id, row.location_id, row.lot_id): row for row in rows}
    judged: dict[int, _Judged] = {}
    for c in counted:
        place = (c.sku_id or 0, c.location_id or 0, c.lot_id or 0)
        line = mine.get(c.line_id) if c.line_id is not None else by_place[place]
        if line is None:
            return [], NO_LINE
        if line.pk in judged:
            return [], TWICE
        if line.status == CountLineStatus.OPEN:
            judged[line.pk] = _Judged(line, c.units, c.at or now)
        elif line.counted != c.units:
            return [], COUNTED
    return list(judged.values()), None


def _against(count: StockCount, places: Sequence[tuple[int, int, int]]) -> Text | None:
    """Say why what was found beside the lines cannot be counted."""
    skus = Sku.objects.filter(pk__any={p[0] for p in places}, stock_policy="TRACKED", is_kit=False)
    bins = Location.objects.filter(
        pk__any={p[1] for p in places}, warehouse_id=count.warehouse_id, is_active=True
    )
    lots = Lot.objects.filter(pk__any={p[2] for p in places})
    known = set(lots.values_list("pk", "sku_id"))
    if (
        {p[0] for p in places} - set(skus.values_list("pk", flat=True))
        or {p[1] for p in places} - set(bins.values_list("pk", flat=True))
        or {(p[2], p[0]) for p in places} - known
    ):
        return NO_LINE
    busy = StockCountLine.objects.filter(
        sku_id__any={p[0] for p in places}, status__in=["OPEN", "REVIEW"]
    )
    taken = set(busy.values_list("sku_id", "location_id", "lot_id"))
    return ELSEWHERE if taken.intersection(places) else None


def _hold_against_ledger(judged: Sequence[_Judged]) -> None:
    """Lock the stock of lines, and read what lay there when they were counted."""
    rows = [j.line for j in judged]
    houses = dict(
        Location.objects.filter(pk__any={r.location_id for r in rows}).values_list(
            "pk", "warehouse_id"
        )
    )
    lock_levels(((r.sku_id, houses[r.location_id]) for r in rows), make=True)
    of = {j.line.pk: j for j in judged}
    columns = {
        "ids": [r.pk for r in rows],
        "skus": [r.sku_id for r in rows],
        "locations": [r.location_id for r in rows],
        "lots": [r.lot_id for r in rows],
        "times": [j.at for j in judged],
    }
    for pk, expected, there, cost in execute(EXPECTED, columns):
        of[pk].expected, of[pk].there, of[pk].cost = expected, there, cost


def _store(count: StockCount, judged: Sequence[_Judged], *, now: datetime, reason: str) -> None:
    fits = {j.line.pk: j.is_within(count) for j in judged}
    _write(judged, ["POSTED" if fits[j.line.pk] else "REVIEW" for j in judged])
    _post(count, [j for j in judged if fits[j.line.pk]], now=now, reason=reason)
    differ = sum(not fit for fit in fits.values())
    data = {count.pk: {"lines": len(judged), "differ": differ}}
    waiting = set(count.lines.values_list("status", flat=True))
    STOCK_COUNT.move([count.pk], "count", data=data)
    if CountLineStatus.OPEN not in waiting:
        verb = "review" if CountLineStatus.REVIEW in waiting else "finish"
        STOCK_COUNT.move([count.pk], verb)


def _write(judged: Sequence[_Judged], states: Sequence[str]) -> None:
    execute(
        STORE,
        {
            "ids": [j.line.pk for j in judged],
            "states": list(states),
            "counted": [j.units for j in judged],
            "expected": [j.expected for j in judged],
            "times": [j.at for j in judged],
            "actor": current_actor().user_id,
        },
    )


def _post(count: StockCount, judged: Sequence[_Judged], *, now: datetime, reason: str) -> None:
    """Post differences as adjustments, and note on the bins that they were counted."""
    moves = [
        Move(
            MoveKind.ADJUSTMENT,
            j.line.sku_id,
            count.warehouse_id,
            j.difference,
            j.line.location_id,
            j.line.lot_id,
            for_type=LINE,
            for_id=j.line.pk,
        )
        for j in judged
    ]
    post_moves(moves, now=now, reason=reason or WHY)
    execute(
        SEEN,
        {
            "skus": [j.line.sku_id for j in judged],
            "locations": [j.line.location_id for j in judged],
            "lots": [j.line.lot_id for j in judged],
            "times": [j.at for j in judged],
        },
    )


@blocker("inventory.stockcount", "approve")
def counted_by_others(ids: list[int], transition: str) -> dict[int, list[Text]]:
    """Whoever counted does not approve the difference."""
    actor = acting_now()
    mine = StockCountLine.objects.filter(
        stock_count_id__any=ids, status="REVIEW", counted_by=actor.user_id if actor else None
    )
    return dict.fromkeys(mine.values_list("stock_count_id", flat=True), [SAME_PERSON])


@service
def approve_counts(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Post what differs, as it was found by somebody else."""
    outcome = STOCK_COUNT.check(ids, "approve")
    lines = StockCountLine.objects.filter(stock_count_id__any=outcome.moved, status="REVIEW")
    of: dict[int, list[_Judged]] = {}
    for line in lines.order_by("pk"):
        judged = _Judged(line, line.counted or 0, line.counted_at or now)
        of.setdefault(line.stock_count_id, []).append(judged)
    # What was recorded later for before the count is in the ledger now.
    _hold_against_ledger([j for row in of.values() for j in row])
    for pk, row in of.items():
        if any(j.difference < 0 and j.there + j.difference < 0 for j in row):
            outcome.block([pk], MOVED)
    STOCK_COUNT.move(outcome.moved, "approve")
    for count in StockCount.objects.filter(pk__any=outcome.moved).order_by("pk"):
        row = of[count.pk]
        _approve(row)
        _post(count, row, now=now, reason=reason)
    return outcome


APPROVE = """
UPDATE inventory_stockcountline l SET status = 'POSTED', expected = n.expected,
  difference = l.counted - n.expected
FROM unnest(%s::bigint[], %s::int[]) AS n(id, expected) WHERE l.id = n.id
"""
AGAIN = """
UPDATE inventory_stockcountline SET status = 'OPEN', turn = turn + 1,
  earlier_difference = difference, earlier_by_id = counted_by_id, counted = NULL, expected = NULL,
  difference = NULL, counted_at = NULL, counted_by_id = NULL
WHERE stock_count_id = ANY(%s) AND status = 'REVIEW'
"""


def _approve(judged: Sequence[_Judged]) -> None:
    execute(APPROVE, [[j.line.pk for j in judged], [j.expected for j in judged]])


@service
def recount(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Have what differs counted again, blind; the same found by another person is posted."""
    outcome = STOCK_COUNT.apply(ids, "recount")
    execute(AGAIN, [outcome.moved])
    return outcome
