import numpy as np
import pytest

from inventory.planning import HybridPlanner
from inventory.planning.assortment import Assortment, Rule, plan_assortment
from inventory.planning.calibration import NO_CURVE, FillCurve, Group, fill_curve
from inventory.planning.demand import Demand
from inventory.planning.knob import PENALTY_DAYS, usual_penalty_days
from inventory.planning.lead_times import lead_times, profile

DAYS = 400


def demand(daily, born=None):
    n, days = daily.shape
    return Demand(
        daily,
        np.zeros(daily.shape, dtype=bool),
        np.zeros(n, dtype=np.int64) if born is None else np.array(born),
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
    )


def assortment(past, **changes):
    n = len(past.daily)
    five = np.full(10, 5)
    given = {
        "unit_value": np.ones(n),
        "lead_times": [five] * n,
        "fill": np.full(n, 0.95),
        "rhythm": np.full(n, 14.0),
        "family": np.zeros(n, dtype=np.int64),
        "is_new": np.zeros(n, dtype=bool),
        "is_textbook": np.zeros(n, dtype=bool),
        "is_manual": np.zeros(n, dtype=bool),
    } | changes
    return Assortment(past, **given)


@pytest.fixture
def sales():
    draw = np.random.default_rng(5)
    return draw.poisson(draw.uniform(0.5, 4, (30, 1)), (30, DAYS))


def test_old_skus_are_planned_as_the_planner_does(sales):
    got = plan_assortment(assortment(demand(sales)), NO_CURVE)

    planner = HybridPlanner(np.ones(30), np.full(10, 5), 14.0)
    plan = planner.plan(sales, np.array([usual_penalty_days(0.95)]))
    assert got.rule.tolist() == [Rule.HYBRID] * 30
    assert got.point == pytest.approx(plan.reorder_point[0])
    assert got.quantity == pytest.approx(plan.order_quantity[0])
    assert got.level == pytest.approx(planner.basis().level)


def test_each_sku_is_planned_for_the_fill_that_it_is_asked(sales):
    twice = np.concatenate([sales, sales])
    fill = np.repeat([0.9, 0.99], 30)

    got = plan_assortment(assortment(demand(twice), fill=fill), NO_CURVE)

    assert (got.point[30:] > got.point[:30]).all()
    assert np.unique(got.knob).tolist() == pytest.approx(
        [usual_penalty_days(0.9), usual_penalty_days(0.99)]
    )


def test_suppliers_of_other_lead_times_are_planned_apart(sales):
    leads = [np.full(10, 5)] * 15 + [np.full(10, 21)] * 15

    got = plan_assortment(assortment(demand(sales), lead_times=leads), NO_CURVE)

    alone = HybridPlanner(np.ones(15), np.full(10, 21), 14.0)
    plan = alone.plan(sales[15:], np.array([usual_penalty_days(0.95)]))
    assert got.point[15:] == pytest.approx(plan.reorder_point[0])
    assert got.lead_time.tolist() == [5.0] * 15 + [21.0] * 15


def test_a_young_sku_begins_as_its_category_does(sales):
    born = np.zeros(32, dtype=np.int64)
    born[30], born[31] = DAYS - 14, DAYS
    past = np.concatenate([sales, np.zeros((2, DAYS), dtype=np.int64)])
    past[30, -14:] = 3
    is_new = np.arange(32) == 31

    got = plan_assortment(assortment(demand(past, born), is_new=is_new), NO_CURVE)

    mean = got.level[:30].mean()
    assert got.rule[30:].tolist() == [Rule.COLD_START] * 2
    # 42 units of 14 days, weighed against 28 days of the category.
    assert got.level[30] == pytest.approx((42 + 28 * mean) / 42)
    assert got.level[31] == pytest.approx(mean)
    cover = got.point[:30].sum() / got.level[:30].sum()
    assert got.point[30:] == pytest.approx(got.level[30:] * cover)


def test_without_a_category_a_young_sku_falls_back(sales):
    born = np.array([DAYS - 14, DAYS, DAYS])
    family = np.array([-1, -1, 0])
    past = demand(sales[:3] * 0, born)
    past.daily[0, -14:] = 2

    got = plan_assortment(
        assortment(past, family=family, is_new=np.array([True, True, True])), NO_CURVE
    )

    assert got.rule.tolist() == [Rule.TEXTBOOK, Rule.NONE, Rule.NONE]
    assert got.point.tolist() == [10.0, 0.0, 0.0]  # 2 a day for 5 days, no spread


def test_what_nobody_asked_for_in_two_years_is_not_begun_again(sales):
    past = np.concatenate([sales, np.zeros((1, DAYS), dtype=np.int64)])
    born = np.zeros(31, dtype=np.int64)
    born[30] = DAYS

    got = plan_assortment(assortment(demand(past, born)), NO_CURVE)

    assert (got.rule[30], got.point[30]) == (Rule.NONE, 0)


def test_the_policy_s_word_stands_before_all(sales):
    manual = np.arange(30) == 0
    textbook = np.arange(30) == 1

    got = plan_assortment(
        assortment(demand(sales), is_manual=manual, is_textbook=textbook), NO_CURVE
    )

    assert got.rule[:3].tolist() == [Rule.MANUAL, Rule.TEXTBOOK, Rule.HYBRID]
    assert got.quantity[0] == pytest.approx(sales[0, -90:].mean() * 14)


def test_the_fill_curve_rises_and_its_knob_meets_what_is_asked(sales):
    group = Group(np.ma.MaskedArray(sales), np.ones(30), np.arange(3, 8), 14.0)

    curve = fill_curve([group])

    assert (curve.days, curve.rows) == (180, 30)
    assert curve.fill[-1] > 0.99 > 0.95 > curve.fill[0]
    assert (np.diff(curve.inventory) > 0).all()
    # Replayed for 180 days, as much as the usual value weighs: half way between both.
    met = np.exp(np.interp(0.97, curve.fill, np.log(PENALTY_DAYS)))
    assert curve.knob(0.97) == pytest.approx(np.sqrt(met * usual_penalty_days(0.97)))
    assert curve.delivered(0.97) == pytest.approx(
        np.interp(np.log(curve.knob(0.97)), np.log(PENALTY_DAYS), curve.fill)
    )
    assert fill_curve([group, group]).fill == pytest.approx(curve.fill)


def test_a_short_past_says_nothing(sales):
    group = Group(np.ma.MaskedArray(sales[:, :55]), np.ones(30), np.arange(3, 8), 14.0)

    assert fill_curve([group]) is fill_curve([]) is NO_CURVE
    assert NO_CURVE.delivered(0.98) is None
    assert NO_CURVE.knob(0.98) == pytest.approx(3.4 * 0.02**-1.3)


def test_few_receipts_are_filled_up_with_the_offer():
    assert lead_times(np.array([4, 20]), 7).tolist() == [4, *[8] * 8, 20]
    assert lead_times(np.arange(1, 11), 7).tolist() == list(range(1, 11))


def test_profiles_tell_lead_times_apart_only_coarsely():
    assert profile(np.full(10, 5)) == (5, 5, 5, 5)
    assert profile(np.array([20, 22])) == profile(np.array([21, 21])) == (21, 21, 21, 21)
    assert profile(np.array([5] * 5 + [40] * 5)) == (5, 5, 36, 36)


def test_a_curve_is_what_the_replay_delivered_at_its_knob():
    curve = FillCurve(
        np.linspace(0.8, 1, len(PENALTY_DAYS)), PENALTY_DAYS * 0, PENALTY_DAYS * 0, 180, 1
    )

    assert curve.delivered(0.9) == pytest.approx(
        np.interp(np.log(curve.knob(0.9)), np.log(PENALTY_DAYS), curve.fill)
    )
