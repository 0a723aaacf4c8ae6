"""Order quantities that spend a budget of order lines where they save most stock."""

import numpy as np
from numpy.typing import NDArray

from inventory.planning.history import DemandHistory

Floats = NDArray[np.float64]

COVER_DAYS = (3.0, 60.0)  # that one order covers, at least and at most
BUDGET_DAYS = 180  # of the past that the budget is counted over
ORIGIN_DAYS = 30  # quantities are set anew so often while counting
RATE_WINDOW = 90
SPENT = 0.95  # of the budget: demand strays, the budget must not
MULTIPLIERS = np.geomspace(0.05, 5000.0, 25)


def quantities(level: Floats, lump: Floats, value: Floats, multiplier: Floats) -> Floats:
    """Return order quantities for multipliers (k, 1), units, shape (k, n).

    Lumpy demand overshoots by `lump`, so an order line lasts for Q + lump units and the stock kept
    for it costs about Q² ÷ 2 (Q + lump) a day: the least of both is at
    Q = √(lump² + multiplier² · level ÷ value) − lump.
    """
    economic = np.sqrt(lump**2 + multiplier**2 * level / np.maximum(value, 1e-9)) - lump
    least, most = level * COVER_DAYS[0], level * COVER_DAYS[1]
    return np.clip(economic, np.maximum(1.0, least), np.maximum(1.0, most))


def economic_quantities(
    history: DemandHistory, level: Floats, lump: Floats, rhythm: float, multiplier: float | None
) -> tuple[Floats, float]:
    """Return quantities (n,) and the multiplier that meets the budget, found where it is None."""
    if multiplier is None:
        multiplier = _meet_budget(history, lump, rhythm)
    factor = np.array([[multiplier]])
    return quantities(level, lump, history.unit_value, factor)[0], multiplier


def _meet_budget(history: DemandHistory, lump: Floats, rhythm: float) -> float:
    """Return the multiplier whose orders over the last half year are as many as the budget's."""
    days = min(BUDGET_DAYS, max(history.days - ORIGIN_DAYS, 1))
    start = history.days - days
    n = len(history.unit_value)
    left = np.zeros((len(MULTIPLIERS) + 1, n))
    sizes = np.ones_like(left)
    lines = np.zeros(len(left))
    for day in range(start, history.days):
        if (day - start) % ORIGIN_DAYS == 0:
            level = history.level(max(day - 1, 0))
            sizes[1:] = quantities(level, lump, history.unit_value, MULTIPLIERS[:, None])
            taken = min(RATE_WINDOW, max(day, 1))
            sizes[0] = np.maximum(1.0, history.sold(day - taken, day) / taken * rhythm)
            if day == start:
                # Nobody has just ordered everything: begin somewhere within the first cycle.
                left = sizes * np.random.default_rng(0).random(n)
        left -= history.daily[:, day]
        ordered = left < 0
        lines += ordered.sum(1)
        left = np.where(ordered, sizes, left)
    budget = SPENT * lines[0]
    order = np.argsort(lines[1:], kind="stable")
    return float(np.exp(np.interp(budget, lines[1:][order], np.log(MULTIPLIERS)[order])))
