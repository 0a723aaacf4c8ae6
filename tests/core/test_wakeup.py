import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery
from django.conf import settings

from backoffice.core import wakeup


def nothing() -> None:
    """Do nothing."""


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch):
    """A task of an application whose broker a test chooses."""
    monkeypatch.setattr(wakeup, "_silent_until", 0.0)

    def at(url: str):
        app = Celery("test", broker=url)
        # The transport's modules are loaded at the first use, which says nothing of the broker.
        assert app.connection_for_write().transport
        return app.task(nothing, name="test.nothing")

    return at


@pytest.fixture
def frozen(task) -> Iterator[Celery]:
    """A task whose broker takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        yield task(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")


def seconds_of(task) -> float:
    started = time.monotonic()
    wakeup.wake(task)
    return time.monotonic() - started


def test_a_task_is_sent(task):
    sent = task(settings.CELERY_BROKER_URL)
    with sent.app.connection_for_write() as broker:
        queue = broker.SimpleQueue("celery")
        queue.clear()
        wakeup.wake(sent)

        assert queue.get(timeout=1).headers["task"] == "test.nothing"


def test_a_dead_broker_costs_no_time(task, caplog):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        dead = task(f"redis://127.0.0.1:{unheard.getsockname()[1]}/0")

        assert seconds_of(dead) < 0.5
    assert "beat does it later" in caplog.text
    assert "Connection refused" in caplog.text


def test_a_frozen_broker_is_given_up_soon(frozen, caplog):
    assert seconds_of(frozen) < 0.5
    assert "Timeout" in caplog.text


def test_after_a_failure_nobody_tries_for_a_while(frozen, monkeypatch):
    wakeup.wake(frozen)
    asked: list[object] = []
    monkeypatch.setattr(frozen, "apply_async", lambda args, **_: asked.append(args))

    wakeup.wake(frozen, 1)
    assert asked == []

    monkeypatch.setattr(wakeup, "_silent_until", time.monotonic())
    wakeup.wake(frozen, 2)
    assert asked == [(2,)]
