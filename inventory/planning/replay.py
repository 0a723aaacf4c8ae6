"""Replay a stock policy over demand that is known: what it would have sold, kept and ordered."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Asked at the close of a day (0 for the first), answers reorder points and quantities, (K, n).
Policy = Callable[[int], tuple[Floats, Floats]]
# Told at the close of a day what each policy sold, units, (K, n).
Watch = Callable[[int, Floats], None]

BURN_IN_DAYS = 30
SEED = 7


@dataclass(frozen=True)
class Panel:
    """Demand of n SKUs, units per day, shape (n, days), and the value of a unit, shape (n,).

    `start` is the first day that counts; `lead_days` what an order placed at the close of a day
    takes, shape (n, days): the same draw for every policy.
    """

    demand: NDArray[np.int64]
    unit_value: Floats
    start: int
    lead_days: NDArray[np.int64]

    @classmethod
    def draw(cls, demand: NDArray, unit_value: NDArray, start: int, lead_times: NDArray) -> "Panel":
        """Return a panel whose lead times are drawn evenly from `lead_times`."""
        drawn = np.random.default_rng(SEED).choice(np.asarray(lead_times), size=np.shape(demand))
        return cls(np.asarray(demand), np.asarray(unit_value, dtype=np.float64), start, drawn)


@dataclass(frozen=True)
class Outcome:
    """What K policies did over the days that count.

    `fill` is sold ÷ asked by value, (K,); `inventory` the mean value at the close of a day, (K,);
    `order_lines` (K,); `held` unit-days, `sold` units and `orders` lines by SKU, (K, n).
    """

    fill: Floats
    inventory: Floats
    order_lines: NDArray[np.int64]
    held: Floats
    sold: Floats
    orders: NDArray[np.int64]

    def only(self, rows: slice) -> "Outcome":
        """Return the outcome of some of the policies."""
        return Outcome(
            self.fill[rows],
            self.inventory[rows],
            self.order_lines[rows],
            self.held[rows],
            self.sold[rows],
            self.orders[rows],
        )

    def at(self, fill: float) -> tuple[float, float] | None:
        """Return inventory and order lines where the curve reaches `fill`; None where it never
        does. Inventory is read log-linearly between the points beside it."""
        order = np.argsort(self.fill, kind="stable")
        known = self.fill[order]
        if not len(known) or not known[0] <= fill <= known[-1]:
            return None
        inventory = np.exp(np.interp(fill, known, np.log(np.maximum(self.inventory[order], 1e-9))))
        return float(inventory), float(np.interp(fill, known, self.order_lines[order]))


def replay(
    panel: Panel, policy: Policy, *, begin: int | None = None, watch: Watch | None = None
) -> Outcome:
    """Replay K policies at once: receive, sell, count, review; what is not on the shelf is lost.

    Ordered when position < reorder point: ceil(reorder point + quantity − position), on the shelf
    at the start of the day `lead days` later. Each begins `begin` (30 days before the start) with
    one order's stock. `watch` is told of every day's close.
    """
    demand, value = panel.demand, panel.unit_value
    first = max(panel.start - BURN_IN_DAYS, 1) if begin is None else begin
    n, days = demand.shape
    points, sizes = policy(first - 1)
    shelf = np.ceil(np.maximum(points + sizes, 0.0))
    ring = int(panel.lead_days.max()) + 1
    coming = np.zeros((ring, *shelf.shape))
    on_order = np.zeros_like(shelf)
    sold_all, held_all = np.zeros_like(shelf), np.zeros_like(shelf)
    lines = np.zeros(shelf.shape, dtype=np.int64)
    for day in range(first, days):
        arrived = coming[day % ring]
        shelf += arrived
        on_order -= arrived
        coming[day % ring] = 0
        sold = np.minimum(shelf, demand[:, day])
        shelf -= sold
        if watch:
            watch(day, sold)
        points, sizes = policy(day)
        position = shelf + on_order
        ordered = np.where(position < points, np.ceil(points + sizes - position), 0.0)
        if day >= panel.start:
            sold_all += sold
            held_all += shelf
            lines += ordered > 0
        due = (day + panel.lead_days[:, day]) % ring
        coming[due, :, np.arange(n)] += ordered.T
        on_order += ordered
    asked = float(demand[:, panel.start :].sum(1) @ value)
    return Outcome(
        sold_all @ value / max(asked, 1e-9),
        held_all @ value / (days - panel.start),
        lines.sum(1),
        held_all,
        sold_all,
        lines,
    )
