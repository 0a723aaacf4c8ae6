"""Stock for orders: reserve, give back, try again when stock arrives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from inventory.models import Sku
from inventory.services.reservations import Need, release_stock, reserve_stock
from orders.models import Order
from orders.services.counters import refresh_counters
from orders.services.routing import (
    Routes,
    Want,
    choose,
    lock_options,
    opened_parcels,
    read_options,
    tell_routes,
)

LINE = "orders.orderline"
NEEDS = """
SELECT l.id, l.order_id, l.sku_id, l.warehouse_id,
  l.quantity - l.reserved - l.shipped - l.cancelled, o.priority
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
WHERE l.order_id = ANY(%s) AND l.is_stocked
  AND l.quantity > l.reserved + l.shipped + l.cancelled
ORDER BY o.priority DESC, o.placed_at, o.id, l.position
"""
WRITE = """
UPDATE orders_orderline l SET reserved = l.reserved + r.quantity, warehouse_id = r.warehouse
FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS r(id, quantity, warehouse)
WHERE l.id = r.id
"""
NO_WAREHOUSE = gettext_lazy("The line has no warehouse: give its channel one.")


@dataclass(frozen=True, slots=True)
class OrderReservation:
    """What reserving did: line → units, and for short orders the reasons."""

    lines: dict[int, int]
    orders: dict[int, int]
    short: dict[int, list[str]]


def reserve_orders(
    order_ids: Sequence[int], *, now: datetime, partial: bool = False
) -> OrderReservation:
    """Reserve what locked orders still need, by priority and age; inside a service only."""
    rows = execute(NEEDS, [list(order_ids)])
    wants = [
        Want(line, order, sku, units, priority)
        for line, order, sku, house, units, priority in rows
        if house is None
    ]
    routes, short = _route(wants, rows, partial=partial)
    needs = []
    for line_id, order_id, sku_id, given, quantity, _priority in rows:
        warehouse_id = given or routes.lines.get(line_id)
        if warehouse_id is not None and (partial or order_id not in short):
            needs.append(Need(LINE, line_id, order_id, sku_id, warehouse_id, quantity))
    if not needs:
        return OrderReservation({}, {}, short)
    reserved = reserve_stock(needs, now=now, partial=partial)
    if reserved.quantities:
        houses = {need.for_id: need.warehouse_id for need in needs}
        ids = list(reserved.quantities)
        execute(WRITE, [ids, list(reserved.quantities.values()), [houses[i] for i in ids]])
        tell_routes([w for w in wants if w.line_id in reserved.quantities], routes)
    orders: dict[int, int] = {}
    for need in needs:
        units = reserved.quantities.get(need.for_id, 0)
        orders[need.group_id] = orders.get(need.group_id, 0) + units
    return OrderReservation(reserved.quantities, orders, short | _reasons(reserved.short))


def _route(
    wants: Sequence[Want], rows: Sequence[tuple[Any, ...]], *, partial: bool
) -> tuple[Routes, dict[int, list[str]]]:
    """Choose warehouses for lines that have none; return them, and why orders have lines left."""
    if not wants:
        return Routes({}, {}, {}), {}
    options = read_options(w.order_id for w in wants)
    available = lock_options(wants, options)
    for _line, _order, sku, house, units, _priority in rows:
        # What names its warehouse is not to be taken away by what may choose.
        if (sku, house) in available:
            available[sku, house] = max(0, available[sku, house] - units)
    opened = opened_parcels(options)
    chosen = choose(wants, options, available, whole=not partial, opened=opened)
    left = [w for w in wants if w.line_id not in chosen]
    missing: dict[int, list[tuple[int, int]]] = {}
    for want in left:
        if want.order_id in options:
            missing.setdefault(want.order_id, []).append((want.sku_id, want.units))
    nowhere = {w.order_id: [str(NO_WAREHOUSE)] for w in left if w.order_id not in options}
    return Routes(chosen, options, available), nowhere | _reasons(missing)


def _reasons(short: Mapping[int, Sequence[tuple[int, int]]]) -> dict[int, list[str]]:
    if not short:
        return {}
    ids = {sku for missing in short.values() for sku, _units in missing}
    codes = dict(Sku.objects.filter(pk__any=list(ids)).values_list("pk", "code"))
    return {
        order_id: [
            _("%(units)s × %(sku)s missing from stock.") % {"units": units, "sku": codes[sku]}
            for sku, units in missing
        ]
        for order_id, missing in short.items()
    }


def give_back(order_ids: Sequence[int], *, now: datetime) -> None:
    """Give back what locked orders had reserved; inside a service only."""
    rows = execute(
        "UPDATE orders_orderline SET reserved = 0 WHERE order_id = ANY(%s) AND reserved > 0"
        " RETURNING id",
        [list(order_ids)],
    )
    if rows:
        release_stock(LINE, [row[0] for row in rows], now=now)


WAITING = """
SELECT DISTINCT l.order_id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
WHERE l.sku_id = ANY(%s) AND l.is_stocked AND l.quantity > l.reserved + l.shipped + l.cancelled
  AND o.status IN ('CONFIRMED', 'RELEASED')
"""


@service
def fill_backorders(sku_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Reserve for orders that wait for SKUs which have arrived; return the orders that gained."""
    candidates = [row[0] for row in execute(WAITING, [list(sku_ids)])]
    # Status and need are read again under the lock by the statement that lists the needs.
    locked = lock(Order, candidates)
    open_ids = list(
        Order.objects.filter(pk__any=locked, status__in=["CONFIRMED", "RELEASED"]).values_list(
            "pk", flat=True
        )
    )
    done = reserve_orders(open_ids, now=now, partial=True)
    gained = {order_id: units for order_id, units in done.orders.items() if units}
    if gained:
        refresh_counters(list(gained))
        emit(
            "order.backorder_filled",
            [Fact(i, i, {"units": units}) for i, units in sorted(gained.items())],
        )
    return sorted(gained)


@service
def lose_reservations(quantities: Mapping[int, int], *, now: datetime) -> list[int]:
    """Take reservations that a stock loss has consumed off their lines; return the orders."""
    rows = execute(
        "SELECT id, order_id FROM orders_orderline WHERE id = ANY(%s)", [list(quantities)]
    )
    orders = lock(Order, [order_id for _line, order_id in rows])
    execute(
        "UPDATE orders_orderline l SET reserved = greatest(0, l.reserved - q.units)"
        " FROM unnest(%s::bigint[], %s::int[]) AS q(id, units) WHERE l.id = q.id",
        [list(quantities), list(quantities.values())],
    )
    refresh_counters(orders)
    units: dict[int, int] = {}
    for line_id, order_id in rows:
        units[order_id] = units.get(order_id, 0) + quantities[line_id]
    emit("order.backordered", [Fact(i, i, {"units": n}) for i, n in sorted(units.items())])
    return orders
