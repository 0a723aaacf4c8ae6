from datetime import timedelta

import pytest
from django.utils import timezone

from backoffice.core import health
from backoffice.core.models import TaskRun


def body(client, path="/readyz"):
    response = client.get(path)
    return response.status_code, response.json()


def test_a_living_process_says_so_without_a_database(client):
    assert body(client, "/livez") == (200, {"status": "ok"})


@pytest.fixture
def beat(db):
    at = timezone.now()
    return TaskRun.objects.create(task="x", slot_at=at, started_at=at, lease_until=at)


def test_all_in_order_is_ready(client, beat):
    ok = {"status": "ok", "database": "ok", "migrations": "ok", "broker": "ok", "beat": "ok"}

    assert body(client) == (200, ok)


@pytest.mark.parametrize("name", ["database", "migrations", "broker"])
def test_what_is_missing_makes_it_not_ready_and_is_named(client, beat, monkeypatch, name):
    monkeypatch.setitem(health.CHECKS, name, lambda: "It is gone.")

    status, answer = body(client)

    assert (status, answer["status"], answer[name]) == (503, "not ready", "It is gone.")


def test_a_late_beat_is_told_but_stops_nothing(client, beat):
    TaskRun.objects.update(slot_at=timezone.now() - timedelta(seconds=300))

    status, answer = body(client)

    assert (status, answer["status"]) == (200, "ok")
    assert answer["beat"].startswith("last job 30")


def test_a_fresh_installation_has_had_no_beat(client, db):
    assert body(client)[1]["beat"] == "no job has run yet"


def test_a_broker_that_does_not_answer_is_told_without_its_password(client, beat, monkeypatch):
    def fail(*args):
        raise ConnectionError

    monkeypatch.setattr(health.cache, "set", fail)
    monkeypatch.setattr(health.settings, "REDIS_URL", "redis://:secret@redis:6379/0")

    status, answer = body(client)

    assert status == 503
    assert answer["broker"] == "Redis does not answer at redis:6379/0: ConnectionError."


class Unreachable:
    """A connection to nowhere."""

    def cursor(self):
        raise ConnectionError


def test_a_database_that_does_not_answer_is_told(client, beat, monkeypatch):
    monkeypatch.setattr(health, "connection", Unreachable())

    status, answer = body(client)

    assert status == 503
    assert answer["database"] == "The database does not answer: ConnectionError."
