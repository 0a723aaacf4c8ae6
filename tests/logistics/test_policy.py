from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics.carriers.limits import Breaker, Bucket, next_factor, next_pause
from logistics.carriers.policy import Watched, after_failure, after_night, interval, next_poll
from logistics.services.planning import ship_day

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def watched(**values):
    base = {
        "status": "IN_TRANSIT",
        "shipped_at": NOW - 60 * HOUR,
        "promised_on": None,
        "first_scan_at": NOW - 50 * HOUR,
        "push_seen_at": None,
        "push_enabled": False,
        "zone": "UTC",
    }
    return Watched(**(base | values))


@pytest.mark.parametrize(
    ("values", "hours"),
    [
        ({}, 6),
        ({"first_scan_at": NOW - 2 * HOUR}, 8),
        ({"first_scan_at": None, "shipped_at": NOW - HOUR}, 6),
        ({"first_scan_at": None}, 12),
        ({"status": "OUT_FOR_DELIVERY"}, 1),
        ({"status": "LOST"}, 24),
        ({"promised_on": date(2026, 3, 10)}, 4),
        ({"promised_on": date(2026, 3, 20)}, 6),
        ({"promised_on": date(2026, 3, 1)}, 6),
        ({"shipped_at": NOW - 800 * HOUR}, 24),
        ({"push_enabled": True, "push_seen_at": NOW - HOUR}, 24),
        ({"push_enabled": True, "push_seen_at": NOW - 40 * HOUR}, 6),
        ({"push_seen_at": NOW - HOUR}, 6),
    ],
)
def test_how_long_until_the_next_look(values, hours):
    assert interval(watched(**values), now=NOW) == hours * HOUR


@pytest.mark.parametrize("status", ["DELIVERED", "RETURNED", "CANCELLED", "LABELLED"])
def test_nobody_looks_where_no_news_is_awaited(status):
    assert next_poll(watched(status=status), now=NOW, jitter=1) is None


def test_nights_are_slept_through_in_the_place_of_delivery():
    berlin = watched(zone="Europe/Berlin", status="OUT_FOR_DELIVERY")
    late = datetime(2026, 3, 10, 20, 30, tzinfo=UTC)
    assert next_poll(berlin, now=late, jitter=1.0) == datetime(2026, 3, 11, 5, 30, tzinfo=UTC)
    assert next_poll(berlin, now=NOW, jitter=1.0) == NOW + HOUR
    fast = watched(zone="Europe/Berlin", status="OUT_FOR_DELIVERY", pace=60)
    assert next_poll(fast, now=late, jitter=1.0) == late + timedelta(minutes=1)


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Shanghai", "UTC"]),
    jitter=st.floats(0.9, 1.1),
)
def test_no_look_is_at_night_or_too_early(at, zone, jitter):
    from zoneinfo import ZoneInfo

    moved = after_night(at, zone, jitter=jitter)
    assert at <= moved <= at + timedelta(hours=10)
    assert time(6) <= moved.astimezone(ZoneInfo(zone)).time() < time(22)


def test_failures_are_put_off_up_to_six_hours():
    waits = [after_failure(n, now=NOW, jitter=1.0) - NOW for n in range(8)]
    minutes = [w.total_seconds() / 60 for w in waits]
    assert minutes == [15, 30, 60, 120, 240, 360, 360, 360]


@pytest.mark.parametrize(
    ("now", "zone", "cut_off", "day"),
    [
        ("2026-03-10T12:59:00+00:00", "Europe/Berlin", time(14), date(2026, 3, 10)),
        ("2026-03-10T13:00:00+00:00", "Europe/Berlin", time(14), date(2026, 3, 10)),
        ("2026-03-10T13:01:00+00:00", "Europe/Berlin", time(14), date(2026, 3, 11)),
        # Summer time begins on 29 March: 14:00 is 12:00 UTC from then on.
        ("2026-03-29T12:30:00+00:00", "Europe/Berlin", time(14), date(2026, 3, 30)),
        ("2026-03-28T12:30:00+00:00", "Europe/Berlin", time(14), date(2026, 3, 28)),
        ("2026-03-10T23:30:00+00:00", "Asia/Shanghai", time(14), date(2026, 3, 11)),
    ],
)
def test_the_cut_off_is_the_warehouses_own(now, zone, cut_off, day):
    assert ship_day(datetime.fromisoformat(now), zone, cut_off) == day


@given(
    rate=st.floats(0.5, 50),
    burst=st.integers(1, 20),
    gaps=st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_a_bucket_never_lets_more_through_than_rate_and_burst(rate, burst, gaps):
    bucket = Bucket(rate, burst, burst, 0.0)
    now, calls = 0.0, []
    for gap in gaps:
        now += gap
        wait = bucket.wait(now)
        calls.append(now + wait)
    calls.sort()
    for i, start in enumerate(calls):
        for j in range(i, len(calls)):
            assert j - i + 1 <= burst + rate * (calls[j] - start) + 1.000001


def test_a_bucket_stops_at_its_quota():
    bucket = Bucket(1000, 10, 10, 0.0, quota=3)
    assert [bucket.wait(n) is not None for n in range(5)] == [True, True, True, False, False]


def test_a_breaker_opens_at_half_of_its_calls_or_five_time_outs():
    half = Breaker()
    for _ in range(5):
        half.success()
    for n in range(5):
        half.failure()
        assert half.is_open == (n == 4)
    slow = Breaker(window="0" * 40)
    for n in range(5):
        slow.failure(is_timeout=True)
        assert slow.is_open == (n == 4)
    trial = Breaker(is_trial=True)
    trial.failure()
    assert trial.is_open
    again = Breaker(is_trial=True)
    again.success()
    assert (again.is_open, again.is_trial) == (False, False)


def test_pauses_double_and_rates_recover():
    pauses = [0]
    for _ in range(6):
        pauses.append(next_pause(pauses[-1]))
    assert pauses[1:] == [60, 120, 240, 480, 900, 900]
    assert next_factor(1.0, was_limited=True, minutes=1) == 0.5
    assert next_factor(0.5, was_limited=False, minutes=2) == pytest.approx(0.6)
    assert next_factor(0.06, was_limited=True, minutes=1) == 0.05
