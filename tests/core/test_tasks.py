from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from backoffice.core.actor import current_actor
from backoffice.core.models import TaskRun, TaskSwitch, User
from backoffice.core.standing import create_standing_rows
from backoffice.core.tasks import (
    LEASE,
    SCHEDULED,
    forget_old_runs,
    run_slot,
    slot_of,
)
from backoffice.schedule import beat_schedule
from tests.fixtures.core import NOW, together

NAME = "core.forget_old_runs"
MINUTE = timedelta(minutes=1)
# Rounded to the slot, so that the tests can count on.
START = NOW.replace(second=0)


class Work:
    """A job that notes its calls, and fails as often as it is told to."""

    def __init__(self, failures=0):
        self.calls = []
        self.failures = failures

    def __call__(self, *, now, since):
        self.calls.append((now, since))
        if len(self.calls) <= self.failures:
            raise ValueError("not today")
        return f"call {len(self.calls)}"


def run(work, at=START):
    return run_slot(NAME, work, now=at, every=MINUTE)


def test_a_slot_is_counted_from_the_epoch():
    at = datetime(2026, 3, 10, 9, 37, 41, tzinfo=UTC)

    assert slot_of(at, timedelta(minutes=5)) == datetime(2026, 3, 10, 9, 35, tzinfo=UTC)
    assert slot_of(at, timedelta(days=1)) == datetime(2026, 3, 10, tzinfo=UTC)
    assert slot_of(at, timedelta(seconds=10)) == at.replace(second=40)


def test_a_double_beat_runs_once(db):
    work = Work()

    first = run(work)
    again = run(work, START + timedelta(seconds=59))

    assert (first.result, first.error, again) == ("call 1", "", None)
    assert first.finished_at is not None
    assert len(work.calls) == 1
    assert TaskRun.objects.get().slot_at == START


def test_two_beats_at_the_same_moment_run_once(transactional_db):
    work = Work()

    def slow(*, now, since):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")
        return work(now=now, since=since)

    runs = together(*[lambda: run(slow)] * 2)

    assert sorted(r is None for r in runs) == [False, True]
    assert len(work.calls) == 1
    assert TaskRun.objects.count() == 1


def test_jobs_act_as_their_own_user(db):
    seen = []

    run(lambda *, now, since: seen.append(current_actor().user_id))

    assert seen == [User.objects.get(username=f"job:{NAME}").pk]


def test_a_crashed_run_is_taken_over_when_its_lease_is_over(db):
    class Killed(BaseException):
        """What no handler catches: the process is gone."""

    def die(*, now, since):
        raise Killed

    with pytest.raises(Killed):
        run(die)
    crashed = TaskRun.objects.get()
    assert (crashed.finished_at, crashed.lease_until) == (None, START + LEASE)
    work = Work()

    daily = timedelta(days=1)
    TaskRun.objects.update(slot_at=slot_of(START, daily))
    early, late = START + LEASE, START + LEASE + MINUTE
    assert run_slot(NAME, work, now=early, every=daily) is None
    assert run_slot(NAME, work, now=late, every=daily).pk == crashed.pk

    assert [now for now, _ in work.calls] == [late]


def test_a_failed_run_is_tried_again_by_the_next_beat_of_its_slot(db):
    work = Work(failures=1)

    with pytest.raises(ValueError):
        run(work)
    failed = TaskRun.objects.get()
    assert (failed.error, failed.finished_at) == ("ValueError: not today", None)

    done = run(work, START + timedelta(seconds=20))

    assert (done.pk, done.result, done.error) == (failed.pk, "call 2", "")
    assert run(work, START + timedelta(seconds=40)) is None


def test_the_watermark_is_the_last_finished_slot_so_a_missed_beat_catches_up(db):
    work = Work()
    for minutes in (0, 1, 5):
        run(work, START + minutes * MINUTE)

    assert [since for _, since in work.calls] == [None, START, START + MINUTE]


def test_a_failed_slot_is_no_watermark(db):
    run(Work())
    with pytest.raises(ValueError):
        run(Work(failures=1), START + MINUTE)
    work = Work()

    run(work, START + 2 * MINUTE)

    assert work.calls == [(START + 2 * MINUTE, START)]


def test_staff_pause_a_job_by_its_switch(db):
    work = Work()
    switch = TaskSwitch.objects.create(task=NAME, is_running=False)

    assert run(work) is None
    assert TaskRun.objects.count() == 0
    TaskSwitch.objects.filter(pk=switch.pk).update(is_running=True)

    assert run(work).result == "call 1"
    assert switch.history.count() == 2


def test_the_schedule_knocks_at_each_job_often_enough_to_catch_up():
    beat = beat_schedule()

    assert set(beat) == set(SCHEDULED)
    assert beat[NAME]["schedule"] == 600
    assert beat["core.deliver_waiting_events"]["schedule"] == 10
    assert all(entry["schedule"] <= 600 for entry in beat.values())


def test_each_scheduled_job_has_a_user(db):
    beat_schedule()
    create_standing_rows()

    names = set(User.objects.filter(kind="JOB").values_list("username", flat=True))

    assert {f"job:{name}" for name in SCHEDULED} <= names


def test_old_finished_runs_are_forgotten(db):
    today = timezone.now()
    old = today - timedelta(days=31)
    for name, slot, finished in (("a", old, old), ("b", old, None), ("c", today, today)):
        TaskRun.objects.create(
            task=name, slot_at=slot, started_at=slot, lease_until=slot, finished_at=finished
        )

    forget_old_runs()

    assert set(TaskRun.objects.values_list("task", flat=True)) == {"b", "c", NAME}
    assert TaskRun.objects.get(task=NAME).result == "1"
