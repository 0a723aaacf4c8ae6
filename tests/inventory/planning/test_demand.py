import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inventory.planning.demand import Lines, read_demand, split_bulk


def lines(*rows):
    return Lines(*(np.array(column, dtype=np.int64) for column in (zip(*rows, strict=True))))


NONE = Lines(*(np.zeros(0, dtype=np.int64) for _ in range(3)))


def test_a_bulk_line_is_large_and_ten_times_the_median():
    # Row 0: median 4, so more than 40; row 1: median 2, so more than 36; row 2: all are large.
    asked = lines(
        *[(0, day, 4) for day in range(3)],
        *((0, 4, 40), (0, 5, 41), (1, 0, 2), (1, 1, 2), (1, 2, 36), (1, 3, 37), (1, 4, 1)),
        *((2, 0, 500), (2, 1, 600)),
    )

    assert (
        split_bulk(asked, 3).tolist() == [False] * 4 + [True] + [False] * 3 + [True] + [False] * 3
    )


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two():
    # Median of 3, 5, 50, 51 is 27.5: nothing is bulk.
    assert not split_bulk(lines((0, 0, 3), (0, 1, 5), (0, 2, 50), (0, 3, 51)), 1).any()


def test_bulk_is_counted_and_left_out():
    asked = lines((0, 0, 1), (0, 1, 2), (0, 1, 3), (0, 2, 90))

    found = read_demand(asked, NONE, np.array([5]), 4)

    assert found.daily.tolist() == [[1, 5, 0, 0]]
    assert (found.bulk_lines.tolist(), found.bulk_units.tolist()) == ([1], [90])


def test_days_without_stock_are_censored_from_the_first_move_on():
    # Asked on day 0 before anything was counted in; 5 come on day 2, leave on day 4; 3 come today.
    asked = lines((0, 0, 2), (0, 4, 5))
    moved = lines((0, 2, 5), (0, 4, -5), (0, 8, 3))

    found = read_demand(asked, moved, np.array([3]), 8)

    assert found.born.tolist() == [0]
    assert np.flatnonzero(found.is_censored[0]).tolist() == [5, 6, 7]
    assert np.flatnonzero(~found.is_observed()[0]).tolist() == [5, 6, 7]


def test_stock_that_lay_there_from_the_beginning_was_known_from_it():
    found = read_demand(NONE, lines((0, 3, -1)), np.array([4]), 6)

    assert (found.born.tolist(), found.known_days.tolist()) == ([0], [6])
    assert not found.is_censored.any()


def test_own_days_are_repeated_before_birth_with_their_mask():
    # Born on day 3 of 7; 2 units then, without stock on day 5.
    asked = lines((0, 3, 2), (0, 6, 1))
    moved = lines((0, 3, 2), (0, 4, -2), (0, 6, 1))
    found = read_demand(asked, moved, np.array([1]), 7)

    filled = found.filled()

    assert found.born.tolist() == [3]
    assert filled.data.tolist() == [[0, 0, 1, 2, 0, 0, 1]]
    assert filled.mask.tolist() == [[False, True, False, False, False, True, False]]


@given(st.integers(0, 6), st.lists(st.integers(0, 30), min_size=7, max_size=7))
def test_units_are_never_lost(born, units):
    asked = (
        lines(*((0, day, n) for day, n in enumerate(units) if day >= born)) if born < 7 else NONE
    )

    found = read_demand(asked, NONE, np.array([0]), 7)

    assert found.daily.sum() + found.bulk_units.sum() == sum(units[born:])
    assert found.filled()[:, found.born[0] :].sum() == found.daily.sum()
