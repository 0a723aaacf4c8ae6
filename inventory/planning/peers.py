"""The rules that other systems use, to be replayed beside ours."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from inventory.planning.replay import Floats, Panel, Policy

WINDOW_DAYS = 90
RESET_DAYS = 30


class MinMax:
    """Min = daily mean × lead time × factor, max = min + `cover_days` of mean demand.

    The mean of the last 90 days is taken once (`reset_days` None) or every so many days: what
    Odoo and ERPNext reckon from sales, and what their users then type in anew.
    """

    def __init__(
        self,
        panel: Panel,
        factors: NDArray,
        *,
        cover_days: float,
        reset_days: int | None = RESET_DAYS,
    ) -> None:
        self._total = np.cumsum(panel.demand, 1)
        self._lead = float(panel.lead_days.mean())
        self._factors = np.asarray(factors, dtype=np.float64)[:, None]
        self._cover = cover_days
        self._reset = reset_days
        self._set_on: int | None = None
        self._kept: tuple[Floats, Floats] = (np.zeros(0), np.zeros(0))

    def __call__(self, day: int) -> tuple[Floats, Floats]:
        is_due = self._reset is not None and day - (self._set_on or 0) >= self._reset
        if self._set_on is None or is_due:
            mean = _mean(self._total, day)
            least = self._factors * mean * self._lead
            self._kept = (least, np.broadcast_to(np.maximum(1, mean * self._cover), least.shape))
            self._set_on = day
        return self._kept


def textbook(panel: Panel, service_levels: NDArray, *, cover_days: float) -> Policy:
    """Return mean · P + z · sd · √P with P = mean lead time + 1 day, from the last 90 days."""
    lead = float(panel.lead_days.mean()) + 1
    z = np.array([NormalDist().inv_cdf(float(level)) for level in service_levels])[:, None]
    total = np.cumsum(panel.demand, 1)

    def policy(day: int) -> tuple[Floats, Floats]:
        mean = _mean(total, day)
        deviation = panel.demand[:, max(0, day + 1 - WINDOW_DAYS) : day + 1].std(1)
        points = mean * lead + z * deviation * np.sqrt(lead)
        return points, np.broadcast_to(np.maximum(1, mean * cover_days), points.shape)

    return policy


def _mean(total: NDArray, day: int) -> Floats:
    start = day - WINDOW_DAYS
    before = total[:, start] if start >= 0 else 0
    return (total[:, day] - before) / min(WINDOW_DAYS, day + 1)
