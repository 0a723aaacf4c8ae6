"""Writes what edits make of locked orders: lines, reservations, totals."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, per_row
from inventory.models import Sku
from inventory.services.reservations import Need, missing_stock, release_stock
from orders.choices import OrderStatus
from orders.models import Order, OrderLine
from orders.services.counters import refresh_counters
from orders.services.edit_plans import EditPlan
from orders.services.intake import insert_lines
from orders.services.reservations import LINE, reserve_orders
from orders.states import ORDER

WRITE = """
UPDATE orders_orderline l SET quantity = r.quantity, cancelled = r.cancelled,
  reserved = r.reserved, net_amount = r.net, tax_amount = r.tax, gross_amount = r.gross
FROM unnest(%(ids)s::bigint[], %(quantities)s::int[], %(cancelled)s::int[], %(reserved)s::int[],
  %(net)s::numeric[], %(tax)s::numeric[], %(gross)s::numeric[])
  AS r(id, quantity, cancelled, reserved, net, tax, gross)
WHERE l.id = r.id
"""


def missing_units(plans: Sequence[EditPlan], *, now: datetime) -> dict[int, list[str]]:
    """Return why confirmed orders cannot have more units; back-orders may wait for theirs."""
    needs = [
        Need(LINE, 0, plan.order.pk, sku, warehouse, units)
        for plan in plans
        if plan.order.status == OrderStatus.CONFIRMED and not plan.order.channel.allows_backorders
        for (sku, warehouse), units in _more_units(plan).items()
        if units > 0
    ]
    short = missing_stock(needs, now=now) if needs else {}
    codes = Sku.objects.in_bulk({sku for missing in short.values() for sku, _units in missing})
    return {
        order_id: [
            _("%(units)s × %(sku)s missing from stock.") % {"units": units, "sku": codes[sku].code}
            for sku, units in missing
        ]
        for order_id, missing in short.items()
    }


def _more_units(plan: EditPlan) -> Counter[tuple[int, int]]:
    """Return by how many units an order's demand for stock rises, by SKU and warehouse."""
    units: Counter[tuple[int, int]] = Counter()
    for line in plan.lines.values():
        if line.is_stocked and line.sku_id and line.warehouse_id:
            was = plan.before[line.pk]
            open_units = line.quantity - line.cancelled
            units[line.sku_id, line.warehouse_id] += open_units - (was.quantity - was.cancelled)
    for new in plan.draft.lines:
        if new.sku and new.sku.is_stocked and new.warehouse_id:
            units[new.sku.id, new.warehouse_id] += new.quantity
    return units


def write_plans(
    plans: Sequence[EditPlan], ship_to: dict[int, int], facts: dict[int, dict], *, now: datetime
) -> None:
    """Write planned orders, each at most once, and tell that they were edited."""
    orders = [plan.order for plan in plans]
    ids = [order.pk for order in orders]
    touched = [plan.lines[pk] for plan in plans for pk in sorted(plan.touched)]
    _release(touched, now=now)
    _write_lines(touched)
    last = {plan.order.pk: max(line.position for line in plan.lines.values()) for plan in plans}
    insert_lines([(p.order.pk, last[p.order.pk] + 1, p.draft.lines) for p in plans])
    totals = {plan.order.pk: plan.total() for plan in plans}
    places = {order.pk: ship_to.get(order.pk, order.ship_to_id) for order in orders}
    values = {
        "net_amount": per_row(Order, "net_amount", {pk: t.net for pk, t in totals.items()}),
        "tax_amount": per_row(Order, "tax_amount", {pk: t.tax for pk, t in totals.items()}),
        "total_amount": per_row(Order, "total_amount", {pk: t.gross for pk, t in totals.items()}),
        "ship_to_id": per_row(Order, "ship_to", places),
    }
    _reserve(orders, now=now)
    refresh_counters(ids)
    ORDER.move(ids, "edit", data=facts, values=values)


def _release(lines: Sequence[OrderLine], *, now: datetime) -> None:
    """Give back what lines have reserved beyond what they still want."""
    excess = {}
    for line in lines:
        wanted = line.quantity - line.cancelled
        if line.reserved > wanted:
            excess[line.pk] = line.reserved - wanted
            line.reserved = wanted
    if excess:
        release_stock(LINE, list(excess), now=now, quantities=excess)


def _write_lines(lines: Sequence[OrderLine]) -> None:
    execute(
        WRITE,
        {
            "ids": [line.pk for line in lines],
            "quantities": [line.quantity for line in lines],
            "cancelled": [line.cancelled for line in lines],
            "reserved": [line.reserved for line in lines],
            "net": [line.net_amount for line in lines],
            "tax": [line.tax_amount for line in lines],
            "gross": [line.gross_amount for line in lines],
        },
    )


def _reserve(orders: Sequence[Order], *, now: datetime) -> None:
    """Reserve what confirmed orders want more: first for those that were checked to get it."""
    confirmed = [order for order in orders if order.status == OrderStatus.CONFIRMED]
    strict = [o.pk for o in confirmed if not o.channel.allows_backorders]
    waiting = [o.pk for o in confirmed if o.channel.allows_backorders]
    reserve_orders(strict, now=now, partial=True)
    short = reserve_orders(waiting, now=now, partial=True).short
    if short:
        emit("order.backordered", [Fact(i, i) for i in sorted(short)])
