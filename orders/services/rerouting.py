"""Warehouses of reserved orders, chosen anew where that is better for one and worse for none."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.sql import execute
from backoffice.core.states import Outcome
from inventory.models import Warehouse
from inventory.services.levels import Pair, lock_levels
from inventory.services.reservations import Need, release_stock, reserve_stock
from orders.services.reservations import LINE
from orders.services.routing import (
    Option,
    Routes,
    Want,
    choose,
    read_available,
    read_options,
    tell_routes,
)
from orders.states import ORDER

BEST = _("Its warehouses are the best there are.")
KEPT = """
SELECT l.id, l.order_id, l.sku_id, l.reserved, l.warehouse_id
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id AND o.status = 'CONFIRMED'
WHERE l.order_id = ANY(%s) AND l.reserved > 0
ORDER BY o.priority DESC, o.placed_at, o.id, l.position
"""
LEVELS = """
SELECT id FROM inventory_stocklevel WHERE (sku_id, warehouse_id) IN (
  SELECT * FROM unnest(%s::bigint[], %s::bigint[]))
"""
MOVE = """
UPDATE orders_orderline l SET warehouse_id = r.warehouse
FROM unnest(%s::bigint[], %s::bigint[]) AS r(id, warehouse) WHERE l.id = r.id
"""
Kept = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """A better way for one order: the warehouses by name, and the line → warehouse it takes."""

    order_id: int
    before: list[str]
    after: list[str]
    lines: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Base:
    """What orders hold now and what they may choose from."""

    wants: list[Want]
    kept: Kept
    options: Mapping[int, Sequence[Option]]

    @property
    def pairs(self) -> set[Pair]:
        """Return the stock that is looked at, theirs with it."""
        own = {(w.sku_id, self.kept[w.line_id]) for w in self.wants}
        return own | {
            (w.sku_id, o.warehouse_id) for w in self.wants for o in self.options.get(w.order_id, ())
        }


def plan_reroutes(order_ids: Sequence[int]) -> list[Plan]:
    """Return what choosing anew would change now; nothing is locked and nothing changes."""
    base = _read(order_ids)
    pairs = sorted(base.pairs)
    levels = execute(LEVELS, [[sku for sku, _ in pairs], [house for _, house in pairs]])
    return _plan(base, read_available(row[0] for row in levels))[0]


@service
def reroute_orders(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Choose the warehouses of confirmed orders anew, among all stock and what they hold."""
    outcome = ORDER.check(order_ids, "reroute")
    base = _read(outcome.moved)
    plans, available = _plan(base, read_available(lock_levels(base.pairs).values()))
    better = {plan.order_id for plan in plans}
    outcome.block(sorted(set(outcome.moved) - better), BEST)
    lines = {line: house for plan in plans for line, house in plan.lines.items()}
    moved = [w for w in base.wants if lines.get(w.line_id, 0) != base.kept[w.line_id]]
    moved = [w for w in moved if w.line_id in lines]
    if moved:
        ids = [w.line_id for w in moved]
        release_stock(LINE, ids, now=now)
        execute(MOVE, [ids, [lines[i] for i in ids]])
        needs = [
            Need(LINE, w.line_id, w.order_id, w.sku_id, lines[w.line_id], w.units) for w in moved
        ]
        # The levels are locked since before the plan, which counted every unit.
        assert not reserve_stock(needs, now=now).short
        told = [w for w in base.wants if w.order_id in better]
        tell_routes(told, Routes(lines, base.options, available))
        ORDER.move(outcome.moved, "reroute", tell=False)
    return outcome


def _read(order_ids: Sequence[int]) -> _Base:
    rows = execute(KEPT, [list(order_ids)])
    wants = [Want(line, order, sku, units) for line, order, sku, units, _house in rows]
    kept = {line: house for line, _order, _sku, _units, house in rows}
    return _Base(wants, kept, read_options(w.order_id for w in wants))


def _plan(base: _Base, free: Mapping[Pair, int]) -> tuple[list[Plan], dict[Pair, int]]:
    """Return the better ways that stock bears together, and the stock they were chosen from."""
    available = defaultdict(int, free)
    for want in base.wants:
        available[want.sku_id, base.kept[want.line_id]] += want.units
    chosen = choose(base.wants, base.options, available, whole=True)
    by_order: dict[int, list[Want]] = defaultdict(list)
    for want in base.wants:
        by_order[want.order_id].append(want)
    left, plans = defaultdict(int, free), []
    names = dict(Warehouse.objects.values_list("pk", "name"))
    for order_id, wants in by_order.items():
        lines = {w.line_id: chosen[w.line_id] for w in wants if w.line_id in chosen}
        score = {o.warehouse_id: o.score for o in base.options.get(order_id, ())}
        before = {base.kept[w.line_id] for w in wants}
        after = set(lines.values())
        is_better = len(lines) == len(wants) and sum(score[h] for h in after) + 1e-9 < sum(
            # A warehouse that serves the channel no more is left wherever that is possible.
            score.get(h, float("inf"))
            for h in before
        )
        if is_better and _take(left, wants, base.kept, lines):
            plans.append(Plan(order_id, _named(names, before), _named(names, after), lines))
    return plans, available


def _take(left: dict[Pair, int], wants: Sequence[Want], kept: Kept, lines: Kept) -> bool:
    """Move an order's units in the stock that is left, if it bears that."""
    for want in wants:
        left[want.sku_id, kept[want.line_id]] += want.units
        left[want.sku_id, lines[want.line_id]] -= want.units
    if all(left[w.sku_id, lines[w.line_id]] >= 0 for w in wants):
        return True
    for want in wants:
        left[want.sku_id, kept[want.line_id]] -= want.units
        left[want.sku_id, lines[want.line_id]] += want.units
    return False


def _named(names: Mapping[int, str], houses: set[int]) -> list[str]:
    return sorted(names[house] for house in houses)
