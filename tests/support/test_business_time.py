"""Business time against a walk over every minute, and on the nights when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.business_time import BusinessHours, NoBusinessTimeError, day_intervals, parse_week

OFFICE = parse_week(
    {d: [["09:00", "12:00"], ["13:00", "17:00"]] for d in ("mon", "tue", "wed", "thu", "fri")}
)
ALWAYS = (((0, 1440),),) * 7
BERLIN = BusinessHours("Europe/Berlin", OFFICE)


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo("Europe/Berlin"), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        # Within a morning, over lunch, over night, over the weekend.
        (berlin(2026, 3, 10, 9, 30), 60, berlin(2026, 3, 10, 10, 30)),
        (berlin(2026, 3, 10, 11, 30), 60, berlin(2026, 3, 10, 13, 30)),
        (berlin(2026, 3, 10, 16, 30), 60, berlin(2026, 3, 11, 9, 30)),
        (berlin(2026, 3, 13, 16, 30), 60, berlin(2026, 3, 16, 9, 30)),
        # Opened outside: the clock starts at the next opening.
        (berlin(2026, 3, 14, 20, 0), 30, berlin(2026, 3, 16, 9, 30)),
        (berlin(2026, 3, 10, 12, 15), 30, berlin(2026, 3, 10, 13, 30)),
        # Exactly to the end of an interval, not to the start of the next.
        (berlin(2026, 3, 10, 9, 0), 180, berlin(2026, 3, 10, 12, 0)),
        (berlin(2026, 3, 10, 9, 0), 420, berlin(2026, 3, 10, 17, 0)),
        (berlin(2026, 3, 10, 9, 0), 421, berlin(2026, 3, 11, 9, 1)),
    ],
)
def test_minutes_are_counted_in_office_hours(start: datetime, minutes: int, due: datetime) -> None:
    assert BERLIN.add(start, minutes) == due
    assert BERLIN.between(start, due) == timedelta(minutes=minutes)


def test_holidays_are_skipped() -> None:
    hours = BusinessHours("Europe/Berlin", OFFICE, frozenset([date(2026, 5, 1)]))
    assert hours.add(berlin(2026, 4, 30, 16, 0), 120) == berlin(2026, 5, 4, 10, 0)
    assert hours.between(berlin(2026, 5, 1, 0, 0), berlin(2026, 5, 2, 0, 0)) == timedelta()
    assert not hours.is_open(berlin(2026, 5, 1, 10, 0))
    assert BERLIN.is_open(berlin(2026, 5, 1, 10, 0))


def test_the_spring_night_is_an_hour_shorter() -> None:
    # Berlin, 29 March 2026: 02:00 becomes 03:00.
    night = BusinessHours("Europe/Berlin", ALWAYS)
    assert night.add(berlin(2026, 3, 29, 1, 30), 60) == berlin(2026, 3, 29, 3, 30)
    whole = night.between(berlin(2026, 3, 29, 0, 0), berlin(2026, 3, 30, 0, 0))
    assert whole == timedelta(hours=23)
    # A shift from 01:00 to 05:00 lasts three hours; one inside the gap lasts none.
    assert _length(date(2026, 3, 29), (60, 300)) == timedelta(hours=3)
    assert _length(date(2026, 3, 29), (120, 180)) == timedelta()
    assert _length(date(2026, 3, 29), (150, 195)) == timedelta(minutes=15)


def test_the_autumn_night_is_an_hour_longer() -> None:
    # Berlin, 25 October 2026: 03:00 becomes 02:00.
    night = BusinessHours("Europe/Berlin", ALWAYS)
    assert night.add(berlin(2026, 10, 25, 1, 30), 120) == berlin(2026, 10, 25, 2, 30, fold=1)
    whole = night.between(berlin(2026, 10, 25, 0, 0), berlin(2026, 10, 26, 0, 0))
    assert whole == timedelta(hours=25)
    assert _length(date(2026, 10, 25), (60, 300)) == timedelta(hours=5)
    # What the clock shows twice is open twice.
    assert _length(date(2026, 10, 25), (120, 150)) == timedelta(hours=1)
    open_twice = BusinessHours("Europe/Berlin", (((120, 150),),) * 7)
    assert open_twice.is_open(berlin(2026, 10, 25, 2, 15))
    assert not open_twice.is_open(berlin(2026, 10, 25, 2, 45))
    assert open_twice.is_open(berlin(2026, 10, 25, 2, 15, fold=1))


def _length(day: date, span: tuple[int, int]) -> timedelta:
    pieces = day_intervals("Europe/Berlin", day, [span])
    return sum((end - start for start, end in pieces), timedelta())


def test_a_day_that_never_opens() -> None:
    with pytest.raises(NoBusinessTimeError):
        BusinessHours("UTC", ((),) * 7).add(berlin(2026, 1, 1, 0, 0), 1)


@pytest.mark.parametrize(
    "week",
    [
        {"monday": []},
        {"mon": [["12:00", "09:00"]]},
        {"mon": [["09:00", "12:00"], ["11:00", "13:00"]]},
        {"mon": [["9", "12:00"]]},
    ],
)
def test_a_bad_week_is_refused(week: dict) -> None:
    with pytest.raises(ValueError):
        parse_week(week)


spans = st.lists(st.integers(0, 48), min_size=0, max_size=4, unique=True).map(sorted)
days = spans.map(lambda s: tuple((a * 30, b * 30) for a, b in zip(s[::2], s[1::2], strict=False)))
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]
)
# Around the clock changes of those zones.
starts = st.sampled_from(
    [datetime(2026, m, d, tzinfo=UTC) for m, d in [(3, 7), (3, 28), (4, 4), (9, 5), (10, 24)]]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(days, min_size=7, max_size=7), zones, starts, st.integers(0, 2000))
def test_it_agrees_with_a_walk_over_every_minute(
    week: list, zone: str, begin: datetime, minutes: int
) -> None:
    hours = BusinessHours(zone, tuple(week), frozenset([date(2026, 3, 9)]))
    end = begin + timedelta(minutes=minutes)
    walked = [at for n in range(minutes) if _is_open(hours, at := begin + timedelta(minutes=n))]
    assert hours.between(begin, end) == timedelta(minutes=len(walked))
    if walked:
        assert hours.add(begin, len(walked)) == walked[-1] + timedelta(minutes=1)
    assert all(hours.is_open(at) for at in walked[:50])


def _is_open(hours: BusinessHours, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(hours.zone))
    if local.date() in hours.holidays:
        return False
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in hours.week[local.weekday()])
