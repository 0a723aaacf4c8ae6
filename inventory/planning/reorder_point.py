"""The textbook reorder point for many SKUs at once: arrays in, arrays out, no database.

Source of the formulas: Silver, Pyke and Thomas, Inventory and Production Management in Supply
Chains, 4th ed., ch. 6 (reorder point with normally distributed demand over the protection
interval).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REVIEW_DAYS = 1
# Demand is measured over this many days at least, so that one good day is no trend.
SHORTEST_HISTORY = 14


@dataclass(frozen=True, slots=True)
class Demand:
    """Mean and standard deviation of daily demand, units per day, shape (n,).

    `units` is their sum over the observed days, `days` the days that it was divided by.
    """

    units: Ints
    days: Ints
    mean: Floats
    deviation: Floats


@dataclass(frozen=True, slots=True)
class Textbook:
    """The reorder points of n SKUs and what they are made of, units, each of shape (n,)."""

    z: Floats
    protection_days: Floats
    lead_demand: Floats
    safety_stock: Floats

    @property
    def reorder_point(self) -> Floats:
        return self.lead_demand + self.safety_stock


@dataclass(frozen=True, slots=True)
class Orders:
    """What to order for n SKUs, whole units, each of shape (n,)."""

    reorder_point: Ints
    order_up_to: Ints
    proposed: Ints


def measure_demand(daily: NDArray, is_observed: NDArray) -> Demand:
    """Return mean and sample standard deviation (n − 1) over each row's observed days.

    `daily` is units per day, shape (n, window). Days that were not observed are left out: those
    before a SKU existed, and those without stock, whose demand is censored. Where fewer than 14
    are left, the missing ones count as days without demand.
    """
    values = np.where(is_observed, np.asarray(daily, dtype=np.int64), 0)
    observed = np.asarray(is_observed).sum(axis=1)
    days = np.maximum(observed, SHORTEST_HISTORY)
    units = values.sum(axis=1)
    mean = units / days
    squares = np.where(is_observed, (values - mean[:, None]) ** 2, 0).sum(axis=1)
    squares += (days - observed) * mean**2
    return Demand(units, days, mean, np.sqrt(squares / (days - 1)))


def z_values(service_levels: NDArray) -> Floats:
    """Return the standard normal quantile of each cycle service level in [0.5, 1), shape (n,)."""
    levels, where = np.unique(np.asarray(service_levels, dtype=np.float64), return_inverse=True)
    return np.array([NormalDist().inv_cdf(float(level)) for level in levels])[where]


def whole_up(values: Floats) -> Ints:
    """Round units up to whole ones; a millionth above a whole number is noise of the division."""
    return np.ceil(np.round(values, 6)).astype(np.int64)


def round_to_packs(quantity: NDArray, *, minimum: NDArray, pack: NDArray) -> Ints:
    """Raise positive quantities to the minimum and then to whole packs; zero stays zero."""
    wanted = np.asarray(quantity, dtype=np.int64)
    packs = np.asarray(pack, dtype=np.int64)
    raised = np.maximum(wanted, np.asarray(minimum, dtype=np.int64))
    return np.where(wanted > 0, -(-raised // packs) * packs, 0)


def textbook(demand: Demand, *, lead_time_days: NDArray, service_level: NDArray) -> Textbook:
    """Return mean · P + z · sd · √P with P = lead time + one day of review, for n SKUs."""
    z = z_values(service_level)
    protection = np.asarray(lead_time_days, dtype=np.float64) + REVIEW_DAYS
    safety = z * demand.deviation * np.sqrt(protection)
    return Textbook(z, protection, demand.mean * protection, safety)


def cover(mean: NDArray, days: NDArray) -> Floats:
    """Return an order quantity that covers so many days of mean demand, at least 1 unit."""
    return np.maximum(np.asarray(mean, dtype=np.float64) * days, 1.0)


def to_order(
    position: NDArray,
    reorder_point: NDArray,
    order_quantity: NDArray,
    *,
    minimum: NDArray,
    maximum: NDArray,
    minimum_quantity: NDArray,
    pack_size: NDArray,
) -> Orders:
    """Return what to order for n SKUs; every array has shape (n,).

    Ordered when the position is below the reorder point, up to reorder point + order quantity,
    then raised to minimum order and packs. `minimum` and `maximum` (−1 for none) replace the
    reorder point and the order-up-to level.
    """
    low = np.asarray(minimum, dtype=np.int64)
    high = np.asarray(maximum, dtype=np.int64)
    point = np.where(low >= 0, low, whole_up(reorder_point))
    level = whole_up(np.where(low >= 0, low, reorder_point) + order_quantity)
    target = np.where(high >= 0, np.maximum(high, point), level)
    at = np.asarray(position, dtype=np.int64)
    missing = np.where(at < point, target - at, 0)
    return Orders(point, target, round_to_packs(missing, minimum=minimum_quantity, pack=pack_size))
