"""Route orders: few parcels, cheap ones, none that takes stock which others need more.

Stock couples the orders, so its shadow prices are found first (Lagrangian relaxation with the
subgradient step of Polyak); under them every order chooses alone among the sets of its best
warehouses. A choice counts where the stock bears it, in the order of the orders; the others
choose again among what is left.
"""

from dataclasses import dataclass, replace

import numpy as np

from orders.routing.problem import WAITS, Floats, Integers, Problem, cost_of

CANDIDATES = 6  # warehouses that an order looks at: 63 sets
PRICE_STEPS = 60
FILL_EVERY = 8
PATIENCE = 0.93
CHANGES = 6


@dataclass(frozen=True, slots=True)
class Solution:
    """The warehouse of each line, or WAITS, and what no routing can cost less than."""

    chosen: Integers
    bound: float


def route(problem: Problem) -> Integers:
    """Return the warehouse of each line, or WAITS; never more than the stock bears."""
    return solve(problem).chosen


def solve(problem: Problem) -> Solution:
    """Route, and return the bound that the shadow prices prove beside it.

    The bound holds where no order has more than CANDIDATES warehouses to choose from.
    """
    if not len(problem.line_order):
        return Solution(np.empty(0, np.int64), 0.0)
    merged, inverse = _merge(problem)
    solution = _Router(merged).run()
    return replace(solution, chosen=solution.chosen[inverse])


def _merge(problem: Problem) -> tuple[Problem, Integers]:
    """Join lines of one order and SKU: they are served from one place."""
    keys = problem.line_order * len(problem.stock) + problem.line_sku
    unique, inverse = np.unique(keys, return_inverse=True)
    order, sku = np.divmod(unique, len(problem.stock))
    units = np.bincount(inverse, problem.line_units).astype(np.int64)
    return replace(problem, line_order=order, line_sku=sku, line_units=units), inverse


@dataclass(slots=True)
class _Choice:
    """What orders chose: line → candidate column or −1, and what each order pays for it."""

    column: Integers
    paid: Floats


class _Router:
    """One run over merged lines, which stand by order."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.present, self.first, self.order = np.unique(
            problem.line_order, return_index=True, return_inverse=True
        )
        self.waiting = problem.waiting[self.present]
        self.whole = problem.whole[self.present]
        self.lines = np.bincount(self.order)
        self.places = self._candidates()
        self.line_places = self.places[self.order]
        self.opening = np.take_along_axis(problem.opening[self.present], self.places, axis=1)
        self.price = np.zeros(problem.stock.shape)

    def _candidates(self) -> Integers:
        """Choose each order's warehouses: cheap ones, and first those that alone have a line."""
        p = self.problem
        has = (p.stock[p.line_sku] >= p.line_units[:, None]) & np.isfinite(p.opening[p.line_order])
        rare = has / np.maximum(1, has.sum(axis=1, keepdims=True))
        worth = np.add.reduceat(rare, self.first, axis=0) * self.waiting[:, None]
        score = p.opening[self.present] - worth
        count = min(CANDIDATES, score.shape[1])
        best = np.argpartition(score, count - 1, axis=1)[:, :count]
        return np.sort(best, axis=1).astype(np.int64)

    def run(self) -> Solution:
        """Price scarce stock, fill, then let orders change to what is cheaper."""
        best, least = None, np.inf
        bound, pace = -np.inf, 1.0
        for step in range(PRICE_STEPS):
            wish = self._choose(self.problem.stock, priced=True)
            use = self._use(wish.column)
            excess = use - self.problem.stock
            contested = (excess > 0) | (self.price > 0)
            if step % FILL_EVERY == 0 or step == PRICE_STEPS - 1 or not (excess > 0).any():
                chosen = self._improve(self._fill(wish))
                cost = cost_of(self.problem, chosen)
                if cost < least:
                    best, least = chosen, cost
            reached = float(wish.paid.sum() - (self.price * self.problem.stock).sum())
            pace = pace if reached > bound else pace * PATIENCE
            bound = max(bound, reached)
            if not (excess > 0).any():
                break
            slope = np.where(contested, excess, 0)
            step_length = pace * max(least - reached, 1e-9) / float((slope**2).sum())
            self.price = np.maximum(0, self.price + step_length * slope)
        assert best is not None
        return Solution(best, bound)

    def _choose(self, stock: Integers, *, priced: bool, own: Integers | None = None) -> _Choice:
        """Let each order choose the best set of its warehouses, as if it were alone."""
        p = self.problem
        there = stock[p.line_sku[:, None], self.line_places]
        if own is not None:
            there = there + own
        fits = (there >= p.line_units[:, None]) & np.isfinite(self.opening[self.order])
        each = p.line_units[:, None] * self.price[p.line_sku[:, None], self.line_places]
        cost = np.where(fits, each if priced else 0.0, np.inf)
        columns = self.places.shape[1]
        sets = 1 << columns
        served = np.full((sets, len(cost)), np.inf)
        opened = np.zeros((sets, len(self.present)))
        for mask in range(1, sets):
            low = (mask & -mask).bit_length() - 1
            served[mask] = np.minimum(served[mask & (mask - 1)], cost[:, low])
            opened[mask] = opened[mask & (mask - 1)] + self.opening[:, low]
        limit = np.where(self.whole, np.inf, self.waiting)[self.order]
        paid = np.add.reduceat(np.minimum(served, limit), self.first, axis=1) + opened
        paid[0] = self.waiting * self.lines
        chosen = np.argmin(paid, axis=0)
        bits = chosen[self.order][:, None] >> np.arange(columns) & 1
        mine = np.where(bits == 1, cost, np.inf)
        column = np.argmin(mine, axis=1)
        least = np.take_along_axis(mine, column[:, None], axis=1)[:, 0]
        column = np.where(np.isfinite(least) & (least <= limit), column, WAITS)
        return _Choice(column, paid[chosen, np.arange(len(chosen))])

    def _warehouse(self, column: Integers) -> Integers:
        place = np.take_along_axis(self.line_places, np.maximum(column, 0)[:, None], axis=1)[:, 0]
        return np.where(column == WAITS, WAITS, place)

    def _use(self, column: Integers) -> Integers:
        use = np.zeros(self.problem.stock.shape, np.int64)
        served = column != WAITS
        where = self.problem.line_sku[served], self._warehouse(column)[served]
        np.add.at(use, where, self.problem.line_units[served])
        return use

    def _accepted(self, column: Integers, stock: Integers, asks: Integers) -> Integers:
        """Return for each order whether stock bears its choice, first come first served."""
        p = self.problem
        lines = np.flatnonzero((column != WAITS) & (asks[self.order] == 1))
        key = p.line_sku[lines] * stock.shape[1] + self._warehouse(column)[lines]
        lines, key = lines[np.argsort(key, kind="stable")], np.sort(key, kind="stable")
        total = np.cumsum(p.line_units[lines])
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else key
        before = np.repeat(
            total[starts] - p.line_units[lines][starts], np.diff(np.r_[starts, len(key)])
        )
        refused = lines[total - before > stock.reshape(-1)[key]]
        accepted = asks.copy()
        accepted[self.order[refused]] = 0
        return accepted

    def _fill(self, wish: _Choice) -> Integers:
        """Give orders what they chose while it lasts; the others choose among the rest."""
        column = np.full(len(self.order), WAITS)
        asks = np.ones(len(self.present), np.int64)
        stock = self.problem.stock
        while asks.any():
            accepted = self._accepted(wish.column, stock, asks)
            column = np.where(accepted[self.order] == 1, wish.column, column)
            asks = asks - accepted
            if asks.any():
                stock = self.problem.stock - self._use(column)
                wish = self._choose(stock, priced=True)
        return column

    def _improve(self, column: Integers) -> Integers:
        """Let orders change to a cheaper choice among what is left and what they hold."""
        p = self.problem
        for _change in range(CHANGES):
            left = p.stock - self._use(column)
            own = np.zeros_like(self.line_places)
            held = column != WAITS
            own[held, column[held]] = p.line_units[held]
            wish = self._choose(left, priced=False, own=own)
            better = (wish.paid < self._paid(column) - 1e-9).astype(np.int64)
            if not better.any():
                break
            moves = np.where(wish.column == column, WAITS, wish.column)
            accepted = self._accepted(moves, left, better)
            column = np.where(accepted[self.order] == 1, wish.column, column)
        return self._warehouse(column)

    def _paid(self, column: Integers) -> Floats:
        used = np.zeros((len(self.present), self.places.shape[1]), bool)
        held = column != WAITS
        used[self.order[held], column[held]] = True
        waits = np.bincount(self.order, ~held)
        return np.where(used, self.opening, 0).sum(axis=1) + waits * self.waiting
