"""Why a mean changed: because its parts changed, or because their shares did."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stat:
    """So many measurements; times in seconds, None where there are none."""

    n: int = 0
    mean: float | None = None
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What one part has to do with the change of the whole mean, in seconds.

    `within`: the part itself became slower. `mix`: there is more of it, and it is slower than the
    whole; or less of it, and it is faster.
    """

    within: float
    mix: float

    @property
    def total(self) -> float:
        return self.within + self.mix


def effects(before: Mapping[str, Stat], after: Mapping[str, Stat]) -> dict[str, Effect]:
    """Return the effect of each part; their totals sum to the change of the mean.

    Kitagawa's decomposition (1955): within = mean share × change of the mean, mix = change of the
    share × (mean of the part's means − that of the wholes). A part that is new or gone has no
    change within. Nothing is explained where either side has no measurement.
    """
    whole = [_whole(before), _whole(after)]
    if None in whole:
        return {}
    sizes = [sum(stat.n for stat in side.values()) for side in (before, after)]
    level = (whole[0] + whole[1]) / 2  # type: ignore[operator]
    found = {}
    for key in {**before, **after}:
        old, new = before.get(key, Stat()), after.get(key, Stat())
        share = (old.n / sizes[0], new.n / sizes[1])
        means = (old.mean if old.n else new.mean, new.mean if new.n else old.mean)
        first, last = means[0] or 0.0, means[1] or 0.0
        found[key] = Effect(
            within=(share[0] + share[1]) / 2 * (last - first),
            mix=(share[1] - share[0]) * ((first + last) / 2 - level),
        )
    return found


def _whole(side: Mapping[str, Stat]) -> float | None:
    n = sum(stat.n for stat in side.values())
    return sum(stat.n * (stat.mean or 0.0) for stat in side.values()) / n if n else None
