import numpy as np
import pytest

from inventory.planning.calibration import NO_CURVE
from inventory.planning.comparison import FACTORS
from inventory.planning.knob import PENALTY_DAYS, usual_penalty_days
from inventory.planning.replay import Panel, replay
from inventory.planning.simulation import TooShortError, replay_peers, replay_policies
from tests.inventory.planning.test_assortment import assortment, demand


@pytest.fixture(scope="module")
def sales():
    draw = np.random.default_rng(5)
    return draw.poisson(draw.uniform(0.5, 4, (12, 1)), (12, 200))


def policies(known, minimum=None, maximum=None):
    none = np.full(len(known.unit_value), -1)
    return replay_policies(
        known,
        NO_CURVE,
        none if minimum is None else np.array(minimum),
        none if maximum is None else np.array(maximum),
    )


def test_the_policy_stands_on_its_own_curve(sales):
    got = policies(assortment(demand(sales)))

    assert (got.days, got.rows, len(got.fill)) == (100, 12, len(PENALTY_DAYS) + 1)
    assert got.asked == sales[:, 100:].sum()
    at = np.log(usual_penalty_days(0.95))
    between = np.interp(at, np.log(PENALTY_DAYS), got.inventory[:-1])
    assert got.inventory[-1] == pytest.approx(between, rel=0.1)
    assert got.short_days[0] > got.short_days[-2]


def test_skus_are_asked_each_for_their_own_fill(sales):
    low = policies(assortment(demand(sales), fill=np.full(12, 0.8)))
    high = policies(assortment(demand(sales), fill=np.full(12, 0.99)))
    mixed = policies(assortment(demand(sales), fill=np.repeat([0.8, 0.99], 6)))

    assert low.inventory[-1] < mixed.inventory[-1] < high.inventory[-1]
    assert low.inventory[:-1] == pytest.approx(high.inventory[:-1])


def test_minimum_and_maximum_are_replayed_as_they_are():
    # Two a day, ordered at 12 up to 20, here five days later: position 20 → 18 → … → 10.
    steady = np.full((1, 200), 2)
    known = assortment(demand(steady), is_manual=np.array([True]))

    got = policies(known, [12], [20])

    panel = Panel.draw(steady, np.ones(1), 100, np.full(10, 5))
    fixed = replay(panel, lambda _day: (np.full((1, 1), 12.0), np.full((1, 1), 8.0)))
    assert got.fill.tolist() == pytest.approx([float(fixed.fill[0])] * 15)
    assert got.inventory.tolist() == pytest.approx([float(fixed.inventory[0])] * 15)
    assert got.order_lines.tolist() == [int(fixed.order_lines[0])] * 15


def test_textbook_rows_are_replayed_by_the_textbook(sales):
    is_textbook = np.full(12, True)
    got = policies(assortment(demand(sales), is_textbook=is_textbook))
    hybrid = policies(assortment(demand(sales)))

    assert got.inventory[-1] != hybrid.inventory[-1]
    assert (np.diff(got.fill[:-1]) >= 0).all()


def test_the_peers_stand_at_factor_one(sales):
    got = replay_peers(assortment(demand(sales)))

    assert FACTORS[0] == 1
    assert (got.fill[-1], got.inventory[-1]) == (got.fill[0], got.inventory[0])
    assert len(got.fill) == len(FACTORS) + 1


def test_young_skus_are_left_out(sales):
    born = np.array([0] * 11 + [180])

    assert policies(assortment(demand(sales, born))).rows == 11


def test_too_short_a_past_is_refused(sales):
    with pytest.raises(TooShortError):
        replay_peers(assortment(demand(sales[:, :55])))
    with pytest.raises(TooShortError):
        policies(assortment(demand(sales, np.full(12, 190))))
