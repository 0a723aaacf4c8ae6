"""Deliveries that fail, and drains that meet."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from backoffice.core.actor import acting_job, current_actor, current_unit, transaction
from backoffice.core.choices import Origin
from backoffice.core.events import deliver, on, retry_set_aside
from backoffice.core.models import Company, EventDelivery
from tests.fixtures.core import NOW, happen, together

# Deliveries become due at the database's own time, which is later than the tests' own.
LATE = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def picky(own_events):
    """A handler that fails on the event about 13, whatever it is given together with it."""
    got = []

    @on("thing.happened")
    def handle(events, *, now):
        Company.objects.update(name=f"{events[0].subject_id} and more")
        if any(e.subject_id == 13 for e in events):
            raise ValueError("unlucky")
        got.extend(e.subject_id for e in events)

    return got


def test_a_bad_event_is_isolated_and_the_others_are_handled(picky, actor, now):
    happen(range(1, 33), now=now)

    assert deliver(now=LATE) == 31

    assert sorted(set(range(1, 33)) - set(picky)) == [13]
    assert len(picky) == 31
    left = EventDelivery.objects.get()
    assert (left.event.subject_id, left.attempts) == (13, 1)
    assert (left.error, left.set_aside_at) == ("ValueError: unlucky", None)


def test_what_a_failed_handler_wrote_is_undone(picky, actor, now):
    name = Company.objects.get().name
    happen([13], now=now)

    assert deliver(now=LATE) == 0

    assert Company.objects.get().name == name


def test_a_failed_event_waits_longer_each_time_and_is_set_aside_after_eight(picky, actor, now):
    happen([13], now=now)
    moment, waits = LATE, []
    for attempt in range(1, 9):
        assert deliver(now=moment) == 0
        left = EventDelivery.objects.get()
        assert left.attempts == attempt
        waits.append((left.next_attempt_at - moment).total_seconds())
        # Not yet due: nobody tries.
        assert deliver(now=left.next_attempt_at - timedelta(seconds=1)) == 0
        assert EventDelivery.objects.get().attempts == attempt
        moment = left.next_attempt_at

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280]
    assert left.set_aside_at == moment - timedelta(seconds=1280)
    assert deliver(now=moment + timedelta(days=9)) == 0
    assert EventDelivery.objects.get().attempts == 8


def test_what_was_set_aside_is_tried_again_on_request(picky, actor, now):
    happen([13], now=now)
    EventDelivery.objects.update(attempts=8, set_aside_at=now, error="x")
    pk = EventDelivery.objects.get().pk

    assert retry_set_aside([pk]) == 1

    left = EventDelivery.objects.get()
    assert (left.attempts, left.set_aside_at, left.error) == (0, None, "")
    assert retry_set_aside([pk]) == 0


def test_one_handler_failing_does_not_hold_up_another(own_events, actor, now, drain):
    got = []

    @on("thing.happened")
    def bad(events, *, now):
        raise ValueError

    @on("thing.happened")
    def good(events, *, now):
        got.extend(e.subject_id for e in events)

    happen([1], now=now)

    assert drain() == 1
    assert got == [1]
    assert EventDelivery.objects.get().handler.endswith(".bad")


def test_imported_events_run_at_their_own_time_and_as_imported(own_events, db, now):
    seen = []

    @on("thing.happened")
    def look(events, *, now):
        with transaction(now=now):
            origin = current_actor().origin
            seen.append((origin, now, current_unit().now, [e.subject_id for e in events]))

    then = datetime(2018, 5, 4, 12, tzinfo=UTC)
    with acting_job("importer", origin=Origin.IMPORT):
        happen([1], now=now, at=then)
        happen([2], now=now, at=then + timedelta(hours=1))
    with acting_job("system"):
        happen([3], now=now)
    assert deliver(now=LATE) == 3

    later = then + timedelta(hours=1)
    assert sorted(seen) == [("IMPORT", later, later, [1, 2]), ("LIVE", LATE, LATE, [3])]


def test_two_drains_at_once_handle_each_event_once(own_events, transactional_db):
    got = []

    @on("thing.happened")
    def handle(events, *, now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")
        got.extend(e.subject_id for e in events)

    with acting_job("system"):
        for start in range(0, 1200, 100):
            happen(range(start, start + 100), now=NOW)

    handled = together(*[lambda: deliver(now=LATE)] * 3)

    assert sum(handled) == 1200
    assert Counter(got) == Counter(range(1200))
    assert EventDelivery.objects.count() == 0
