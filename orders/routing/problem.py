"""What is to be routed, and what a routing costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
WAITS = -1


@dataclass(frozen=True, slots=True)
class Problem:
    """Orders that share stock; who stands first gets scarce stock first.

    line_order, line_sku, line_units (line): positions of its order and SKU, units wanted.
    stock (sku × warehouse): units that may be promised.
    opening (order × warehouse): what one parcel from there costs the order; inf: never from there.
    waiting (order): what one line that finds no stock costs.
    whole (order): all lines or none, where an order is not to be split over time.
    """

    line_order: Integers
    line_sku: Integers
    line_units: Integers
    stock: Integers
    opening: Floats
    waiting: Floats
    whole: NDArray[np.bool_]


def cost_of(problem: Problem, chosen: Integers) -> float:
    """Return what a routing costs: its parcels and the lines that wait (WAITS)."""
    served = chosen != WAITS
    parcels = np.unique(
        np.stack([problem.line_order[served], chosen[served]], axis=1), axis=0
    ).astype(np.int64)
    opened = problem.opening[parcels[:, 0], parcels[:, 1]].sum()
    return float(opened + problem.waiting[problem.line_order[~served]].sum())
