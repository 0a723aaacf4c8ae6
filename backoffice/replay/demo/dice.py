"""Chance that comes out the same for the same seed, whatever was drawn before."""

import random
from collections.abc import Sequence
from datetime import timedelta
from math import exp
from typing import TypeVar

T = TypeVar("T")


def dice(*names: object) -> random.Random:
    """Return dice that are named: the same names give the same throws."""
    return random.Random("|".join(map(str, names)))  # noqa: S311


def happens(share: float, *names: object) -> bool:
    """Say whether something that befalls a share of things befalls the one that is named."""
    return dice(*names).random() < share


def count(mean: float, chance: random.Random) -> int:
    """Return how often something happens that happens `mean` times on average (Poisson)."""
    limit, product, times = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        times += 1
    return times


def wait(median: timedelta, spread: float, *names: object) -> timedelta:
    """Return a waiting time: log-normal with this median."""
    return median * dice(*names).lognormvariate(0, spread)


def one_of(choices: Sequence[T], *names: object) -> T:
    """Return one of several for the thing that is named."""
    return dice(*names).choice(choices)
