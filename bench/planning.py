"""Plan 10,000 SKUs for a night: CPU seconds of a first night and of one that follows."""

import resource
from statistics import median

import numpy as np

from inventory.planning import HybridPlanner

SKUS, DAYS, RUNS = 10_000, 730, 5
KNOB = np.geomspace(30, 6000, 14)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run() -> dict[str, float]:
    """Return CPU seconds, medians of five: target at most 5 a night."""
    draw = np.random.default_rng(3)
    sold = draw.random((SKUS, DAYS)) < draw.uniform(0.05, 0.5, (SKUS, 1))
    demand = sold * draw.integers(1, 20, (SKUS, DAYS))
    value = draw.lognormal(1, 1, SKUS)
    first, next_night = [], []
    for _run in range(RUNS):
        planner = HybridPlanner(value, np.arange(5, 11))
        began = _used()
        planner.plan(demand[:, :-1], KNOB)
        middle = _used()
        planner.plan(demand, KNOB)
        first.append(middle - began)
        next_night.append(_used() - middle)
    return {
        "planning_first_night_seconds": round(median(first), 3),
        "planning_next_night_seconds": round(median(next_night), 3),
    }
