"""Reorder points and order quantities from own and pooled demand, for many SKUs at once.

The level of each SKU follows its recent windows; how far demand strays from it is read off the
SKU's own past and, scaled, off every SKU's; one knob, the days of holding that one day's shortage
is worth, sets how much safety each may carry; the order quantity spends a budget of order lines
where they save most stock. Sources: split conformal prediction (Vovk et al. 2005) for the pooled
quantiles; Silver, Pyke and Thomas (4th ed.) ch. 4 and 6 for order quantity and marginal service;
Cox, Renewal Theory (1962), for the overshoot of a lumpy demand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.planning.history import DemandHistory
from inventory.planning.rhythm import economic_quantities
from inventory.planning.spread import Spread

Floats = NDArray[np.float64]

REFIT_DAYS = 7
LEAST_SERVICE = 0.02  # a SKU worth less than this is made to order
LONGEST_CYCLE = 400.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to keep: order `ceil(reorder_point + order_quantity − position)` below the point.

    Both are float units of shape (K, n): a row per value of the knob, a column per SKU.
    """

    reorder_point: Floats
    order_quantity: Floats


@dataclass(frozen=True, slots=True)
class Basis:
    """What the last plan rests on, units, each of shape (n,): demand per day, and the standard
    deviation of lead-time demand."""

    level: Floats
    spread: Floats


class HybridPlanner:
    """Plan many SKUs together, night after night.

    `unit_value` is the value of one unit per SKU in one currency, shape (n,); `lead_times` are
    observed lead times in days; an order placed at the close of day t with lead time L is on the
    shelf at the start of day t + L. `order_rhythm_days` sets the budget of order lines: as many as
    orders that each cover so many days of mean demand would make.
    """

    def __init__(
        self, unit_value: NDArray, lead_times: NDArray, order_rhythm_days: float = 14.0
    ) -> None:
        self.unit_value = np.asarray(unit_value, dtype=np.float64)
        self.lead_times = np.sort(np.asarray(lead_times, dtype=np.int64))
        self.order_rhythm_days = float(order_rhythm_days)
        _check(self.unit_value, self.lead_times, self.order_rhythm_days)
        self._history = DemandHistory(self.unit_value)
        self._seen = (0, 0.0)  # days and units
        self._fitted: int | None = None
        self._multiplier: float | None = None

    def plan(self, demand: NDArray, penalty_days: NDArray) -> Plan:
        """Return the plan for the morning after the last day of `demand`.

        `demand` is units per SKU and day, shape (n, days), whole and not negative, masked where a
        SKU was out of stock; `penalty_days` the knob's values, shape (K,): how many days of
        holding a unit is worth not to miss its sale. Later calls may pass the same days and more.
        """
        knob = np.atleast_1d(np.asarray(penalty_days, dtype=np.float64))
        self._take(demand)
        day = self._history.days - 1
        if self._fitted is None or day - self._fitted >= REFIT_DAYS:
            self._spread = Spread.fit(self._history, self.lead_times)
            self._lump = self._history.lump(day)
            self._multiplier = None
            self._fitted = day
        level = self._history.level(day)
        quantity, self._multiplier = economic_quantities(
            self._history, level, self._lump, self.order_rhythm_days, self._multiplier
        )
        cycle = np.minimum((quantity + self._lump) / np.maximum(level, 1e-4), LONGEST_CYCLE)
        service = 1 - cycle / np.maximum(knob, 1e-9)[:, None]
        point = self._spread.reorder_points(level, service)
        point = np.where(service <= LEAST_SERVICE, 0.0, np.maximum(point, 0.0))
        return Plan(point, np.broadcast_to(quantity, point.shape).copy())

    def basis(self) -> Basis:
        """Return what the last plan rests on."""
        level = self._history.level(self._history.days - 1)
        return Basis(level, self._spread.scale(level * self._spread.lead_time))

    def _take(self, demand: NDArray) -> None:
        shape = np.shape(demand)
        if len(shape) != 2 or shape[0] != len(self.unit_value) or shape[1] < 1:
            raise ValueError(
                f"demand has shape {shape}; it needs one row for each of the "
                f"{len(self.unit_value)} SKUs and at least one day"
            )
        known = self._history.days
        prefix = np.ma.getdata(demand)[:, :known]
        if known and (shape[1] < known or self._seen != (known, float(prefix.sum()))):
            self._forget()
        self._history.extend(demand)
        self._seen = (shape[1], float(np.ma.getdata(demand).sum()))

    def _forget(self) -> None:
        self._history = DemandHistory(self.unit_value)
        self._seen = (0, 0.0)
        self._fitted = self._multiplier = None


def _check(unit_value: Floats, lead_times: NDArray, rhythm: float) -> None:
    if unit_value.ndim != 1 or not np.all(np.isfinite(unit_value)) or (unit_value < 0).any():
        raise ValueError("unit_value must be one number of at least 0 for each SKU")
    if lead_times.ndim != 1 or not len(lead_times) or lead_times.min() < 1:
        raise ValueError("lead_times must hold at least one observed lead time of 1 day or more")
    if not rhythm > 0:
        raise ValueError("order_rhythm_days must be more than 0")
