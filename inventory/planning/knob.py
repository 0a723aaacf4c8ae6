"""Set the one knob by replaying the past to the fill rate that was asked for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.planning.hybrid import HybridPlanner
from inventory.planning.replay import Floats, Outcome, Panel, replay

REPLAY_DAYS = 180
FIRST_DAYS = 60  # of history before the replayed past begins
# What usually meets a fill, before there is a past to replay: PRIOR ÷ (1 − fill)^PRIOR_POWER days.
PRIOR, PRIOR_POWER = 3.4, 1.3
PRIOR_DAYS = 180  # of replayed days that the usual value weighs as much as
MOST_CORRECTED = 0.5  # of what may be missed, by which the aim moves to make up for what was
PENALTY_DAYS = np.round(np.geomspace(30, 6000, 14))


@dataclass(frozen=True)
class Asked:
    """What the planner does for every value of the knob, and for the fill that was asked."""

    curve: Outcome
    delivered: Outcome  # of one policy
    penalty_days: float  # the knob on the last day


class Knob:
    """The days of holding that a missed unit is worth, so that a share of the value is filled."""

    def __init__(self, fill: float) -> None:
        self.fill = fill
        self._sold: list[Floats] = []
        self._asked: list[float] = []

    @property
    def days(self) -> int:
        return len(self._asked)

    def watch(self, sold: Floats, asked: float) -> None:
        """Learn from one more day: value sold under each of PENALTY_DAYS, and value asked."""
        self._sold.append(sold)
        self._asked.append(asked)

    def penalty_days(self, delivered: float | None = None) -> float:
        """Return the knob that met the fill over the last 180 days, shrunk to what usually does.

        Between two values it lies where their replayed fills put it, on a log scale. What was
        `delivered` so far moves the aim to the other side, at most by half of what may be missed.
        """
        missed = 1 - self.fill
        shift = 0.0 if delivered is None else self.fill - delivered
        aim = self.fill + float(np.clip(shift, -MOST_CORRECTED * missed, MOST_CORRECTED * missed))
        asked = sum(self._asked[-REPLAY_DAYS:])
        if not asked:
            return usual_penalty_days(aim)
        fills = np.sum(self._sold[-REPLAY_DAYS:], 0) / asked
        return penalty_days(aim, fills, min(self.days, REPLAY_DAYS))


def usual_penalty_days(fill: float) -> float:
    """Return what usually meets a fill, before there is a past to replay."""
    return float(PRIOR * max(1 - fill, 1e-4) ** -PRIOR_POWER)


def penalty_days(fill: float, fills: Floats, days: int) -> float:
    """Return the knob whose replayed fill over so many days meets what is asked, shrunk to what
    usually does; `fills` are those of PENALTY_DAYS."""
    met = np.interp(fill, np.maximum.accumulate(fills), np.log(PENALTY_DAYS))
    share = days / (days + PRIOR_DAYS)
    return float(np.exp(share * met + (1 - share) * np.log(usual_penalty_days(fill))))


def replay_asked(
    panel: Panel, lead_times: NDArray, *, fill: float, order_rhythm_days: float
) -> Asked:
    """Replay the planner over a panel; its knob is set every day by the days before it alone."""
    planner = HybridPlanner(panel.unit_value, lead_times, order_rhythm_days)
    value, asked = panel.unit_value, panel.unit_value @ panel.demand
    begin, sold = _replayed_sales(panel, planner)
    knob = Knob(fill)
    last = [PRIOR]
    filled = np.zeros(2)  # value sold and asked

    def watch(day: int, units: Floats) -> None:
        if day >= panel.start:
            filled[:] += float(units[-1] @ value), float(asked[day])

    def policy(day: int) -> tuple[Floats, Floats]:
        for known in range(begin + knob.days, day + 1):
            knob.watch(sold[known - begin], float(asked[known]))
        last[0] = knob.penalty_days(filled[0] / filled[1] if filled[1] else None)
        plan = planner.plan(panel.demand[:, : day + 1], np.append(PENALTY_DAYS, last[0]))
        return plan.reorder_point, plan.order_quantity

    outcome = replay(panel, policy, watch=watch)
    return Asked(outcome.only(slice(-1)), outcome.only(slice(-1, None)), last[0])


def _replayed_sales(panel: Panel, planner: HybridPlanner) -> tuple[int, list[Floats]]:
    """Return the first replayed day, and the value sold under each of PENALTY_DAYS from it on."""
    begin = max(panel.start - REPLAY_DAYS, min(FIRST_DAYS, panel.start - 1), 1)
    sold: list[Floats] = []

    def policy(day: int) -> tuple[Floats, Floats]:
        plan = planner.plan(panel.demand[:, : day + 1], PENALTY_DAYS)
        return plan.reorder_point, plan.order_quantity

    def watch(_day: int, units: Floats) -> None:
        sold.append(units @ panel.unit_value)

    replay(panel, policy, begin=begin, watch=watch)
    return begin, sold
