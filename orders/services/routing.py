"""Warehouses for lines that have none: read what they cost, let the solver choose, say why."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute
from inventory.services.levels import Pair, lock_levels
from inventory.services.reservations import AVAILABLE
from orders.routing import WAITS, Problem, route

# What a warehouse costs an order; NULL where no lane in the order's currency leads there.
OPTIONS = """
SELECT o.id, w.id, s.position, c.parcel_weight::float, c.cost_weight::float,
  c.distance_weight::float, c.day_weight::float, lane.cost::float, lane.days::float,
  CASE WHEN home.country IS DISTINCT FROM a.country THEN 2
       WHEN home.region = a.region AND a.region <> '' THEN 0 ELSE 1 END
FROM orders_order o
JOIN orders_saleschannel c ON c.id = o.channel_id AND c.routes_orders
JOIN orders_channelwarehouse s ON s.channel_id = c.id AND s.is_active
JOIN inventory_warehouse w ON w.id = s.warehouse_id AND w.is_active
JOIN core_address a ON a.id = o.ship_to_id
LEFT JOIN core_address home ON home.id = w.address_id
LEFT JOIN LATERAL (
  SELECT l.cost, coalesce(l.p90_days, l.p50_days) AS days FROM orders_lane l
  WHERE l.is_active AND l.warehouse_id = w.id AND l.country = a.country
    AND l.region IN ('', a.region) AND l.currency = o.currency
  ORDER BY l.region DESC, l.cost, l.id LIMIT 1) lane ON true
WHERE o.id = ANY(%s) ORDER BY o.id, s.position, w.id
"""
OPENED = """
SELECT DISTINCT order_id, warehouse_id FROM orders_orderline
WHERE order_id = ANY(%s) AND reserved > 0 AND warehouse_id IS NOT NULL
"""
# That a line waits costs more than any parcel, whatever the weights.
DEAR, TIE = 10.0, 1e-6


@dataclass(frozen=True, slots=True)
class Option:
    """One warehouse as one order sees it, with what its parcel counts for."""

    warehouse_id: int
    cost: float | None
    days: float | None
    distance: int
    score: float


@dataclass(frozen=True, slots=True)
class Want:
    """Units of a line that has no warehouse yet."""

    line_id: int
    order_id: int
    sku_id: int
    units: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Routes:
    """The warehouse of each line that finds stock, and what there was to choose from."""

    lines: Mapping[int, int]
    options: Mapping[int, Sequence[Option]]
    available: Mapping[Pair, int]


def read_options(order_ids: Iterable[int]) -> dict[int, list[Option]]:
    """Return the warehouses that may serve orders, by order."""
    rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for order_id, *row in execute(OPTIONS, [sorted(set(order_ids))]):
        rows[order_id].append(tuple(row))
    return {order_id: _scored(found) for order_id, found in rows.items()}


def _scored(rows: Sequence[tuple[Any, ...]]) -> list[Option]:
    # An unknown way counts as the dearest and slowest that is known.
    dearest = max((row[6] for row in rows if row[6] is not None), default=0.0)
    slowest = max((row[7] for row in rows if row[7] is not None), default=0.0)
    return [
        Option(
            warehouse,
            cost,
            days,
            distance,
            parcel
            + per_cost * (dearest if cost is None else cost)
            + per_distance * distance
            + per_day * (slowest if days is None else days)
            + TIE * position,
        )
        for warehouse, position, *weights, cost, days, distance in rows
        for parcel, per_cost, per_distance, per_day in [weights]
    ]


def opened_parcels(order_ids: Iterable[int]) -> set[Pair]:
    """Return (order, warehouse) of parcels that leave anyway: they cost nothing more."""
    return set(execute(OPENED, [sorted(set(order_ids))]))  # type: ignore[arg-type]


def lock_options(wants: Sequence[Want], options: Mapping[int, Sequence[Option]]) -> dict[Pair, int]:
    """Lock the stock that orders choose from; return what of it may be promised."""
    pairs = {(w.sku_id, o.warehouse_id) for w in wants for o in options.get(w.order_id, ())}
    return read_available(lock_levels(pairs).values())


def read_available(level_ids: Iterable[int]) -> dict[Pair, int]:
    """Return the units that may be promised, by SKU and warehouse."""
    rows = execute(AVAILABLE, [list(level_ids)])
    return {(sku, warehouse): max(0, units) for sku, warehouse, units in rows}


def choose(
    wants: Sequence[Want],
    options: Mapping[int, Sequence[Option]],
    available: Mapping[Pair, int],
    *,
    whole: bool,
    opened: Collection[Pair] = (),
) -> dict[int, int]:
    """Return the warehouse of each line that finds stock.

    A higher priority gets scarce stock first; within one, what costs least together, and among
    equals who stands first. `whole`: all lines of an order, or none. `opened` are (order,
    warehouse) of sure parcels.
    """
    left, chosen = dict(available), dict[int, int]()
    routed = [w for w in wants if options.get(w.order_id)]
    for priority in sorted({w.priority for w in routed}, reverse=True):
        level = [w for w in routed if w.priority == priority]
        found = _choose(level, options, left, whole=whole, opened=opened)
        for want in level:
            if want.line_id in found:
                left[want.sku_id, found[want.line_id]] -= want.units
        chosen |= found
    return chosen


def _choose(
    wants: Sequence[Want],
    options: Mapping[int, Sequence[Option]],
    available: Mapping[Pair, int],
    *,
    whole: bool,
    opened: Collection[Pair],
) -> dict[int, int]:
    orders = {pk: n for n, pk in enumerate(dict.fromkeys(w.order_id for w in wants))}
    skus = {pk: n for n, pk in enumerate(sorted({w.sku_id for w in wants}))}
    houses = sorted({o.warehouse_id for pk in orders for o in options[pk]})
    at = {pk: n for n, pk in enumerate(houses)}
    stock = np.zeros((len(skus), len(houses)), np.int64)
    for (sku, warehouse), units in available.items():
        if sku in skus and warehouse in at:
            stock[skus[sku], at[warehouse]] = units
    opening = np.full((len(orders), len(houses)), np.inf)
    for pk, n in orders.items():
        for option in options[pk]:
            is_open = (pk, option.warehouse_id) in opened
            opening[n, at[option.warehouse_id]] = 0.0 if is_open else option.score
    dearest = np.where(np.isfinite(opening), opening, 0).max(axis=1)
    problem = Problem(
        np.array([orders[w.order_id] for w in wants]),
        np.array([skus[w.sku_id] for w in wants]),
        np.array([w.units for w in wants]),
        stock,
        opening,
        DEAR * (1 + dearest),
        np.full(len(orders), whole),
    )
    chosen = route(problem)
    return {
        w.line_id: houses[house]
        for w, house in zip(wants, chosen.tolist(), strict=True)
        if house != WAITS
    }


def tell_routes(wants: Sequence[Want], routes: Routes) -> None:
    """Emit what was chosen for each order, and from what."""
    by_order: dict[int, list[Want]] = defaultdict(list)
    for want in wants:
        by_order[want.order_id].append(want)
    emit(
        "order.routed",
        [
            Fact(pk, pk, _told(found, routes))
            for pk, found in sorted(by_order.items())
            if any(w.line_id in routes.lines for w in found)
        ],
    )


def _told(wants: Sequence[Want], routes: Routes) -> dict[str, Any]:
    chosen = [routes.lines[w.line_id] for w in wants if w.line_id in routes.lines]
    return {
        "lines": len(wants),
        "waiting": len(wants) - len(chosen),
        "options": [
            {
                "warehouse_id": o.warehouse_id,
                "chosen": chosen.count(o.warehouse_id),
                "in_stock": sum(
                    routes.available.get((w.sku_id, o.warehouse_id), 0) >= w.units for w in wants
                ),
                "cost": o.cost,
                "days": o.days,
                "distance": o.distance,
                "score": round(o.score, 2),
            }
            for o in routes.options[wants[0].order_id]
        ],
    }
