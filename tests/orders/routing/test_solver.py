"""The solver against every routing there is, on shops small enough to try them all."""

import itertools

import numpy as np
import pytest

from orders.routing import WAITS, Problem, cost_of, route, solve


def shop(seed: int, orders: int, stock: int) -> Problem:
    """Make orders of one or two lines, two SKUs and three warehouses."""
    draw = np.random.default_rng(seed)
    order = np.repeat(np.arange(orders), draw.integers(1, 3, orders))
    opening = draw.uniform(2, 6, (orders, 3))
    opening[draw.random((orders, 3)) < 0.15] = np.inf
    return Problem(
        order,
        draw.integers(0, 2, len(order)),
        draw.integers(1, 3, len(order)),
        draw.integers(0, stock, (2, 3)),
        opening,
        np.full(orders, 30.0),
        draw.random(orders) < 0.5,
    )


def is_allowed(problem: Problem, chosen: np.ndarray) -> bool:
    taken = np.zeros_like(problem.stock)
    sent = chosen != WAITS
    np.add.at(taken, (problem.line_sku[sent], chosen[sent]), problem.line_units[sent])
    split = [
        0 < sent[problem.line_order == n].sum() < (problem.line_order == n).sum()
        for n in np.flatnonzero(problem.whole)
    ]
    # Lines of one SKU in one order go together.
    keys = [tuple(pair) for pair in zip(problem.line_order, problem.line_sku, strict=True)]
    pairs = {(key, int(house)) for key, house in zip(keys, chosen, strict=True)}
    return bool(
        (taken <= problem.stock).all()
        and np.isfinite(problem.opening[problem.line_order[sent], chosen[sent]]).all()
        and not any(split)
        and len(pairs) == len(set(keys))
    )


def least(problem: Problem) -> float:
    lines = len(problem.line_order)
    every = itertools.product([WAITS, 0, 1, 2], repeat=lines)
    return min(
        cost_of(problem, chosen) for chosen in map(np.array, every) if is_allowed(problem, chosen)
    )


@pytest.mark.parametrize(("orders", "stock", "above"), [(1, 4, 0), (3, 12, 0.1), (3, 5, 0.3)])
def test_it_is_allowed_and_near_the_best_of_all_routings(orders, stock, above):
    costs, best = [], []
    for seed in range(30):
        problem = shop(seed, orders, stock)
        solution = solve(problem)
        assert is_allowed(problem, solution.chosen), seed
        best.append(least(problem))
        costs.append(cost_of(problem, solution.chosen))
        assert solution.bound <= best[-1] + 1e-6 <= costs[-1] + 2e-6, seed
    assert sum(costs) <= (1 + above) * sum(best) + 1e-6


def test_nothing_to_route_is_nothing():
    empty = np.empty(0, np.int64)
    nothing = Problem(
        empty, empty, empty, np.zeros((0, 2), np.int64), np.zeros((0, 2)), np.zeros(0), empty == 1
    )

    assert len(route(nothing)) == 0


def test_among_equals_who_stands_first_gets_scarce_stock():
    problem = Problem(
        np.array([0, 1, 2]),
        np.array([0, 0, 0]),
        np.array([1, 1, 1]),
        np.array([[1, 1]]),
        np.full((3, 2), 3.0),
        np.full(3, 50.0),
        np.full(3, True),
    )

    chosen = route(problem).tolist()

    assert (sorted(chosen[:2]), chosen[2]) == ([0, 1], WAITS)
