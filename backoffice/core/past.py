"""Playing the past: what follows by itself happens then, and nobody outside hears of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


@contextmanager
def playing(moment: datetime) -> Iterator[None]:
    """Let events be handled at a moment of the past; messages count as sent, no worker is woken."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def moment_played() -> datetime | None:
    """Return the moment of the past that is played here, or nothing in the present."""
    return _moment.get()
