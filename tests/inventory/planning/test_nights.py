from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inventory.planning.nights import is_due, night_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
DAYS = [(3, 6), (3, 27), (4, 3), (10, 2), (10, 23), (10, 30)]


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2026, 3, 10, 9), at(2026, 3, 10, 1)),
        (at(2026, 3, 10, 0, 59), at(2026, 3, 9, 1)),
        # The clock jumps from two to three: due at three o'clock on the wall.
        (at(2026, 3, 29, 12), at(2026, 3, 29, 1)),
        (at(2026, 3, 30, 12), at(2026, 3, 30, 0)),
        # Two o'clock comes twice: due at the first.
        (at(2026, 10, 25, 0, 30), at(2026, 10, 25, 0)),
        (at(2026, 10, 25, 12), at(2026, 10, 25, 0)),
        (at(2026, 10, 26, 12), at(2026, 10, 26, 1)),
    ],
)
def test_the_night_of_an_instant(now, expected):
    assert night_of(now, BERLIN) == expected


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS)
def test_every_night_is_due_in_exactly_one_hour(zone, day):
    start = at(2026, *day, 12)
    hours = [start + timedelta(hours=n) for n in range(24 * 5 + 1)]
    due = [
        until
        for since, until in zip(hours, hours[1:], strict=False)
        if is_due(ZoneInfo(zone), since=since, until=until)
    ]

    days = [hour.astimezone(ZoneInfo(zone)).date() for hour in due]
    assert len(due) == len(set(days)) == 5


def test_missed_hours_are_caught_up_once():
    since, until = at(2026, 3, 8, 12), at(2026, 3, 10, 12)

    assert is_due(BERLIN, since=since, until=until)
    assert not is_due(BERLIN, since=until, until=until + timedelta(hours=2))
