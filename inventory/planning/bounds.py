"""How good a policy could have been at most, known only afterwards."""

import numpy as np

from inventory.planning.replay import Floats, Outcome, Panel, replay

POINT_SHARES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
COVERS = (3.0, 7.0, 14.0, 21.0, 35.0)
PENALTIES = np.geomspace(10, 5000, 18)
ORDER_COSTS = np.geomspace(0.5, 200, 7)  # value-days per order line, × mean unit value of demand
LOST_COSTS = np.array([30.0, 100.0, 300.0])  # days


def best_fixed(panel: Panel) -> Outcome:
    """Return the outcomes of the fixed (s, Q) per SKU that were best on the days that count.

    From 9 × 5 pairs per SKU the least of inventory + penalty × lost, for 18 penalties: the limit
    of any min/max that stays as it is, however well chosen.
    """
    tested = panel.demand[:, panel.start :]
    lead = max(1, round(float(panel.lead_days.mean())))
    sums = np.lib.stride_tricks.sliding_window_view(tested, lead, axis=1).sum(-1)
    starts = np.quantile(sums, POINT_SHARES, axis=1) + 1
    mean = tested.mean(1)
    points = np.repeat(starts, len(COVERS), 0)
    sizes = np.tile(np.maximum(1.0, mean * np.array(COVERS)[:, None]), (len(POINT_SHARES), 1))
    tried = replay(panel, lambda _day: (points, sizes))
    value = panel.unit_value
    lost = (tested.sum(1) - tried.sold) * value
    held = tried.held * value
    columns = np.arange(len(value))
    rows = np.array([np.argmin(held + penalty * lost, 0) for penalty in PENALTIES])
    chosen_held, chosen_sold = tried.held[rows, columns], tried.sold[rows, columns]
    orders = tried.orders[rows, columns]
    return Outcome(
        chosen_sold @ value / max(float(tested.sum(1) @ value), 1e-9),
        chosen_held @ value / tested.shape[1],
        orders.sum(1),
        chosen_held,
        chosen_sold,
        orders,
    )


def least_inventory(panel: Panel, *, fill: float, order_lines: float) -> float:
    """Return a lower bound of the mean inventory value at this fill and number of order lines.

    Wagner and Whitin (1958) with lost sales and known demand, bounded from below by weak duality:
    max over prices of F(order, lost) − order · lines − lost · lost value, one line per SKU added
    for the stock that a policy begins with.
    """
    tested = panel.demand[:, panel.start :].astype(np.float64)
    worth = tested * panel.unit_value[:, None]
    asked = float(worth.sum())
    lines = order_lines + len(tested)
    usual = asked / max(float((tested > 0).sum()), 1.0)
    best = 0.0
    for lost in LOST_COSTS:
        for cost in ORDER_COSTS * usual:
            bound = _cheapest(worth, cost, lost) - cost * lines - lost * (1 - fill) * asked
            best = max(best, bound)
    return best / tested.shape[1]


def _cheapest(worth: Floats, order_cost: float, lost_cost: float) -> float:
    """Return Σ over SKUs of the least of order costs + value-days held + lost · value lost."""
    n, days = worth.shape
    reach = min(int(lost_cost) + 1, days)
    least = np.zeros((days + 1, n))
    least[1:] = np.inf
    for start in range(days):
        # Nothing is ordered for this day: what it asks for is lost.
        least[start + 1] = np.minimum(least[start + 1], least[start] + lost_cost * worth[:, start])
        total = least[start] + order_cost
        for end in range(start + 1, min(start + reach, days) + 1):
            held = min(float(end - 1 - start), lost_cost)
            total = total + held * worth[:, end - 1]
            least[end] = np.minimum(least[end], total)
    return float(least[days].sum())
