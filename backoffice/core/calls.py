"""How calls to outside systems fail, whatever the system."""

from collections.abc import Mapping
from typing import Any


class CallError(Exception):
    """A call failed."""


class TemporaryError(CallError):
    """The call may be repeated: a time-out, a reset, a 5xx, an unreadable answer."""

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.is_timeout = is_timeout


class RateLimitedError(CallError):
    """The other side asks to wait so many seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:.0f} s")
        self.retry_after = retry_after


class RefusedError(CallError):
    """Our credentials are refused: nobody is asked again before somebody looks."""


class PermanentError(CallError):
    """The request itself is refused: repeating it changes nothing."""


def check_answer(status: int, headers: Mapping[str, Any]) -> None:
    """Raise the fitting CallError for an HTTP status that is no success."""
    if status == 429:
        try:
            seconds = float(headers.get("Retry-After", 60))
        except ValueError:
            seconds = 60.0
        raise RateLimitedError(min(max(seconds, 1.0), 86400.0))
    if status in (401, 403):
        raise RefusedError(f"HTTP {status}")
    if status >= 500 or status == 408:
        raise TemporaryError(f"HTTP {status}")
    if status >= 300:
        raise PermanentError(f"HTTP {status}")
