"""Waking workers after commit; beat is the net where the broker does not answer."""

import logging
import time
from typing import Any

from django.core.cache import cache
from kombu.pools import producers

from backoffice.core.past import moment_played

logger = logging.getLogger(__name__)
SILENCE = 30.0
# One try, and no longer than this for each of its steps: a request waits for it.
PATIENCE = {"max_retries": 0, "socket_connect_timeout": 0.2, "socket_timeout": 0.2}
_silent_until = 0.0
# After so many seconds a task that was sent has begun or is lost.
LOST = 5


def wake(task: Any, *args: Any, **options: Any) -> None:
    """Send a task if the broker answers; after a failure nobody tries for half a minute.

    A request must not wait for a broker that is down: what it would have woken is found by beat.
    """
    global _silent_until
    if time.monotonic() < _silent_until or moment_played():
        return
    try:
        known = task.app.conf.broker_transport_options
        broker = task.app.connection_for_write(transport_options=known | PATIENCE)
        with producers[broker].acquire() as producer:
            task.apply_async(args, producer=producer, retry=False, **options)
    except Exception as error:
        _silent_until = time.monotonic() + SILENCE
        logger.warning("No worker could be woken, beat does it later: %s", error)


def wake_once(task: Any, **options: Any) -> None:
    """Send a task that does all there is, unless one is on its way: `begin` takes note of it.

    What is written before `begin` is found by that one; a lost one is sent again soon.
    """
    if _is_first(task.name):
        wake(task, **options)


def begin(name: str) -> None:
    """Say that a task begins now: what is written from here on wakes another."""
    try:
        cache.delete(f"awaited:{name}")
    except Exception as error:
        logger.warning("A task goes on being awaited: %s", error)


def _is_first(name: str) -> bool:
    if moment_played():
        return False
    try:
        return bool(cache.add(f"awaited:{name}", 1, LOST))
    except Exception:
        return True
