"""The textbook reorder point for many SKUs at once: arrays in, arrays out, no database.

Source of the formulas: Silver, Pyke and Thomas, Inventory and Production Management in Supply
Chains, 4th ed., ch. 4 (economic order quantity, after Harris 1913) and ch. 6 (reorder point with
normally distributed demand over the protection interval).
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_A_YEAR = 365
REVIEW_DAYS = 1
# Demand is measured over this many days at least, so that one good day is no trend.
SHORTEST_HISTORY = 14
# Days of demand that one order covers at least and at most, whatever the economics say.
SHORTEST_COVER = 3
LONGEST_COVER = 60


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
class Plan:
    """The plan of n SKUs, each array of shape (n,); whole units unless said otherwise."""

    z: Floats
    protection_days: Floats
    lead_demand: Floats  # units, not rounded
    safety_stock: Floats  # units, not rounded
    reorder_point: Ints
    order_quantity: Ints
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


def economic_quantity(
    mean: Floats,
    *,
    order_cost: NDArray,
    unit_cost: NDArray,
    holding_rate: NDArray,
    rhythm_days: NDArray,
) -> Ints:
    """Return the order quantity with the least cost of ordering and holding, whole units up.

    Q = sqrt(2 · K · 365 · mean / (h · c)) with K the cost of an order line and c the unit cost in
    one currency, h the holding cost per year as a share of c. Where K or c is 0 the quantity
    covers `rhythm_days`. Bounded to 3–60 days of demand; at least 1.
    """
    order = np.asarray(order_cost, dtype=np.float64)
    unit = np.asarray(unit_cost, dtype=np.float64)
    rate = np.asarray(holding_rate, dtype=np.float64)
    is_known = (order > 0) & (unit > 0)
    holding = np.where(is_known, rate * unit, 1.0)
    economic = np.sqrt(2 * order * DAYS_A_YEAR * mean / holding)
    wanted = np.where(is_known, economic, mean * np.asarray(rhythm_days, dtype=np.float64))
    bounded = np.clip(wanted, mean * SHORTEST_COVER, mean * LONGEST_COVER)
    return np.maximum(whole_up(bounded), 1)


def round_to_packs(quantity: NDArray, *, minimum: NDArray, pack: NDArray) -> Ints:
    """Raise positive quantities to the minimum and then to whole packs; zero stays zero."""
    wanted = np.asarray(quantity, dtype=np.int64)
    packs = np.asarray(pack, dtype=np.int64)
    raised = np.maximum(wanted, np.asarray(minimum, dtype=np.int64))
    return np.where(wanted > 0, -(-raised // packs) * packs, 0)


def plan(
    demand: Demand,
    *,
    position: NDArray,
    lead_time_days: NDArray,
    service_level: NDArray,
    order_cost: NDArray,
    unit_cost: NDArray,
    holding_rate: NDArray,
    rhythm_days: NDArray,
    minimum_quantity: NDArray,
    pack_size: NDArray,
    minimum: NDArray,
    maximum: NDArray,
) -> Plan:
    """Return what to order for n SKUs; every array has shape (n,).

    Protection interval = lead time + one day of review. Reorder point = mean · P + z · sd · √P,
    rounded up. Ordered when the position is below the reorder point, up to reorder point + economic
    quantity, then raised to minimum order and packs. `minimum` and `maximum` (−1 for none) replace
    the reorder point and the order-up-to level.
    """
    z = z_values(service_level)
    protection = np.asarray(lead_time_days, dtype=np.float64) + REVIEW_DAYS
    lead_demand = demand.mean * protection
    safety = z * demand.deviation * np.sqrt(protection)
    low = np.asarray(minimum, dtype=np.int64)
    high = np.asarray(maximum, dtype=np.int64)
    point = np.where(low >= 0, low, whole_up(lead_demand + safety))
    quantity = economic_quantity(
        demand.mean,
        order_cost=order_cost,
        unit_cost=unit_cost,
        holding_rate=holding_rate,
        rhythm_days=rhythm_days,
    )
    target = np.where(high >= 0, np.maximum(high, point), point + quantity)
    at = np.asarray(position, dtype=np.int64)
    missing = np.where(at < point, target - at, 0)
    proposed = round_to_packs(missing, minimum=minimum_quantity, pack=pack_size)
    return Plan(z, protection, lead_demand, safety, point, quantity, target, proposed)
