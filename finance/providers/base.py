"""The one shape of provider adapters: what they are given, what they answer, how they fail."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Protocol

import httpx

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
ATTEMPTS = 3
LONGEST_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """A payment to be asked for; the key makes asking twice impossible."""

    key: str
    order_number: str
    amount: Decimal
    currency: str
    notify_url: str


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """What a payment is at the provider after its cancelling; the status is a PaymentStatus.

    Money that was quicker is CAPTURED: then the amount is what came in.
    """

    status: str
    external_id: str
    amount: Decimal
    currency: str
    method: str = ""


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money to go back out of a payment; the key makes paying twice impossible."""

    key: str
    payment_id: str
    amount: Decimal
    currency: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What became of a refund; the status is a RefundStatus."""

    status: str
    external_id: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A provider's notification in our words, about a payment or (with a key) a refund."""

    external_id: str
    status: str
    reference: str
    amount: Decimal
    currency: str
    happened_at: datetime
    method: str = ""
    failure: str = ""
    is_refund: bool = False


class ProviderError(Exception):
    """A call failed."""


class TemporaryError(ProviderError):
    """Nobody knows whether it was done: a time-out, a reset, a 5xx, an unreadable answer."""


class PermanentError(ProviderError):
    """The request itself is refused: nothing was done, repeating it changes nothing."""


class Adapter(Protocol):
    """One provider interface. Methods raise ProviderError; they never touch the database."""

    name: ClassVar[str]

    def is_configured(self) -> bool:
        """Say whether there are credentials to work with."""

    def request_payment(self, http: httpx.Client, order: PaymentOrder) -> str:
        """Ask for a payment; return the provider's id of it."""

    def cancel(self, http: httpx.Client, key: str) -> CancelAnswer | None:
        """Take a request for a payment back; None where the provider has never seen the key."""

    def refund(self, http: httpx.Client, order: RefundOrder) -> RefundAnswer:
        """Pay money back; the same key pays once."""

    def find_refund(self, http: httpx.Client, key: str) -> RefundAnswer | None:
        """Return what became of a refund, None where the provider has never seen the key."""

    def is_authentic(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> bool:
        """Verify a notification over its raw bytes, in constant time."""

    def parse_notice(self, body: bytes) -> Notice:
        """Read a notification; ValueError for one that cannot be read."""

    def notice_id(self, body: bytes) -> str:
        """Return what makes a notification unique."""


def call(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    missing_is_none: bool = False,
    **options: object,
) -> httpx.Response | None:
    """Call a provider up to three times, with jitter between; only for calls with a key.

    Return None for 404 where that is an answer. Raise TemporaryError or PermanentError.
    """
    error: ProviderError = TemporaryError("not tried")
    for attempt in range(ATTEMPTS):
        wait = random.uniform(0.5, 1.0) * 0.2 * 2**attempt  # noqa: S311
        try:
            answer = http.request(method, url, timeout=TIMEOUT, **options)  # type: ignore[arg-type]
        except httpx.HTTPError as problem:
            error = TemporaryError(f"{type(problem).__name__}: {problem}"[:300])
        else:
            if answer.is_success:
                return answer
            if answer.status_code == 404 and missing_is_none:
                return None
            text = f"HTTP {answer.status_code}: {answer.text[:200]}"
            if answer.status_code != 429 and answer.status_code < 500:
                raise PermanentError(text)
            error = TemporaryError(text)
            wait = max(wait, _retry_after(answer))
        if attempt + 1 < ATTEMPTS:
            sleep(min(wait, LONGEST_WAIT))
    raise error


def _retry_after(answer: httpx.Response) -> float:
    try:
        return float(answer.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0
