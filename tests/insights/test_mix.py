"""The effects of parts sum to the change of the mean, whatever comes and goes."""

import random
import statistics

import pytest

from backoffice.insights.selectors.mix import Effect, Stat, effects


def stat(values: list[float]) -> Stat:
    return Stat(len(values), statistics.fmean(values)) if values else Stat()


def test_a_part_that_slowed_down_and_one_that_grew():
    before = {"fast": stat([1.0, 1.0]), "slow": stat([5.0, 5.0])}
    after = {"fast": stat([1.0]), "slow": stat([6.0, 6.0, 6.0])}

    found = effects(before, after)

    # The mean went from 3 to 4.75.
    assert found["slow"] == Effect(within=0.625, mix=pytest.approx(0.25 * (5.5 - 3.875)))
    assert found["fast"] == Effect(within=0.0, mix=pytest.approx(-0.25 * (1.0 - 3.875)))
    assert sum(e.total for e in found.values()) == pytest.approx(1.75)


def test_a_part_that_is_new_or_gone_has_no_change_of_its_own():
    found = effects({"old": stat([2.0])}, {"new": stat([4.0])})

    assert [found[key].within for key in ("old", "new")] == [0.0, 0.0]
    assert found["old"].mix + found["new"].mix == pytest.approx(2.0)


def test_nothing_is_explained_without_measurements():
    assert effects({}, {"new": stat([4.0])}) == {}
    assert effects({"old": Stat()}, {"new": stat([4.0])}) == {}


@pytest.mark.parametrize("seed", range(20))
def test_effects_sum_to_the_change(seed):
    chance = random.Random(seed)
    sides = []
    for _side in range(2):
        sides.append(
            {
                key: [chance.uniform(0, 9e5) for _ in range(chance.randrange(1, 9))]
                for key in "abcdefgh"
                if chance.random() < 0.7
            }
        )
    means = [statistics.fmean(v for part in side.values() for v in part) for side in sides]

    found = effects(*({key: stat(part) for key, part in side.items()} for side in sides))

    assert sum(e.total for e in found.values()) == pytest.approx(means[1] - means[0], abs=1e-6)
