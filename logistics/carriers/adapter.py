"""The base of all carrier adapters: one call over HTTP, and what a carrier cannot do."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import aiohttp

from backoffice.core.calls import PermanentError, TemporaryError, check_answer
from logistics.carriers.base import Access, Label, LabelOrder, TrackResult

LARGEST_ANSWER = 5_000_000
T = TypeVar("T")


class Adapter:
    """A carrier without an interface; a real one overrides what it can do.

    Methods raise CallError and never touch the database. Retries, pace, quota and breaker are
    not theirs.
    """

    batch_max = 1
    buys_labels = False
    tracks = False

    @property
    def needs_number(self) -> bool:
        """Say whether a parcel has to be given its number by hand."""
        return self.tracks and not self.buys_labels

    async def fetch(
        self, session: aiohttp.ClientSession, access: Access, numbers: Sequence[str]
    ) -> list[TrackResult]:
        """Ask for the scans of up to `batch_max` numbers."""
        raise PermanentError("This carrier cannot be asked for scans.")

    async def buy(self, session: aiohttp.ClientSession, access: Access, order: LabelOrder) -> Label:
        """Buy a label; the same key gives the same label."""
        raise PermanentError("This carrier sells no labels.")

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime
    ) -> bool:
        """Verify a push over its raw bytes, in constant time."""
        return False

    def parse_push(self, body: bytes) -> list[TrackResult]:
        """Read a push; ValueError for one that cannot be read."""
        raise ValueError("This carrier does not push.")

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Return what makes a push unique, made of signed bytes only."""
        return hashlib.sha256(body).hexdigest()

    def headers(self, access: Access) -> dict[str, str]:
        """Return what proves to the carrier who calls."""
        return {"Authorization": f"Bearer {access.api_key}"}

    async def call(
        self,
        session: aiohttp.ClientSession,
        access: Access,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        **options: Any,
    ) -> T:
        """Call the carrier and read its answer by `read`; whatever fails is a CallError."""
        url = f"{access.base_url.rstrip('/')}/{path}"
        known = self.headers(access)
        try:
            async with session.request(
                method, url, headers=known, allow_redirects=False, **options
            ) as answer:
                check_answer(answer.status, answer.headers)
                body = await _bounded(answer.content)
        except TimeoutError as error:
            raise TemporaryError("no answer in time", is_timeout=True) from error
        except aiohttp.ClientError as error:
            raise TemporaryError(f"{type(error).__name__}: {error}"[:300]) from error
        try:
            return read(body)
        except ValueError as error:
            raise TemporaryError(f"unreadable answer: {error}"[:300]) from error


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = await content.read(LARGEST_ANSWER + 1)
    while not content.at_eof() and len(body) <= LARGEST_ANSWER:
        body += await content.read(LARGEST_ANSWER)
    if len(body) > LARGEST_ANSWER:
        raise TemporaryError("the answer is too large")
    return body
