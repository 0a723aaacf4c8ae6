"""Replays against numbers reckoned by hand, and bounds against brute force."""

from itertools import product

import numpy as np
import pytest

from inventory.planning.bounds import _cheapest, best_fixed, least_inventory
from inventory.planning.knob import Knob, replay_asked
from inventory.planning.peers import MinMax, textbook
from inventory.planning.replay import Outcome, Panel, replay
from tests.inventory.planning.test_hybrid import lumpy


def panel(demand: list[list[int]], *, start: int, lead: int, value: float = 1.0) -> Panel:
    values = np.array(demand)
    return Panel(values, np.full(len(values), value), start, np.full(values.shape, lead))


def test_a_small_replay_is_what_a_clerk_would_write_down() -> None:
    # Keeps 2 + 3 = 5 at first; below 2 it orders up to 5, on the shelf two days later.
    one = panel([[0, 2, 2, 4, 1, 0]], start=1, lead=2, value=10.0)
    outcome = replay(one, lambda _day: (np.array([[2.0]]), np.array([[3.0]])))
    # Day 1: 5 → 3. Day 2: 3 → 1, orders 4. Day 3: sells 1 of 4 → 0. Day 4: 4 → 3. Day 5: 3.
    assert outcome.sold.tolist() == [[2 + 2 + 1 + 1 + 0]]
    assert outcome.fill.tolist() == [6 / 9]
    assert outcome.inventory.tolist() == [(3 + 1 + 0 + 3 + 3) * 10 / 5]
    assert outcome.order_lines.tolist() == [1]


def test_an_order_is_on_the_shelf_lead_time_days_after_the_close_it_was_placed_at() -> None:
    one = panel([[0, 5, 1, 1, 1]], start=1, lead=1)
    outcome = replay(one, lambda _day: (np.array([[1.0]]), np.array([[4.0]])))
    # Sold out on day 1, ordered at its close, there on the morning of day 2.
    assert outcome.fill.tolist() == [1.0]


def test_peers_reckon_from_the_last_ninety_days_and_reset_every_thirty() -> None:
    demand = np.zeros((1, 200), dtype=int)
    demand[0, :90] = 2
    fixed = Panel(demand, np.ones(1), 100, np.full(demand.shape, 5))
    once = MinMax(fixed, np.array([1.5]), cover_days=14, reset_days=None)
    assert [float(x[0, 0]) for x in once(89)] == [2 * 5 * 1.5, 2 * 14]
    assert [float(x[0, 0]) for x in once(150)] == [15.0, 28.0]
    monthly = MinMax(fixed, np.array([1.5]), cover_days=14)
    monthly(89)
    assert float(monthly(118)[0][0, 0]) == 15.0
    assert float(monthly(119)[0][0, 0]) == pytest.approx(15 * 60 / 90)
    points, sizes = textbook(fixed, np.array([0.5]), cover_days=14)(89)
    assert (float(points[0, 0]), float(sizes[0, 0])) == (2 * 6, 28)


def test_the_curve_is_read_between_its_points_and_not_beyond() -> None:
    flat = np.zeros((2, 1))
    curve = Outcome(
        np.array([0.9, 1.0]), np.array([100.0, 400.0]), np.array([10, 20]), flat, flat, flat
    )
    assert curve.at(0.95) == pytest.approx((200.0, 15.0))
    assert curve.at(0.89) is None


def test_the_cheapest_plan_is_what_trying_all_plans_finds() -> None:
    worth = np.array([[3.0, 0.0, 5.0, 2.0, 1.0], [0.0, 4.0, 0.0, 0.0, 6.0]])
    cost, lost = 4.0, 2.0
    total = 0.0
    for row in worth:
        plans = []
        for ordered in product([False, True], repeat=5):
            spent, since = 0.0, None
            for day, asked in enumerate(row):
                if ordered[day]:
                    spent, since = spent + cost, day
                away = lost if since is None else min(day - since, lost)
                spent += away * asked
            plans.append(spent)
        total += min(plans)
    assert _cheapest(worth, cost, lost) == pytest.approx(total)


def test_bounds_lie_below_what_policies_do() -> None:
    demand = lumpy(30, 240)
    drawn = Panel.draw(demand, np.linspace(1, 9, 30), 120, np.arange(5, 11))
    ours = replay_asked(drawn, np.arange(5, 11), fill=0.95, order_rhythm_days=14.0)
    inventory, lines = ours.curve.at(0.95) or (0.0, 0.0)
    assert 0 < least_inventory(drawn, fill=0.95, order_lines=lines) < inventory
    hindsight = best_fixed(drawn).at(0.95)
    assert hindsight is not None
    assert hindsight[0] < inventory
    assert float(ours.delivered.fill[0]) == pytest.approx(0.95, abs=0.02)


def test_the_knob_starts_from_what_usually_meets_a_fill_and_learns() -> None:
    knob = Knob(0.98)
    usual = knob.penalty_days()
    assert usual == pytest.approx(3.4 / 0.02**1.3)
    # What was delivered so far moves the aim to the other side, within bounds.
    assert knob.penalty_days(0.97) > usual > knob.penalty_days(0.99)
    assert knob.penalty_days(0.5) == knob.penalty_days(0.9)
    for _day in range(180):
        knob.watch(np.linspace(0.99, 0.999, 14), 1.0)
    assert knob.penalty_days() < usual
