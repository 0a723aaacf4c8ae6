from collections import Counter
from datetime import timedelta

import pytest

from backoffice.core import jobs
from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.jobs import (
    STALE,
    bulk_action,
    pause_jobs,
    resume_jobs,
    run_chunk,
    stale_jobs,
    start_job,
)
from backoffice.core.models import Event, Job, JobRow, User
from backoffice.core.tasks import run_job_chunk
from orders.models import Order
from orders.services.intake import place_orders
from orders.services.lifecycle import confirm_orders
from tests.fixtures.core import NOW, together
from tests.fixtures.orders import order_command

NAME = "orders.order.confirm"


@pytest.fixture
def actions(monkeypatch):
    """Let a test register actions of its own; jobs take two documents at a time."""
    monkeypatch.setattr(jobs, "ACTIONS", {})
    monkeypatch.setattr(jobs, "CHUNK", 2)
    bulk_action(NAME, "Confirm", confirm_orders)


@pytest.fixture
def orders(actor, channel, service_sku):

    return list(place_orders([order_command(str(n)) for n in range(5)], now=NOW).created.values())


def run_all(job, now=NOW):
    chunks = 0
    while run_chunk(job.pk, now=now):
        chunks += 1
    job.refresh_from_db()
    return chunks


def outcomes(job):
    return dict(job.rows.values_list("object_id", "outcome"))


def test_a_job_does_its_rows_in_chunks_and_says_what_became_of_each(actions, orders, actor, now):
    confirm_orders([orders[1]], now=now)
    job = start_job(NAME, [*orders, orders[0]], user_id=actor.user_id, reason="a sale")

    assert (job.total, job.status, job.rows.count()) == (5, "QUEUED", 5)
    assert run_all(job) == 3

    assert (job.status, job.finished_at) == ("DONE", now)
    assert Counter(outcomes(job).values()) == {"DONE": 4, "BLOCKED": 1}
    blocked = job.rows.get(outcome="BLOCKED")
    assert (blocked.object_id, blocked.reason) == (
        orders[1],
        "Only possible in state Pending.",
    )
    assert Order.objects.filter(status="CONFIRMED").count() == 5


def test_a_job_acts_as_its_creator_with_its_reason_and_one_request_id(actions, orders, actor):

    ada = User.objects.create(username="ada")
    job = start_job(NAME, orders, user_id=ada.pk, reason="a sale")

    run_all(job)

    events = Event.objects.filter(kind="order.confirmed")
    told = {(e.actor_id, e.reason, e.request_id) for e in events}
    assert told == {(ada.pk, "a sale", f"job-{job.pk}")}


def test_one_bad_document_does_not_stop_the_others(actions, orders, actor, now, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 5)

    @service
    def brittle(ids, *, now, reason=""):
        if orders[3] in ids:
            raise ZeroDivisionError("no")
        return confirm_orders(ids, now=now)

    bulk_action("brittle", "Brittle", brittle)
    job = start_job("brittle", orders, user_id=actor.user_id)
    run_all(job)

    assert Counter(outcomes(job).values()) == {"DONE": 4, "FAILED": 1}
    failed = job.rows.get(outcome="FAILED")
    assert (failed.object_id, failed.reason) == (orders[3], "ZeroDivisionError: no")
    assert Order.objects.get(pk=orders[3]).status == "PENDING"


def test_a_paused_job_stops_after_its_chunk_and_goes_on_when_resumed(actions, orders, actor, now):
    job = start_job(NAME, orders, user_id=actor.user_id)
    assert run_chunk(job.pk, now=now) is True

    assert pause_jobs([job.pk]) == 1
    assert run_chunk(job.pk, now=now) is False
    assert Counter(outcomes(job).values()) == {"DONE": 2, "WAITING": 3}

    assert resume_jobs([job.pk]) == 1
    assert run_all(job) == 2
    assert job.status == "DONE"
    assert (pause_jobs([job.pk]), resume_jobs([job.pk])) == (0, 0)


def test_a_job_whose_worker_died_is_found_and_finished_without_repeating(
    actions, orders, actor, now, monkeypatch
):
    class Killed(BaseException):
        """The worker is gone in the middle of a chunk."""

    @service
    def dying(ids, *, now, reason=""):
        confirm_orders(ids, now=now)
        raise Killed

    job = start_job(NAME, orders, user_id=actor.user_id)
    run_chunk(job.pk, now=now)
    with monkeypatch.context() as patch:
        patch.setitem(jobs.ACTIONS, NAME, jobs.BulkAction(NAME, "Confirm", dying))
        with pytest.raises(Killed):
            run_chunk(job.pk, now=now)

    # The chunk was undone with its results.
    assert Counter(outcomes(job).values()) == {"DONE": 2, "WAITING": 3}
    assert Order.objects.filter(status="CONFIRMED").count() == 2
    assert stale_jobs(now + STALE) == []
    assert stale_jobs(now + STALE + timedelta(seconds=1)) == [job.pk]
    assert run_all(job) == 2
    assert Event.objects.filter(kind="order.confirmed").count() == 5
    assert stale_jobs(now + timedelta(days=1)) == []


def test_two_workers_never_do_the_same_row(transactional_db, actions, actor, monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 10)
    done = []

    @service
    def count(ids, *, now, reason=""):
        done.extend(ids)
        emit("order.noted", [Fact(i, i) for i in ids])
        return jobs.Outcome(moved=list(ids))

    bulk_action("count", "Count", count)
    job = start_job("count", range(1, 101), user_id=actor.user_id)

    together(*[lambda: run_all(Job.objects.get(pk=job.pk))] * 2)

    job.refresh_from_db()
    assert sorted(done) == list(range(1, 101))
    assert job.status == "DONE"
    assert JobRow.objects.filter(job=job, outcome="DONE").count() == 100


def test_the_task_does_one_chunk(actions, orders, actor):
    job = start_job(NAME, orders, user_id=actor.user_id)

    run_job_chunk(job.pk)

    assert Counter(outcomes(job).values()) == {"DONE": 2, "WAITING": 3}


def test_an_unknown_action_is_refused(actions, actor):
    with pytest.raises(KeyError):
        start_job("nobody.knows", [1], user_id=actor.user_id)
    assert Job.objects.count() == 0
