"""What the warehouse and the carrier did to an order's lines; logistics is the only caller."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from orders.models import Order, OrderLine
from orders.services.counters import refresh_counters
from orders.services.reservations import reserve_orders


@dataclass(frozen=True, slots=True)
class LineUnits:
    """Units of one order line, and when it happened where that is known."""

    line_id: int
    units: int
    at: datetime | None = None


@service
def start_picking(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Note on orders that picking has begun, which ends cancelling by a click."""
    ids = lock(Order, order_ids)
    started = Order.objects.filter(pk__any=ids, picking_started_at__isnull=True)
    fresh = sorted(started.values_list("pk", flat=True))
    Order.objects.filter(pk__any=fresh).update(
        picking_started_at=now, updated_at=now, modified_by_id=current_unit().actor.user_id
    )
    emit("order.picking_started", [Fact(i, i) for i in fresh])
    return fresh


@service
def stop_picking(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Take the note off orders whose shipments were all called off."""
    ids = lock(Order, order_ids)
    Order.objects.filter(pk__any=ids, shipped_quantity=0).update(
        picking_started_at=None,
        version=F("version") + 1,
        updated_at=now,
        modified_by_id=current_unit().actor.user_id,
    )
    emit("order.picking_started", [Fact(i, i, {"stopped": True}) for i in ids])
    return ids


def _orders_of(units: Sequence[LineUnits]) -> dict[int, int]:
    lines = OrderLine.objects.filter(pk__any=[u.line_id for u in units])
    return dict(lines.values_list("pk", "order_id"))


def _add(column: str, extra: str, units: Sequence[LineUnits]) -> None:
    execute(
        f"UPDATE orders_orderline l SET {column} = l.{column} + u.units{extra}"
        " FROM (SELECT id, sum(units)::int AS units FROM unnest(%s::bigint[], %s::int[])"
        " AS u(id, units) GROUP BY id) u WHERE l.id = u.id",
        [[u.line_id for u in units], [u.units for u in units]],
    )


def _facts(orders: dict[int, int], units: Sequence[LineUnits]) -> list[Fact]:
    total: dict[int, int] = {}
    at: dict[int, datetime] = {}
    for u in units:
        order_id = orders[u.line_id]
        total[order_id] = total.get(order_id, 0) + u.units
        if u.at is not None:
            at[order_id] = max(u.at, at.get(order_id, u.at))
    return [Fact(i, i, {"units": n}, at.get(i)) for i, n in sorted(total.items())]


@service
def record_shipped(units: Sequence[LineUnits], *, now: datetime, reason: str = "") -> list[int]:
    """Count units that left; what was reserved for them is consumed. Return the orders."""
    orders = _orders_of(units)
    ids = lock(Order, orders.values())
    _add("shipped", ", reserved = greatest(0, l.reserved - u.units)", units)
    facts = _facts(orders, units)
    refresh_counters(ids, shipped={f.subject_id: f.occurred_at for f in facts if f.occurred_at})
    emit("order.shipped", facts)
    return ids


@service
def record_delivered(units: Sequence[LineUnits], *, now: datetime, reason: str = "") -> list[int]:
    """Count units that arrived; `order.delivered` tells when none is missing any more."""
    orders = _orders_of(units)
    ids = lock(Order, orders.values())
    before = _delivered(ids)
    _add("delivered", "", units)
    facts = {f.subject_id: f for f in _facts(orders, units)}
    refresh_counters(ids, delivered={i: f.occurred_at for i, f in facts.items() if f.occurred_at})
    complete = _delivered(ids) - before
    emit("order.delivered", [facts[i] for i in sorted(complete)])
    _tell_partial(sorted(set(ids) - complete), facts)
    return ids


# A kit is undone once all its parts are, kit by kit; what returns have undone already stays theirs.
CANCEL_KITS = """
UPDATE orders_orderline k SET cancelled = k.cancelled + u.after - u.before FROM (
  SELECT c.kit_line_id AS id, min((c.cancelled + c.returned) * p.quantity / c.quantity) AS after,
    min((c.cancelled + c.returned - coalesce(n.units, 0)) * p.quantity / c.quantity) AS before
  FROM orders_orderline c JOIN orders_orderline p ON p.id = c.kit_line_id
  LEFT JOIN (SELECT id, sum(units)::int AS units FROM unnest(%s::bigint[], %s::int[])
    AS n(id, units) GROUP BY id) n ON n.id = c.id
  WHERE c.order_id = ANY(%s) GROUP BY c.kit_line_id
) u WHERE k.id = u.id AND u.after <> u.before RETURNING k.id, (u.after - u.before)::int
"""
# What cancelled units cost: what their line was worth before, less what it is worth now.
COST = """
SELECT l.order_id, l.id,
  round(l.gross_amount * (l.quantity - l.cancelled + u.units) / l.quantity, e)
    - round(l.gross_amount * (l.quantity - l.cancelled) / l.quantity, e)
FROM (SELECT id, sum(units) AS units FROM unnest(%s::bigint[], %s::int[]) AS u(id, units)
  GROUP BY id) u
JOIN orders_orderline l ON l.id = u.id AND l.kit_line_id IS NULL
JOIN orders_order o ON o.id = l.order_id
CROSS JOIN LATERAL (SELECT currency_exponent(o.currency) AS e) e ORDER BY l.id
"""


@service
def give_units_up(
    units: Sequence[LineUnits], *, cancel: bool, now: datetime, reason: str = ""
) -> list[int]:
    """Take units that will not arrive off what was shipped; return the orders.

    They are cancelled, and `order.given_up` tells by line what they cost; or they are reserved anew
    to be shipped again.
    """
    orders = _orders_of(units)
    ids = lock(Order, orders.values())
    before = _delivered(ids)
    short: Sequence[int] = ()
    costs: dict[int, dict[str, str]] = {}
    if cancel:
        _add("cancelled", ", shipped = l.shipped - u.units", units)
        gone = [(u.line_id, u.units) for u in units]
        gone += execute(CANCEL_KITS, [*_columns(gone), ids])  # type: ignore[arg-type]
        for order_id, line_id, cost in execute(COST, _columns(gone)):
            costs.setdefault(order_id, {})[str(line_id)] = str(cost)
    else:
        _add("shipped", "", [replace(u, units=-u.units) for u in units])
        short = sorted(reserve_orders(ids, now=now, partial=True).short)
    refresh_counters(ids)
    facts = {f.subject_id: f for f in _facts(orders, units)}
    emit(
        "order.given_up",
        [replace(f, data={**f.data, "lines": costs.get(i, {})}) for i, f in facts.items()],
    )
    emit("order.backordered", [Fact(i, i) for i in short])
    emit("order.delivered", [Fact(i, i) for i in sorted(_delivered(ids) - before)])
    return ids


def _columns(rows: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [pk for pk, _ in rows], [units for _, units in rows]


def _delivered(ids: Sequence[int]) -> set[int]:
    done = Order.objects.filter(pk__any=ids, delivered_at__isnull=False)
    return set(done.values_list("pk", flat=True))


def _tell_partial(ids: Sequence[int], facts: dict[int, Fact]) -> None:
    if ids:
        emit("order.partly_delivered", [facts[i] for i in ids if i in facts])
