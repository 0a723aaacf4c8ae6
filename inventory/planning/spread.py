"""How far the demand of a lead time strays from its level: own past and every SKU's together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.planning.history import DemandHistory

Floats = NDArray[np.float64]

OWN_SHARE = 0.5
OWN_DAYS = 365
OWN_STEP = 2  # every second window: neighbours say almost the same
OWN_FOLLOWS = 0.33  # exponent by which the own quantiles follow the level
OWN_BOUNDS = (0.25, 4.0)
SCALE_DAYS = 365
SCALE_OWN = 0.6
POOL_DAYS = 120
POOL_STEP = 7
POOL_FIRST_DAY = 60
BINS = 6
FEWEST = 200  # of residuals in a bin
LEAD_TIMES = 4  # quantiles of the observed lead times that stand for all


@dataclass(frozen=True)
class Spread:
    """What was learnt from the past, to be asked with the level of today."""

    lead_time: float  # mean, days
    own: NDArray[np.float32]  # sorted window sums of each SKU, shape (n, windows)
    own_level: Floats  # mean of those, per day
    deviation: Floats  # of window sums, own, shape (n,)
    intercept: float
    slope: float
    edges: Floats
    residuals: tuple[Floats, ...]  # sorted, by bin of expected demand

    @classmethod
    def fit(cls, history: DemandHistory, lead_times: NDArray) -> "Spread":
        """Learn from all closed days of the history; lead times in days, sorted."""
        today = history.days
        lengths = _stand_ins(lead_times, today)
        lead = float(lead_times.mean())
        recent = _all_windows(history, lengths, max(0, today - SCALE_DAYS), OWN_STEP)
        deviation = recent.std(1)
        own = np.sort(
            _all_windows(history, lengths, max(0, today - OWN_DAYS), OWN_STEP).astype(np.float32)
        )
        days = min(OWN_DAYS, today)
        expected = history.level(today - 1) * lead
        slope, intercept = _line(np.log(expected + 0.1), np.log(deviation + 0.1))
        spread = cls(
            lead,
            own,
            history.sold(today - days, today) / days,
            deviation,
            intercept,
            slope,
            np.zeros(0),
            (),
        )
        edges, residuals = _pool(history, lengths, spread)
        return cls(**{**vars(spread), "edges": edges, "residuals": residuals})

    def scale(self, expected: Floats) -> Floats:
        """Return the standard deviation of lead-time demand, own shrunk to the pool's, units."""
        pool = self.intercept + self.slope * np.log(expected + 0.1)
        return np.exp(SCALE_OWN * np.log(self.deviation + 0.1) + (1 - SCALE_OWN) * pool)

    def reorder_points(self, level: Floats, service: Floats) -> Floats:
        """Return the lead-time demand not exceeded with probability `service` (K, n), units."""
        expected = level * self.lead_time
        usual = np.maximum(self.own_level * self.lead_time, 1e-9)
        follows = np.clip(expected / usual, *OWN_BOUNDS) ** OWN_FOLLOWS
        own = _pick(self.own, service) * follows
        bins = np.searchsorted(self.edges, expected)
        strayed = np.zeros_like(service)
        for number, values in enumerate(self.residuals):
            columns = bins == number
            if columns.any():
                strayed[:, columns] = _quantile(values, service[:, columns])
        pooled = expected + strayed * self.scale(expected)
        return OWN_SHARE * own + (1 - OWN_SHARE) * pooled


def _stand_ins(lead_times: NDArray, today: int) -> list[int]:
    """Return a few lead times that stand for the whole distribution, none beyond the history."""
    shares = (np.arange(LEAD_TIMES) + 0.5) / LEAD_TIMES
    chosen = np.quantile(lead_times, shares, method="inverted_cdf")
    return sorted({min(int(days), max(today, 1)) for days in chosen})


def _all_windows(history: DemandHistory, lengths: list[int], start: int, step: int) -> Floats:
    parts = [history.windows(length, start, history.days, step) for length in lengths]
    return np.concatenate(parts, 1)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Return slope and intercept of the least-squares line; flat where x does not vary."""
    if len(x) < 2 or np.ptp(x) < 1e-9:
        return 0.0, float(y.mean())
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept)


def _pool(
    history: DemandHistory, lengths: list[int], spread: Spread
) -> tuple[Floats, tuple[Floats, ...]]:
    """Return the residuals (actual − expected) / scale of past days, sorted, by expected demand."""
    today = history.days
    expected, residuals = [], []
    for day in range(
        today - 1 - lengths[0], max(POOL_FIRST_DAY, today - POOL_DAYS) - 1, -POOL_STEP
    ):
        then = history.level(day) * spread.lead_time
        scale = spread.scale(then)
        for length in lengths:
            if day + 1 + length <= today:
                actual = history.sold(day + 1, day + 1 + length)
                expected.append(then)
                residuals.append((actual - then) / scale)
    if not residuals:
        # Too young to have been wrong: a normal spread until there are days to learn from.
        return np.zeros(0), (np.sort(np.random.default_rng(0).standard_normal(4001)),)
    sizes, values = np.concatenate(expected), np.concatenate(residuals)
    edges = np.quantile(sizes, np.linspace(0, 1, BINS + 1)[1:-1])
    bins = np.searchsorted(edges, sizes)
    everything = np.sort(values)
    parts = [np.sort(values[bins == number]) for number in range(BINS)]
    return edges, tuple(part if len(part) >= FEWEST else everything for part in parts)


def _pick(ordered: NDArray[np.float32], share: Floats) -> Floats:
    """Return the value at `share` (K, n) of each sorted row (n, m), interpolated."""
    last = ordered.shape[1] - 1
    at = np.clip(share, 0, 1) * last
    low = np.floor(at).astype(np.int64)
    rows = np.arange(ordered.shape[0])[None, :]
    below, above = ordered[rows, low], ordered[rows, np.minimum(low + 1, last)]
    return below + (above - below) * (at - low)


def _quantile(ordered: Floats, share: Floats) -> Floats:
    at = np.clip(share, 0, 1) * (len(ordered) - 1)
    return np.interp(at, np.arange(len(ordered)), ordered)
