"""The drawing of a trend: what is far above is cut off, and the median stays visible."""

from datetime import date, timedelta

from backoffice.insights.chart import HEIGHT, TOP, draw
from backoffice.insights.selectors.mix import Stat
from backoffice.insights.selectors.times import Day

LAST = date(2026, 4, 19)


def days(*figures):
    return [
        Day(LAST - timedelta(days=n), Stat(5, median, median, p90))
        for n, (median, p90) in enumerate(reversed(figures))
    ][::-1]


def drawn(*figures, usual=None):
    return draw(days(*figures), (LAST, LAST), usual, lambda day: f"?day={day}")


def test_the_newest_day_stands_at_the_right_and_is_marked():
    chart = drawn((10.0, 20.0), (20.0, 40.0), usual=20.0)

    first, last = chart.marks
    assert (first.is_picked, last.is_picked) == (False, True)
    assert first.x < last.x < chart.width
    # 40 s is the top, 20 s half of the way up.
    assert [text for _y, text in chart.levels] == ["40 s", "20 s"]
    assert last.y == chart.usual == chart.levels[1][0]
    assert (last.url, chart.is_cut) == ("?day=2026-04-19", False)


def test_a_day_far_above_the_others_is_cut_off():
    chart = drawn((10.0, 20.0), (10.0, 20.0), (10.0, 2000.0))

    assert chart.is_cut
    assert chart.levels[0] == (TOP, "1.3 min")
    assert chart.p90.endswith(f",{float(TOP)}")


def test_a_long_tail_does_not_press_the_median_flat():
    chart = drawn((10.0, 9000.0), (10.0, 9000.0))

    assert chart.is_cut
    assert chart.marks[0].y < HEIGHT - 22 - 20


def test_nothing_measured_draws_nothing():
    assert draw([], (LAST, LAST), None, str) is None
    chart = drawn((0.0, 0.0))
    assert chart.marks[0].y == chart.floor
