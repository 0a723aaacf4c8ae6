import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.planning.reorder_point import (
    cover,
    measure_demand,
    round_to_packs,
    textbook,
    to_order,
    z_values,
)


def planned(daily, *, lead_time_days=8, service_level=0.975, rhythm_days=14, **changes):
    daily = np.atleast_2d(daily)
    n = len(daily)
    figures = {
        "position": 0,
        "minimum_quantity": 1,
        "pack_size": 1,
        "minimum": -1,
        "maximum": -1,
    } | changes
    demand = measure_demand(daily, np.full(daily.shape, True))
    book = textbook(
        demand,
        lead_time_days=np.full(n, lead_time_days),
        service_level=np.full(n, service_level),
    )
    arrays = {name: np.full(n, value) for name, value in figures.items()}
    return to_order(
        arrays.pop("position"), book.reorder_point, cover(demand.mean, rhythm_days), **arrays
    )


def test_demand_is_mean_and_sample_deviation_of_the_observed_days():
    # Sixteen days of 3 and 5 in turn: mean 4, sd = sqrt(16 / 15). What waited while nothing was
    # there, 100 units, is left out with its days.
    daily = np.array([[3, 5] * 8 + [0, 100]])
    demand = measure_demand(daily, np.array([[True] * 16 + [False] * 2]))

    assert (demand.units.tolist(), demand.days.tolist()) == ([64], [16])
    assert demand.mean.tolist() == [4.0]
    assert demand.deviation == pytest.approx([math.sqrt(16 / 15)])


def test_few_days_of_demand_are_no_trend():
    # Seven days of 8 over fourteen: mean 4, sd = sqrt(14 · 16 / 13).
    observed = np.array([[False] * 7 + [True] * 7, [False] * 14])
    demand = measure_demand(np.array([[9] * 7 + [8] * 7, [9] * 14]), observed)

    assert (demand.units.tolist(), demand.days.tolist()) == ([56, 0], [14, 14])
    assert demand.mean.tolist() == [4.0, 0.0]
    assert demand.deviation == pytest.approx([math.sqrt(14 * 16 / 13), 0])


def test_z_is_the_normal_quantile():
    assert z_values(np.array([0.5, 0.975, 0.5])) == pytest.approx([0, 1.959964, 0], abs=1e-6)


def test_the_textbook_point_of_a_sku_reckoned_by_hand():
    # Twenty days of 8 and 12 in turn: mean 10, sd = sqrt(20 · 4 / 19) = 2.051957.
    # Protection 8 + 1 = 9 days: 90 units, safety 1.959964 · 2.051957 · 3 = 12.0653.
    daily = np.atleast_2d([8, 12] * 10)
    demand = measure_demand(daily, np.full(daily.shape, True))
    book = textbook(demand, lead_time_days=np.array([8]), service_level=np.array([0.975]))

    assert book.lead_demand.tolist() == [90.0]
    assert book.safety_stock == pytest.approx([12.0653], abs=1e-4)
    # Fourteen days of cover on top: 102.07 + 140 → 243.
    got = planned(daily[0], position=50)
    assert got.reorder_point.tolist() == [103]
    assert got.order_up_to.tolist() == [243]
    assert got.proposed.tolist() == [193]


def test_nothing_is_ordered_at_the_reorder_point():
    assert planned([8, 12] * 10, position=103).proposed.tolist() == [0]
    assert planned([8, 12] * 10, position=102).proposed.tolist() == [141]


def test_steady_demand_needs_no_safety():
    assert planned([4] * 20).reorder_point.tolist() == [36]


def test_no_demand_orders_nothing():
    got = planned([0] * 20)

    assert got.reorder_point.tolist() == [0]
    assert got.proposed.tolist() == [0]


def test_minimum_order_and_packs():
    got = round_to_packs(
        np.array([0, 1, 13, 24]), minimum=np.array([10, 10, 10, 10]), pack=np.array([12] * 4)
    )

    assert got.tolist() == [0, 12, 24, 24]


def test_minimum_and_maximum_replace_what_is_reckoned():
    got = planned([8, 12] * 10, position=19, minimum=20, maximum=35)

    assert got.reorder_point.tolist() == [20]
    assert got.order_up_to.tolist() == [35]
    assert got.proposed.tolist() == [16]


def test_a_maximum_below_the_reorder_point_fills_to_the_reorder_point():
    got = planned([8, 12] * 10, position=100, maximum=50)

    assert got.order_up_to.tolist() == [103]
    assert got.proposed.tolist() == [3]


@given(
    st.lists(st.integers(0, 50), min_size=14, max_size=90),
    st.integers(0, 60),
    st.floats(0.5, 0.999),
    st.integers(-50, 500),
    st.integers(1, 40),
    st.integers(1, 24),
)
def test_an_order_always_lifts_the_position_to_its_level(
    daily, lead, level, position, minimum, pack
):
    got = planned(
        daily,
        position=position,
        lead_time_days=lead,
        service_level=level,
        minimum_quantity=minimum,
        pack_size=pack,
    )
    point, target, units = (int(x[0]) for x in (got.reorder_point, got.order_up_to, got.proposed))
    if position >= point:
        assert units == 0
    else:
        assert units >= target - position
        assert units >= minimum
        assert units % pack == 0
        assert units < max(target - position, minimum) + pack
