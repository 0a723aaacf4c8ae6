"""Waking workers after commit; beat is the net where the broker does not answer."""

import logging
import time
from typing import Any

from backoffice.core.past import moment_played

logger = logging.getLogger(__name__)
SILENCE = 30.0
_silent_until = 0.0


def wake(task: Any, *args: Any, **options: Any) -> None:
    """Send a task if the broker answers; after a failure nobody tries for half a minute.

    A request must not wait for a broker that is down: what it would have woken is found by beat.
    """
    global _silent_until
    if time.monotonic() < _silent_until or moment_played():
        return
    try:
        task.apply_async(args, retry=False, **options)
    except Exception as error:
        _silent_until = time.monotonic() + SILENCE
        logger.warning("No worker could be woken, beat does it later: %s", error)
