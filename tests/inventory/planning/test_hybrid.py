"""The hybrid planner: what it promises whatever the demand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.planning import HybridPlanner
from inventory.planning.history import DemandHistory

LEAD_TIMES = np.array([5, 6, 7, 8, 9, 10])
KNOB = np.array([50.0, 200.0, 800.0])


def lumpy(skus: int, days: int, seed: int = 1) -> np.ndarray:
    """Return demand on about a quarter of the days, a few units each."""
    draw = np.random.default_rng(seed)
    sold = draw.random((skus, days)) < draw.uniform(0.05, 0.6, (skus, 1))
    return sold * draw.integers(1, 12, (skus, days))


def test_plan_has_a_row_for_each_value_of_the_knob_and_dearer_shortage_keeps_more() -> None:
    planner = HybridPlanner(np.linspace(1, 50, 40), LEAD_TIMES)
    plan = planner.plan(lumpy(40, 300), KNOB)
    assert plan.reorder_point.shape == plan.order_quantity.shape == (3, 40)
    assert (np.diff(plan.reorder_point, axis=0) >= 0).all()
    assert plan.reorder_point[2].sum() > plan.reorder_point[0].sum()
    assert (plan.order_quantity >= 1).all()


def test_nights_that_reuse_a_fit_end_where_a_fresh_planner_ends() -> None:
    demand, value = lumpy(30, 260), np.full(30, 4.0)
    nightly = HybridPlanner(value, LEAD_TIMES)
    for day in range(239, 261, 1):
        last = nightly.plan(demand[:, :day], KNOB)
    assert (260 - 239) % 7 == 0  # a night that fits anew
    fresh = HybridPlanner(value, LEAD_TIMES).plan(demand, KNOB)
    assert np.array_equal(last.reorder_point, fresh.reorder_point)
    assert np.array_equal(last.order_quantity, fresh.order_quantity)


def test_another_past_is_not_taken_for_the_one_that_was_fitted() -> None:
    value = np.full(30, 4.0)
    planner = HybridPlanner(value, LEAD_TIMES)
    planner.plan(lumpy(30, 200), KNOB)
    other = lumpy(30, 203, seed=2)
    fresh = HybridPlanner(value, LEAD_TIMES).plan(other, KNOB)
    assert np.array_equal(planner.plan(other, KNOB).reorder_point, fresh.reorder_point)
    shorter = other[:, :150]
    fresh = HybridPlanner(value, LEAD_TIMES).plan(shorter, KNOB)
    assert np.array_equal(planner.plan(shorter, KNOB).reorder_point, fresh.reorder_point)


def test_days_out_of_stock_are_not_taken_for_days_without_demand() -> None:
    demand = np.full((20, 200), 5)
    demand[:, 150:] = 0
    empty = np.zeros(demand.shape, dtype=bool)
    empty[:, 150:] = True
    value = np.ones(20)
    blind = HybridPlanner(value, LEAD_TIMES).plan(demand, KNOB)
    aware = HybridPlanner(value, LEAD_TIMES).plan(np.ma.masked_array(demand, empty), KNOB)
    assert (blind.reorder_point[1] < 25).all()
    # Five a day for about seven and a half days.
    assert aware.reorder_point[1] == pytest.approx(np.full(20, 37.5), abs=13)


def test_more_was_sold_on_a_censored_day_than_expected() -> None:
    history = DemandHistory(np.ones(1))
    values = np.ma.masked_array([[2] * 28 + [9, 0]], [[False] * 28 + [True, True]])
    history.extend(values)
    assert history.daily[0, 28] == 9
    assert history.daily[0, 29] == pytest.approx(2 + 0.035 * 7)


def test_dear_and_cheap_share_the_budget_of_order_lines() -> None:
    demand = np.tile(lumpy(1, 300), (20, 1))
    value = np.array([1.0] * 10 + [100.0] * 10)
    quantity = HybridPlanner(value, LEAD_TIMES).plan(demand, KNOB).order_quantity[0]
    assert quantity[:10].min() > 2 * quantity[10:].max()


def test_a_longer_rhythm_orders_more_at_once() -> None:
    demand, value = lumpy(50, 300), np.full(50, 3.0)
    short = HybridPlanner(value, LEAD_TIMES, 7.0).plan(demand, KNOB).order_quantity
    long = (
        HybridPlanner(value, LEAD_TIMES, order_rhythm_days=28.0).plan(demand, KNOB).order_quantity
    )
    assert long.sum() > 2 * short.sum()


@settings(max_examples=40, deadline=None)
@given(
    skus=st.integers(1, 5),
    days=st.integers(1, 130),
    lead=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
    quiet=st.booleans(),
)
def test_any_history_gives_finite_numbers(
    skus: int, days: int, lead: list[int], seed: int, quiet: bool
) -> None:
    demand = np.zeros((skus, days), dtype=int) if quiet else lumpy(skus, days, seed)
    value = np.linspace(0, 9, skus)
    plan = HybridPlanner(value, np.array(lead)).plan(demand, KNOB)
    assert np.isfinite(plan.reorder_point).all()
    assert np.isfinite(plan.order_quantity).all()
    assert (plan.reorder_point >= 0).all()
    assert (plan.order_quantity >= 1).all()


@pytest.mark.parametrize(
    ("value", "lead", "rhythm", "says"),
    [
        ([-1.0], [5], 14.0, "unit_value"),
        ([float("nan")], [5], 14.0, "unit_value"),
        ([1.0], [], 14.0, "lead_times"),
        ([1.0], [0], 14.0, "lead_times"),
        ([1.0], [5], 0.0, "order_rhythm_days"),
    ],
)
def test_bad_settings_say_which(
    value: list[float], lead: list[int], rhythm: float, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        HybridPlanner(np.array(value), np.array(lead), rhythm)


@pytest.mark.parametrize("shape", [(2, 30), (3, 0), (3,)])
def test_demand_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="needs one row for each of the 3 SKUs"):
        HybridPlanner(np.ones(3), LEAD_TIMES).plan(np.zeros(shape, dtype=int), KNOB)
