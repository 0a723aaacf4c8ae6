"""Replay an assortment's own past under its policies, or under the peers' rule."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.planning.assortment import YOUNG_DAYS, Assortment, groups
from inventory.planning.calibration import (
    FIRST_DAYS,
    LEAST_DAYS,
    FillCurve,
    Group,
    begin_of,
    hybrid,
)
from inventory.planning.comparison import FACTORS
from inventory.planning.knob import PENALTY_DAYS
from inventory.planning.peers import MinMax, textbook
from inventory.planning.replay import Floats, Panel, Policy, replay

REPLAYED_DAYS = 365
SERVICE_LEVELS = 1 - np.geomspace(0.4, 1e-6, len(PENALTY_DAYS))


class TooShortError(ValueError):
    """There is too little past to replay."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What K values of the knob would have done over `days`; the last is the policy as it is.

    Value fill, mean stock value, order lines, SKU-days on which something was missing, and value
    asked for; `rows` SKUs were replayed.
    """

    fill: Floats
    inventory: Floats
    order_lines: NDArray[np.int64]
    short_days: NDArray[np.int64]
    asked: float
    days: int
    rows: int


def replayed(known: Assortment) -> NDArray[np.int64]:
    """Return the rows that are known for long enough to be replayed."""
    return np.flatnonzero(known.demand.known_days >= YOUNG_DAYS)


def replay_policies(
    known: Assortment, curve: FillCurve, minimum: NDArray, maximum: NDArray
) -> Replayed:
    """Replay the policies of all rows; the knob of those that are reckoned runs over its values.

    `minimum` and `maximum` (−1 for none) are those of manual rows.
    """
    tally = _Tally(known, len(PENALTY_DAYS) + 1)
    kinds: list[tuple[NDArray, Callable[[NDArray, Group, Panel], Policy]]] = [
        (~known.is_manual & ~known.is_textbook, lambda r, g, _p: _hybrid(known.fill[r], g, curve)),
        (~known.is_manual & known.is_textbook, lambda r, g, p: _textbook(known.fill[r], g, p)),
        (known.is_manual, lambda r, g, _p: _manual(minimum[r], maximum[r], g)),
    ]
    for is_kind, policy in kinds:
        tally.add(np.flatnonzero(is_kind), policy)
    return tally.told()


def replay_peers(known: Assortment) -> Replayed:
    """Replay min = mean × lead time × factor, max = min + the rhythm's cover, set anew every month
    from 90 days, for all factors; the last is factor 1."""
    tally = _Tally(known, len(FACTORS) + 1)
    factors = np.append(FACTORS, 1.0)

    def policy(_rows: NDArray, group: Group, panel: Panel) -> Policy:
        return MinMax(panel, factors, cover_days=group.order_rhythm_days)

    tally.add(np.arange(len(known.unit_value)), policy)
    return tally.told()


class _Tally:
    """Adds up what groups of rows did."""

    def __init__(self, known: Assortment, size: int) -> None:
        days = known.demand.daily.shape[1]
        if days < LEAST_DAYS or not len(replayed(known)):
            raise TooShortError
        self.known = known
        self.start = max(days - REPLAYED_DAYS, days // 2, FIRST_DAYS)
        self.days = days - self.start
        self.old = replayed(known)
        self.sold, self.inventory = np.zeros(size), np.zeros(size)
        self.lines, self.short = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self.asked = 0.0

    def add(self, rows: NDArray, policy: Callable[[NDArray, Group, Panel], Policy]) -> None:
        for part, group in groups(self.known, np.intersect1d(rows, self.old)):
            units = np.ma.getdata(group.demand)
            panel = Panel.draw(units, group.unit_value, self.start, group.lead_times)

            def watch(day: int, sold: Floats, units: NDArray = units) -> None:
                if day >= self.start:
                    self.short += (sold < units[:, day]).sum(1)

            begin = begin_of(self.start)
            outcome = replay(panel, policy(part, group, panel), begin=begin, watch=watch)
            asked = float(units[:, self.start :].sum(1) @ group.unit_value)
            self.sold += outcome.fill * asked
            self.asked += asked
            self.inventory += outcome.inventory
            self.lines += outcome.order_lines

    def told(self) -> Replayed:
        fill = self.sold / self.asked if self.asked else np.ones_like(self.sold)
        return Replayed(
            fill, self.inventory, self.lines, self.short, self.asked, self.days, len(self.old)
        )


def _hybrid(fill: Floats, group: Group, curve: FillCurve) -> Policy:
    asked, which = np.unique(fill, return_inverse=True)
    own = [curve.knob(float(share)) for share in asked]
    return _picked(hybrid(group, np.append(PENALTY_DAYS, own)), which)


def _textbook(fill: Floats, group: Group, panel: Panel) -> Policy:
    asked, which = np.unique(fill, return_inverse=True)
    levels = np.append(SERVICE_LEVELS, asked)
    return _picked(textbook(panel, levels, cover_days=group.order_rhythm_days), which)


def _manual(minimum: NDArray, maximum: NDArray, group: Group) -> Policy:
    """Keep between minimum and maximum; without one, fill up by the rhythm's cover."""
    size = len(PENALTY_DAYS) + 1
    points = np.broadcast_to(minimum.astype(np.float64), (size, len(minimum)))
    total = np.cumsum(np.ma.getdata(group.demand), 1)

    def policy(day: int) -> tuple[Floats, Floats]:
        taken = min(day + 1, 90)
        before = total[:, day - taken] if day >= taken else 0
        cover = np.maximum((total[:, day] - before) / taken * group.order_rhythm_days, 1.0)
        sizes = np.where(maximum >= 0, maximum - minimum, cover)
        return points, np.broadcast_to(sizes, points.shape)

    return policy


def _picked(policy: Policy, which: NDArray) -> Policy:
    """Return a policy whose last values are, SKU by SKU, one of those after PENALTY_DAYS'."""
    shared = len(PENALTY_DAYS)
    columns = np.arange(len(which))

    def picked(day: int) -> tuple[Floats, Floats]:
        points, sizes = policy(day)
        rows = shared + which
        return (
            np.vstack([points[:shared], points[rows, columns]]),
            np.vstack([sizes[:shared], sizes[rows, columns]]),
        )

    return picked
