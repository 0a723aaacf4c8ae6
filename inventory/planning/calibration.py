"""The fill that each value of the knob would have delivered in the recent past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.planning.hybrid import HybridPlanner
from inventory.planning.knob import PENALTY_DAYS, REPLAY_DAYS, penalty_days, usual_penalty_days
from inventory.planning.replay import BURN_IN_DAYS, Floats, Panel, replay

LEAST_DAYS = 56  # of history; a shorter one says nothing yet
FIRST_DAYS = 28  # that every policy may learn from before the replay begins


@dataclass(frozen=True, slots=True)
class FillCurve:
    """What each of PENALTY_DAYS delivered over the replayed days: value fill, mean stock value and
    order lines, each of shape (K,); no days where there was too short a past."""

    fill: Floats
    inventory: Floats
    order_lines: NDArray
    days: int
    rows: int

    def knob(self, fill: float) -> float:
        """Return the penalty days that meet a fill."""
        return penalty_days(fill, self.fill, self.days) if self.days else usual_penalty_days(fill)

    def delivered(self, fill: float) -> float | None:
        """Return what the replay delivered with the knob of a fill; None without a replay."""
        if not self.days:
            return None
        at = np.log(self.knob(fill))
        return float(np.interp(at, np.log(PENALTY_DAYS), np.maximum.accumulate(self.fill)))


NO_CURVE = FillCurve(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), 0, 0)


@dataclass(frozen=True, slots=True)
class Group:
    """SKUs that share lead times and rhythm: demand (n, days) masked, value per unit (n,)."""

    demand: np.ma.MaskedArray
    unit_value: Floats
    lead_times: NDArray
    order_rhythm_days: float


def fill_curve(groups: list[Group]) -> FillCurve:
    """Replay the last 180 days of all groups, as many as their history allows."""
    days = min((group.demand.shape[1] for group in groups), default=0)
    if days < LEAST_DAYS:
        return NO_CURVE
    start = max(days - REPLAY_DAYS, FIRST_DAYS)
    sold = inventory = np.zeros(len(PENALTY_DAYS))
    lines = np.zeros(len(PENALTY_DAYS), dtype=np.int64)
    asked = 0.0
    for group in groups:
        units = np.ma.getdata(group.demand)
        panel = Panel.draw(units, group.unit_value, start, group.lead_times)
        outcome = replay(panel, hybrid(group, PENALTY_DAYS), begin=begin_of(start))
        value = float(units[:, start:].sum(1) @ group.unit_value)
        sold = sold + outcome.fill * value
        asked += value
        inventory = inventory + outcome.inventory
        lines = lines + outcome.order_lines
    if not asked:
        return NO_CURVE
    rows = sum(len(group.unit_value) for group in groups)
    return FillCurve(sold / asked, inventory, lines, days - start, rows)


def begin_of(start: int) -> int:
    """Return the day on which a replay begins whose days count from `start` on."""
    return max(start - BURN_IN_DAYS, FIRST_DAYS)


def hybrid(group: Group, knob: NDArray):  # type: ignore[no-untyped-def]
    """Return the policy that plans a group for every value of the knob, by the days before."""
    planner = HybridPlanner(group.unit_value, group.lead_times, group.order_rhythm_days)

    def policy(day: int) -> tuple[Floats, Floats]:
        plan = planner.plan(group.demand[:, : day + 1], knob)
        return plan.reorder_point, plan.order_quantity

    return policy
