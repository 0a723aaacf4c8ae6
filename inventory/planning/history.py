"""Daily demand of many SKUs as it grows, and its level on any past day."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EWMA_WEIGHT = 0.035
LONG_DAYS = 120
FIRST_DAYS = 28  # the mean of these starts the moving average
# The level follows what the last weeks sold: (days, exponent).
RECENT = ((14, 0.3), (42, 0.3))
YEAR = 364  # whole weeks: the same weekday a year ago
SEASON_DAYS = 14
SEASON_WINDOW = 91
SEASON_EWMA = 0.02
SEASON_BOUNDS = (0.5, 2.0)
LARGEST_SHARE = 0.01  # of a season's value that one SKU can make up


class DemandHistory:
    """Units asked for per SKU and day, float, shape (n, days); it only ever grows.

    A censored (masked) day counts as the moving average of its time, or as what was sold on it
    where that is more.
    """

    def __init__(self, unit_value: Floats) -> None:
        self.unit_value = unit_value
        n = len(unit_value)
        self.daily = np.zeros((n, 0))
        self.total = np.zeros((n, 1))  # units up to the start of each day, shape (n, days + 1)
        self._ewma = np.zeros((n, 0))
        self._slow = np.zeros((n, 0))

    @property
    def days(self) -> int:
        return self.daily.shape[1]

    def extend(self, demand: NDArray) -> None:
        """Take the days of `demand`, shape (n, days), that are not known yet."""
        known = self.days
        values = np.ma.getdata(demand)[:, known:].astype(np.float64)
        censored = np.ma.getmaskarray(demand)[:, known:]
        if not values.shape[1]:
            return
        fast, slow = np.empty_like(values), np.empty_like(values)
        if known:
            f, s = self._ewma[:, -1], self._slow[:, -1]
        else:
            seen = ~censored[:, :FIRST_DAYS]
            f = s = (values[:, :FIRST_DAYS] * seen).sum(1) / np.maximum(seen.sum(1), 1)
        for day in range(values.shape[1]):
            column = np.where(censored[:, day], np.maximum(values[:, day], f), values[:, day])
            values[:, day] = column
            f = f + EWMA_WEIGHT * (column - f)
            s = s + SEASON_EWMA * (column - s)
            fast[:, day], slow[:, day] = f, s
        self.daily = np.concatenate([self.daily, values], 1)
        sums = self.total[:, -1:] + np.cumsum(values, 1)
        self.total = np.concatenate([self.total, sums], 1)
        self._ewma = np.concatenate([self._ewma, fast], 1)
        self._slow = np.concatenate([self._slow, slow], 1)

    def sold(self, start: int, end: int) -> Floats:
        """Return the units of the days start ≤ day < end, shape (n,)."""
        return self.total[:, end] - self.total[:, max(start, 0)]

    def windows(self, length: int, start: int, end: int, step: int = 1) -> Floats:
        """Return the units of every window of `length` days within start ≤ day < end."""
        ends = np.arange(end, start + length - 1, -step)
        return self.total[:, ends] - self.total[:, ends - length]

    def level(self, day: int) -> Floats:
        """Return the demand per day to expect after the close of `day`, units, shape (n,)."""
        level = (self._ewma[:, day] + self._mean(day, LONG_DAYS)) / 2 * self._season(day)
        lump = np.maximum(1.0, 2 * self.lump(day))
        for days, exponent in RECENT:
            taken = min(days, day + 1)
            sold = self.sold(day + 1 - taken, day + 1)
            level = level * ((sold + lump) / (level * taken + lump)) ** exponent
        return level

    def lump(self, day: int) -> Floats:
        """Return half the unit-weighted mean size of a day's demand over the last year: the units
        by which an average order day overshoots any stock level (renewal theory), shape (n,)."""
        recent = self.daily[:, max(0, day - 364) : day + 1]
        return (recent**2).sum(1) / np.maximum(recent.sum(1), 1) / 2

    def _mean(self, day: int, days: int) -> Floats:
        taken = min(days, day + 1)
        return self.sold(day + 1 - taken, day + 1) / taken

    def _season(self, day: int) -> float:
        """Return demand of the coming days a year ago over the level then, pooled by value."""
        then = day - YEAR
        if then < SEASON_WINDOW:
            return 1.0
        level = (self._slow[:, then] + self._mean(then, SEASON_WINDOW)) / 2
        usual = level * self.unit_value
        ahead = self.sold(then + 1, then + 1 + SEASON_DAYS) / SEASON_DAYS * self.unit_value
        ahead = np.minimum(ahead, np.maximum(usual * 5, LARGEST_SHARE * ahead.sum()))
        return float(np.clip(ahead.sum() / max(usual.sum(), 1e-9), *SEASON_BOUNDS))
