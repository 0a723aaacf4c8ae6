"""Plan a whole assortment: each SKU by the rule that fits what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from inventory.planning.calibration import FillCurve, Group
from inventory.planning.demand import Demand
from inventory.planning.hybrid import HybridPlanner
from inventory.planning.lead_times import Profile, profile
from inventory.planning.reorder_point import cover, measure_demand, textbook
from inventory.planning.replay import Floats

BATCH = 1000  # SKUs planned together: enough to learn from, small enough for the cache
YOUNG_DAYS = 28  # a SKU of fewer known days cannot speak for itself
TEXTBOOK_DAYS = 90
CATEGORY_DAYS = 28  # of its category's demand that a young SKU's own days are weighed against


class Rule(IntEnum):
    """What set a reorder point."""

    NONE = 0  # nothing is known
    HYBRID = 1
    COLD_START = 2
    TEXTBOOK = 3
    MANUAL = 4


@dataclass(frozen=True, slots=True)
class Assortment:
    """n SKUs of warehouses and what is known of them, each array of shape (n,).

    `lead_times` holds a sample of days for each; `family` a number for each category and
    warehouse, −1 for none; `is_new` whether it may be bought before anything was asked for;
    `is_textbook` and `is_manual` what the policy says.
    """

    demand: Demand
    unit_value: Floats
    lead_times: Sequence[NDArray]
    fill: Floats
    rhythm: Floats
    family: NDArray[np.int64]
    is_new: NDArray[np.bool_]
    is_textbook: NDArray[np.bool_]
    is_manual: NDArray[np.bool_]

    def only(self, chosen: NDArray) -> "Assortment":
        """Return some of the SKUs."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        told = {
            name: value[chosen]
            for name, value in parts.items()
            if name not in ("demand", "lead_times")
        }
        leads = [self.lead_times[n] for n in chosen]
        return Assortment(self.demand.only(chosen), lead_times=leads, **told)


@dataclass(slots=True)
class Levels:
    """What to keep of n SKUs, float units, each of shape (n,), and what led there.

    `level` is demand per day, `spread` the standard deviation of lead-time demand,
    `knob` the days of holding that a missed unit is worth (0 where no
    knob was used), `family_level` the mean demand of a young SKU's category.
    """

    rule: NDArray[np.int64]
    point: Floats
    quantity: Floats
    level: Floats
    lead_time: Floats
    lead_deviation: Floats
    spread: Floats
    knob: Floats
    family_level: Floats

    @classmethod
    def empty(cls, n: int) -> "Levels":
        return cls(np.zeros(n, dtype=np.int64), *(np.zeros(n) for _ in range(8)))


def plan_assortment(known: Assortment, curve: FillCurve) -> Levels:
    """Return reorder points and order quantities for the morning after the last closed day."""
    n = len(known.unit_value)
    found = Levels.empty(n)
    found.lead_time[:] = [float(sample.mean()) for sample in known.lead_times]
    found.lead_deviation[:] = [float(sample.std()) for sample in known.lead_times]
    is_young = known.demand.known_days < YOUNG_DAYS
    is_hybrid = ~(known.is_manual | known.is_textbook | is_young)
    for rows, group in groups(known, np.flatnonzero(is_hybrid)):
        _hybrid(rows, group, known, curve, found)
    is_cold = is_young & ~(known.is_manual | known.is_textbook)
    _cold_start(np.flatnonzero(is_cold), known, found)
    is_unknown = is_cold & (found.rule == Rule.NONE) & (known.demand.known_days > 0)
    _textbook(np.flatnonzero(known.is_manual | known.is_textbook | is_unknown), known, found)
    found.rule[known.is_manual] = Rule.MANUAL
    return found


def groups(known: Assortment, rows: NDArray) -> list[tuple[NDArray, Group]]:
    """Return the rows in groups of the same lead-time profile and rhythm, at most 1,000 each."""
    profiles: dict[int, Profile] = {}  # by identity: suppliers share one sample
    keys: dict[tuple[Profile, float], list[int]] = {}
    for row in rows:
        sample = known.lead_times[row]
        if id(sample) not in profiles:
            profiles[id(sample)] = profile(sample)
        keys.setdefault((profiles[id(sample)], float(known.rhythm[row])), []).append(int(row))
    found = []
    for (_profile, rhythm), members in sorted(keys.items()):
        parts = -(-len(members) // BATCH)
        for part in np.array_split(np.array(members), parts):
            samples = {id(known.lead_times[row]): known.lead_times[row] for row in part}
            leads = np.concatenate(list(samples.values()))
            demand = known.demand.only(part).filled()
            found.append((part, Group(demand, known.unit_value[part], leads, rhythm)))
    return found


def _hybrid(
    rows: NDArray, group: Group, known: Assortment, curve: FillCurve, found: Levels
) -> None:
    planner = HybridPlanner(group.unit_value, group.lead_times, group.order_rhythm_days)
    asked, which = np.unique(known.fill[rows], return_inverse=True)
    knob = np.array([curve.knob(float(fill)) for fill in asked])
    plan = planner.plan(group.demand, knob)
    basis = planner.basis()
    columns = np.arange(len(rows))
    found.rule[rows] = Rule.HYBRID
    found.point[rows] = plan.reorder_point[which, columns]
    found.quantity[rows] = plan.order_quantity[which, columns]
    found.level[rows] = basis.level
    found.spread[rows] = basis.spread
    found.knob[rows] = knob[which]


def _cold_start(rows: NDArray, known: Assortment, found: Levels) -> None:
    """Plan young SKUs by days of cover of their category, their own days weighed in."""
    is_taught = (found.rule == Rule.HYBRID) & (known.family >= 0)
    if not len(rows) or not is_taught.any():
        return
    size = int(known.family.max()) + 1
    among = known.family[is_taught]
    levels, points, quantities, counts = (
        np.bincount(among, values, minlength=size)
        for values in (
            found.level[is_taught],
            found.point[is_taught],
            found.quantity[is_taught],
            np.ones(len(among)),
        )
    )
    family = known.family[rows]
    is_known = (family >= 0) & (levels[family] > 0)
    is_known &= (known.demand.known_days[rows] > 0) | known.is_new[rows]
    rows, family = rows[is_known], family[is_known]
    mean = levels[family] / counts[family]
    days = known.demand.is_observed()[rows].sum(1)
    own = known.demand.daily[rows].sum(1)
    level = (own + CATEGORY_DAYS * mean) / (days + CATEGORY_DAYS)
    found.rule[rows] = Rule.COLD_START
    found.level[rows] = level
    found.family_level[rows] = mean
    found.point[rows] = level * points[family] / levels[family]
    found.quantity[rows] = np.maximum(level * quantities[family] / levels[family], 1.0)


def _textbook(rows: NDArray, known: Assortment, found: Levels) -> None:
    if not len(rows):
        return
    demand = known.demand.only(rows)
    recent = slice(-TEXTBOOK_DAYS, None)
    measured = measure_demand(demand.daily[:, recent], demand.is_observed()[:, recent])
    book = textbook(
        measured,
        lead_time_days=found.lead_time[rows] - 1,
        service_level=known.fill[rows],
    )
    found.rule[rows] = Rule.TEXTBOOK
    found.level[rows] = measured.mean
    found.spread[rows] = measured.deviation * np.sqrt(book.protection_days)
    found.point[rows] = book.reorder_point
    found.quantity[rows] = cover(measured.mean, known.rhythm[rows])
