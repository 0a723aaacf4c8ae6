"""Route 2,000 mixed orders: CPU seconds, and how far above the least cost that can be proven.

No routing costs less than the bound, so the best one is at most this far away.
"""

import time

import numpy as np

from orders.routing import WAITS, Problem, cost_of, solve

ORDERS, SKUS, HOUSES = 2_000, 400, 6
# Units in stock for each unit asked for.
PLENTY, SHORT = 2.5, 1.5
TARGETS = {"routing_gap": (None, 0.03), "routing_orders_per_cpu_second": (2_000, None)}


def mixed(seed: int, stock: float) -> Problem:
    """Make orders of one to six lines of SKUs that sell unevenly, over warehouses on a map."""
    draw = np.random.default_rng(seed)
    lines = draw.choice([1, 2, 3, 4, 6], ORDERS, p=[0.45, 0.25, 0.15, 0.1, 0.05])
    order = np.repeat(np.arange(ORDERS), lines)
    popular = draw.zipf(1.3, SKUS).astype(float).clip(1, 60)
    sku = draw.choice(SKUS, len(order), p=popular / popular.sum())
    units = draw.choice([1, 1, 1, 2, 3, 5], len(order))
    asked = np.bincount(sku, units, SKUS)
    share = draw.dirichlet(np.full(HOUSES, 0.5), SKUS)
    there = asked[:, None] * stock * share + draw.uniform(0, 1, (SKUS, HOUSES))
    at, homes = draw.uniform(0, 1000, (HOUSES, 2)), draw.uniform(0, 1000, (ORDERS, 2))
    way = np.linalg.norm(homes[:, None] - at[None], axis=2)
    opening = 3 + 0.004 * way + draw.uniform(0, 1, (1, HOUSES)) + 0.2 * np.ceil(way / 300)
    opening[draw.random((ORDERS, HOUSES)) < 0.05] = np.inf
    whole = draw.random(ORDERS) < 0.5
    waiting = np.full(ORDERS, 25.0)
    return Problem(order, sku, units, np.floor(there).astype(np.int64), opening, waiting, whole)


def measure(problem: Problem) -> tuple[float, float]:
    """Return how far above the bound a routing is, and the CPU seconds that it took."""
    began = time.process_time()
    solution = solve(problem)
    used = time.process_time() - began
    taken = np.zeros_like(problem.stock)
    sent = solution.chosen != WAITS
    np.add.at(taken, (problem.line_sku[sent], solution.chosen[sent]), problem.line_units[sent])
    assert (taken <= problem.stock).all()
    return cost_of(problem, solution.chosen) / solution.bound - 1, used


def run() -> dict[str, float]:
    """Return medians of five shops with plenty of stock, and of five where it is short."""
    plenty = [measure(mixed(seed, PLENTY)) for seed in range(5)]
    short = [measure(mixed(seed, SHORT)) for seed in range(5)]
    results = {
        "routing_gap": round(float(np.median([gap for gap, _ in plenty])), 4),
        "routing_gap_where_short": round(float(np.median([gap for gap, _ in short])), 4),
        "routing_orders_per_cpu_second": round(
            ORDERS / float(np.median([used for _, used in plenty + short]))
        ),
    }
    for name, (least, most) in TARGETS.items():
        is_met = (least is None or results[name] >= least) and (
            most is None or results[name] <= most
        )
        print(f"{'ok' if is_met else 'MISSED':6}  {name} {results[name]}")
    return results
