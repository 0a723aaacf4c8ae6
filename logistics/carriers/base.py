"""What carrier adapters are given, what they answer, how they fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class ParsedScan:
    """A scan in our words; an empty status is news that moves nothing."""

    occurred_at: datetime
    status: str = ""
    kind: str = ""
    code: str = ""
    description: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class TrackResult:
    """What a carrier says about one number: its scans, that it knows none, or an error."""

    number: str
    scans: Sequence[ParsedScan] = ()
    is_known: bool = True
    error: str = ""
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """A label to be bought; the key makes buying it twice impossible."""

    key: str
    service: str
    weight_grams: int
    reference: str
    sender: Mapping[str, str] = field(default_factory=dict)
    recipient: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A bought label."""

    tracking_number: str
    url: str = ""
    cost: Decimal | None = None
    currency: str = ""
    promised_on: date | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """What a client has to know of an account; no model, so that none is read in the loop."""

    account_id: int
    base_url: str
    api_key: str


class CarrierError(Exception):
    """A call failed."""


class TemporaryError(CarrierError):
    """The call may be repeated: a time-out, a reset, a 5xx, an unreadable answer."""

    def __init__(self, message: str, *, is_timeout: bool = False) -> None:
        super().__init__(message)
        self.is_timeout = is_timeout


class RateLimitedError(CarrierError):
    """The carrier asks to wait so many seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:.0f} s")
        self.retry_after = retry_after


class RefusedError(CarrierError):
    """Our credentials are refused: nobody is asked again before somebody looks."""


class PermanentError(CarrierError):
    """The request itself is refused: repeating it changes nothing."""


def check_answer(status: int, headers: Mapping[str, Any]) -> None:
    """Raise the fitting CarrierError for an HTTP status that is no success."""
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
