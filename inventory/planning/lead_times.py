"""Lead times: what was observed, filled up with what was offered, and who is planned together."""

import numpy as np
from numpy.typing import NDArray

from inventory.planning.reorder_point import REVIEW_DAYS
from inventory.planning.spread import LEAD_TIMES

ENOUGH = 10  # receipts that speak for themselves
# Lead times are told apart so finely only, lest every supplier stand alone.
STEPS = np.array([*range(1, 8), 8, 10, 12, 14, 17, 21, 25, 30, 36, 45, 60, 90, 120])

Profile = tuple[int, ...]


def lead_times(observed: NDArray, offered: int) -> NDArray[np.int64]:
    """Return the lead times to plan with, days from the close of the day before ordering.

    Fewer than ten observed ones are filled up with the offered one.
    """
    missing = max(ENOUGH - len(observed), 0)
    offers = np.full(missing, offered + REVIEW_DAYS, dtype=np.int64)
    return np.sort(np.concatenate([np.asarray(observed, dtype=np.int64), offers]))


def profile(sample: NDArray) -> Profile:
    """Return a few quantiles of lead times, coarsened: those with the same are planned together."""
    shares = (np.arange(LEAD_TIMES) + 0.5) / LEAD_TIMES
    chosen = np.quantile(sample, shares, method="inverted_cdf")
    nearest = np.abs(STEPS[:, None] - chosen[None, :]).argmin(0)
    return tuple(int(day) for day in STEPS[nearest])
