"""Stock counts begin: asked for, or as their plans have it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows, next_ids
from backoffice.core.states import Outcome, Text
from inventory.models import StockCount, StockCountLine, Warehouse
from inventory.services.purchasing import NO_WAREHOUSE
from inventory.states import STOCK_COUNT

LINES_PER_COUNT = 40
NOTHING = _("Nothing lies there by the book, or it is being counted already.")
BINS = """
SELECT b.sku_id, b.location_id, b.lot_id FROM inventory_binstock b
JOIN inventory_location o ON o.id = b.location_id AND o.warehouse_id = %(house)s
LEFT JOIN inventory_stockhealth h ON h.sku_id = b.sku_id AND h.warehouse_id = o.warehouse_id
WHERE (b.on_hand > 0 OR cardinality(%(locations)s::bigint[]) > 0)
  AND (cardinality(%(locations)s::bigint[]) = 0 OR b.location_id = ANY(%(locations)s))
  AND (cardinality(%(skus)s::bigint[]) = 0 OR b.sku_id = ANY(%(skus)s))
  AND (%(abc)s = '' OR coalesce(h.abc, 'C') = %(abc)s)
  AND NOT EXISTS (SELECT FROM inventory_stockcountline l WHERE l.sku_id = b.sku_id
    AND l.location_id = b.location_id AND l.lot_id = b.lot_id AND l.status IN ('OPEN', 'REVIEW'))
ORDER BY o.pick_order, o.code, b.sku_id, b.lot_id
"""
# A plan's share of a day: what was not counted for longest, and what is due in any case.
DUE = """
WITH bins AS (
  SELECT p.id AS plan_id, p.every_days, b.sku_id, b.location_id, b.lot_id, o.pick_order, o.code,
    b.counted_at, EXISTS (SELECT FROM inventory_stockcountline l WHERE l.sku_id = b.sku_id
      AND l.location_id = b.location_id AND l.lot_id = b.lot_id
      AND l.status IN ('OPEN', 'REVIEW')) AS waits
  FROM inventory_countplan p
  JOIN inventory_location o ON o.warehouse_id = p.warehouse_id
  JOIN inventory_binstock b ON b.location_id = o.id AND b.on_hand > 0
  LEFT JOIN inventory_stockhealth h ON h.sku_id = b.sku_id AND h.warehouse_id = p.warehouse_id
  WHERE p.id = ANY(%(plans)s) AND (coalesce(h.abc, 'C') = p.abc_class OR (p.abc_class = ''
    AND NOT EXISTS (SELECT FROM inventory_countplan q WHERE q.warehouse_id = p.warehouse_id
      AND q.is_active AND q.abc_class = coalesce(h.abc, 'C'))))
), ranked AS (
  SELECT *, count(*) OVER (PARTITION BY plan_id) AS total, row_number() OVER (PARTITION BY plan_id
    ORDER BY waits, counted_at NULLS FIRST, pick_order, code, sku_id, lot_id) AS n
  FROM bins
)
SELECT plan_id, sku_id, location_id, lot_id FROM ranked
WHERE NOT waits AND n <= ceil(total::numeric / every_days)
  AND (counted_at IS NULL OR counted_at < %(now)s - make_interval(days => every_days - 1))
ORDER BY plan_id, pick_order, code, sku_id, lot_id
"""
PLANS = """
SELECT p.id, p.warehouse_id, w.time_zone, p.tolerance_percent, p.tolerance_value
FROM inventory_countplan p JOIN inventory_warehouse w ON w.id = p.warehouse_id
WHERE p.is_active AND w.is_active AND p.warehouse_id = ANY(%(houses)s)
  AND NOT EXISTS (SELECT FROM inventory_stockcount c WHERE c.plan_id = p.id
    AND c.planned_on = (%(now)s::timestamptz AT TIME ZONE w.time_zone)::date)
ORDER BY p.id
"""
Place = tuple[int, int, int]  # SKU, bin, lot


@dataclass(frozen=True, slots=True)
class StartCount:
    """Bins of a warehouse to be counted: some of them, some SKUs, a class, or all."""

    warehouse_id: int
    location_ids: Sequence[int] = ()
    sku_ids: Sequence[int] = ()
    abc_class: str = ""
    tolerance_percent: Decimal = Decimal(0)
    tolerance_value: Decimal = Decimal(20)


@dataclass(frozen=True, slots=True)
class Started:
    """The counts by the position of their command, and why others were refused."""

    ids: dict[int, list[int]] = field(default_factory=dict)
    refused: dict[int, list[Text]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Walk:
    warehouse_id: int
    plan_id: int | None
    planned_on: date
    tolerance_percent: Decimal
    tolerance_value: Decimal
    places: Sequence[Place]


def take_turns(warehouse_ids: Iterable[int]) -> None:
    """Let nobody else draw up lines of warehouses until this is done: a bin waits in one count."""
    for house in sorted(set(warehouse_ids)):
        execute("SELECT pg_advisory_xact_lock(hashtext('inventory.count'), %s::int)", [house])


@service
def start_counts(commands: Sequence[StartCount], *, now: datetime, reason: str = "") -> Started:
    """Draw up counts of at most 40 lines in walking order; what is being counted is left out."""
    started = Started()
    houses = Warehouse.objects.filter(pk__any={c.warehouse_id for c in commands}, is_active=True)
    zones = dict(houses.values_list("pk", "time_zone"))
    take_turns(zones)
    for n, command in enumerate(commands):
        if command.warehouse_id not in zones:
            started.refused[n] = [NO_WAREHOUSE]
            continue
        found = execute(
            BINS,
            {
                "house": command.warehouse_id,
                "locations": list(command.location_ids),
                "skus": list(command.sku_ids),
                "abc": command.abc_class,
            },
        )
        if not found:
            started.refused[n] = [NOTHING]
            continue
        day = now.astimezone(ZoneInfo(zones[command.warehouse_id])).date()
        tolerance = (command.tolerance_percent, command.tolerance_value)
        walk = _Walk(command.warehouse_id, None, day, *tolerance, found)  # type: ignore[arg-type]
        started.ids[n] = _insert([walk])
    return started


@service
def plan_counts(warehouse_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Draw up the counts that today's share of each plan asks for; once a day and plan."""
    houses = sorted(set(warehouse_ids))
    take_turns(houses)
    plans = execute(PLANS, {"houses": houses, "now": now})
    due: dict[int, list[Place]] = {}
    for plan, *place in execute(DUE, {"plans": [row[0] for row in plans], "now": now}):
        due.setdefault(plan, []).append(tuple(place))  # type: ignore[arg-type]
    return _insert(
        [
            _Walk(house, plan, now.astimezone(ZoneInfo(zone)).date(), percent, value, due[plan])
            for plan, house, zone, percent, value in plans
            if plan in due
        ]
    )


def _insert(walks: Sequence[_Walk]) -> list[int]:
    parts = [
        (walk, walk.places[n : n + LINES_PER_COUNT])
        for walk in walks
        for n in range(0, len(walk.places), LINES_PER_COUNT)
    ]
    ids = next_ids(StockCount, len(parts))
    names = ("warehouse_id", "plan_id", "planned_on", "tolerance_percent", "tolerance_value")
    columns = {name: [getattr(walk, name) for walk, _places in parts] for name in names}
    insert_rows(StockCount, {"id": ids, **columns})
    insert_lines({pk: places for pk, (_walk, places) in zip(ids, parts, strict=True)})
    emit(
        "stock_count.started",
        [
            Fact(pk, data={"warehouse_id": walk.warehouse_id, "lines": len(places)})
            for pk, (walk, places) in zip(ids, parts, strict=True)
        ],
    )
    return ids


def insert_lines(places: Mapping[int, Iterable[Place]], *, after: int = 0) -> list[int]:
    """Add lines to counts behind those that they have; return their ids."""
    rows = [
        (count, n, *place)
        for count, mine in places.items()
        for n, place in enumerate(mine, after + 1)
    ]
    names = ("stock_count_id", "position", "sku_id", "location_id", "lot_id")
    columns = {name: [row[n] for row in rows] for n, name in enumerate(names)}
    return [row[0] for row in insert_rows(StockCountLine, columns)]


@service
def cancel_counts(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Call counts off; what is posted already stays."""
    outcome = STOCK_COUNT.apply(ids, "cancel")
    waiting = StockCountLine.objects.filter(
        stock_count_id__any=outcome.moved, status__in=["OPEN", "REVIEW"]
    )
    waiting.update(status="DROPPED")
    return outcome
