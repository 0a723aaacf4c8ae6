"""Daily demand out of single lines: bulk split off, days without stock and before birth told."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# A line of more than 36 units and of ten times the median line is no shelf demand.
BULK_UNITS = 36
BULK_MEDIANS = 10
# A younger SKU's own days are repeated backwards so far: level and spread look no further back
# than a year, and the season, a year ago, must not see them.
REPEATED_DAYS = 330


@dataclass(frozen=True, slots=True)
class Lines:
    """Single amounts: `row` is the SKU's, `day` counted from the first, `units` of either sign."""

    row: NDArray
    day: NDArray
    units: NDArray

    def only(self, chosen: NDArray) -> "Lines":
        """Return some of the lines."""
        return Lines(self.row[chosen], self.day[chosen], self.units[chosen])

    def matrix(self, rows: int, days: int) -> Ints:
        """Return the units by row and day, shape (rows, days)."""
        at = self.row.astype(np.int64) * days + self.day
        summed = np.bincount(at, self.units, minlength=rows * days)
        return summed.astype(np.int64).reshape(rows, days)


@dataclass(frozen=True, slots=True)
class Demand:
    """Closed days of n rows, the last one yesterday.

    `daily` is units, `is_censored` marks days without stock, both of shape (n, days); `born` is the
    first day that something is known of, shape (n,); bulk lines and their units are left out of
    `daily` and counted by row.
    """

    daily: Ints
    is_censored: NDArray[np.bool_]
    born: Ints
    bulk_lines: Ints
    bulk_units: Ints

    @property
    def known_days(self) -> Ints:
        return self.daily.shape[1] - self.born

    def only(self, chosen: NDArray) -> "Demand":
        """Return some of the rows."""
        return Demand(
            self.daily[chosen],
            self.is_censored[chosen],
            self.born[chosen],
            self.bulk_lines[chosen],
            self.bulk_units[chosen],
        )

    def is_observed(self) -> NDArray[np.bool_]:
        """Say of each day whether its demand was free to show itself, shape (n, days)."""
        days = np.arange(self.daily.shape[1])
        return (days >= self.born[:, None]) & ~self.is_censored

    def filled(self) -> np.ma.MaskedArray:
        """Return demand with censored days masked and own days repeated before birth."""
        days = self.daily.shape[1]
        at = np.broadcast_to(np.arange(days), self.daily.shape)
        born = self.born[:, None]
        known = np.maximum(days - born, 1)
        is_before = (at < born) & (at >= days - REPEATED_DAYS) & (born < days)
        source = np.where(is_before, born + (at - born) % known, at)
        values = np.take_along_axis(self.daily, source, 1)
        return np.ma.MaskedArray(values, np.take_along_axis(self.is_censored, source, 1))


def read_demand(asked: Lines, moved: Lines, free: Ints, days: int) -> Demand:
    """Return the demand of the closed days of rows.

    `asked` are order lines of days below `days`; `moved` changes of the stock outside quarantine,
    of days up to and with `days`, which is today; `free` what lies there now, shape (n,).
    """
    rows = len(free)
    is_bulk = split_bulk(asked, rows)
    bulk = asked.only(is_bulk)
    daily = asked.only(~is_bulk).matrix(rows, days)
    changes = moved.matrix(rows, days + 1)
    has_moved = np.zeros(changes.shape, dtype=np.bool_)
    has_moved[moved.row, moved.day] = True
    # Back from what lies there now: what lay there when each day began.
    opening = free[:, None] - changes[:, ::-1].cumsum(1)[:, ::-1]
    was_asked = np.zeros(changes.shape, dtype=np.bool_)
    was_asked[asked.row, asked.day] = True
    born = np.where(opening[:, 0] > 0, 0, _first(has_moved | was_asked, days))
    # Before its first move a SKU was not out of stock: its demand comes from a past without moves.
    is_stocked = np.arange(days + 1) >= _first(has_moved, days + 1)[:, None]
    is_censored = is_stocked & (opening <= 0) & ~has_moved
    return Demand(
        daily,
        is_censored[:, :days],
        born,
        np.bincount(bulk.row, minlength=rows),
        np.bincount(bulk.row, bulk.units, minlength=rows).astype(np.int64),
    )


def _first(marks: NDArray[np.bool_], none: int) -> Ints:
    return np.where(marks.any(1), marks.argmax(1), none)


def split_bulk(lines: Lines, rows: int) -> NDArray[np.bool_]:
    """Say of each line whether it is bulk: more than 36 units and ten times its row's median."""
    is_large = lines.units > BULK_UNITS
    suspects = np.unique(lines.row[is_large])
    if not len(suspects):
        return is_large
    among = np.isin(lines.row, suspects)
    units, row = lines.units[among], lines.row[among]
    order = np.lexsort((units, row))
    units, row = units[order], row[order]
    start, end = np.searchsorted(row, suspects), np.searchsorted(row, suspects, side="right")
    median = (units[(start + end - 1) // 2] + units[(start + end) // 2]) / 2
    limit = np.full(rows, float(BULK_UNITS))
    limit[suspects] = np.maximum(BULK_UNITS, BULK_MEDIANS * median)
    return lines.units > limit[lines.row]
