"""Calls carriers: paced, bounded, retried with jitter, one event loop per batch, no database."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from backoffice.core.calls import (
    CallError,
    PermanentError,
    RateLimitedError,
    RefusedError,
    TemporaryError,
)
from logistics.carriers.adapter import Adapter
from logistics.carriers.base import Access, Label, LabelOrder, TrackResult
from logistics.carriers.limits import Breaker, Bucket

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=2)
LABEL_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=2)
RETRIES = 2
BACKOFF = (0.5, 4.0)


@dataclass(slots=True)
class Fetched:
    """What a batch gave by number, and what it cost."""

    results: dict[str, TrackResult] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)
    calls: int = 0
    answered: int = 0
    refused: int = 0
    limited_for: float = 0
    error: str = ""


class Caller:
    """Makes the calls of one batch against one account."""

    def __init__(
        self,
        adapter: Adapter,
        access: Access,
        *,
        bucket: Bucket,
        breaker: Breaker,
        concurrency: int,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
        deadline: float = 45.0,
    ) -> None:
        self.adapter, self.access = adapter, access
        self.bucket, self.breaker = bucket, breaker
        self.concurrency, self.timeout = concurrency, timeout
        self.deadline = deadline
        self.fetched = Fetched()

    def fetch(self, numbers: Sequence[str]) -> Fetched:
        """Ask for all numbers; what could not be asked in time or for quota is `unasked`."""
        asyncio.run(self._fetch(numbers))
        return self.fetched

    async def _fetch(self, numbers: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        self.bucket.at = self.bucket.at or loop.time()
        self.ends = loop.time() + self.deadline
        size = self.adapter.batch_max
        chunks = [numbers[n : n + size] for n in range(0, len(numbers), size)]
        # A trial call of an opened breaker goes alone.
        gate = asyncio.Semaphore(1 if self.breaker.is_trial else self.concurrency)
        connector = aiohttp.TCPConnector(limit=self.concurrency)
        async with aiohttp.ClientSession(timeout=self.timeout, connector=connector) as session:
            # aiohttp would repeat a broken GET by itself, past the quota that is counted here.
            session._retry_connection = False
            await asyncio.gather(*(self._chunk(session, gate, chunk) for chunk in chunks))

    def _stops(self) -> bool:
        return bool(self.breaker.is_open or self.fetched.limited_for)

    async def _chunk(
        self, session: aiohttp.ClientSession, gate: asyncio.Semaphore, numbers: Sequence[str]
    ) -> None:
        async with gate:
            for attempt in range(RETRIES + 1):
                if not await self._may_call():
                    break
                self.fetched.calls += 1
                try:
                    results = await self.adapter.fetch(session, self.access, numbers)
                except CallError as error:
                    if not self._note(error) or attempt == RETRIES:
                        if not isinstance(error, RateLimitedError):
                            self._fail(numbers, error)
                        break
                    await asyncio.sleep(random.uniform(0, min(BACKOFF[1], BACKOFF[0] * 4**attempt)))  # noqa: S311
                else:
                    self._answer(numbers, results)
                    return
            for number in numbers:
                if number not in self.fetched.errors:
                    self.fetched.unasked.append(number)

    async def _may_call(self) -> bool:
        """Wait for a token; refuse where the quota, the time or the breaker says no."""
        loop = asyncio.get_running_loop()
        if self._stops() or loop.time() >= self.ends:
            return False
        wait = self.bucket.wait(loop.time())
        if wait is None:
            return False
        if loop.time() + wait > self.ends:
            self._return_token()
            return False
        if wait:
            await asyncio.sleep(wait)
        if self._stops():
            self._return_token()
            return False
        return True

    def _return_token(self) -> None:
        self.bucket.tokens += 1
        if self.bucket.quota is not None:
            self.bucket.quota += 1

    def _note(self, error: CallError) -> bool:
        """Account for a failed call; say whether it may be repeated."""
        self.fetched.error = str(error)[:300]
        if isinstance(error, RateLimitedError):
            self.fetched.refused += 1
            self.fetched.limited_for = max(self.fetched.limited_for, error.retry_after)
            return False
        if isinstance(error, RefusedError):
            self.breaker.trip()
            return False
        if isinstance(error, PermanentError):
            self.breaker.success()
            self.fetched.answered += 1
            return False
        is_timeout = isinstance(error, TemporaryError) and error.is_timeout
        self.breaker.failure(is_timeout=is_timeout)
        return not self._stops()

    def _fail(self, numbers: Sequence[str], error: CallError) -> None:
        for number in numbers:
            self.fetched.errors[number] = str(error)[:300]

    def _answer(self, numbers: Sequence[str], results: Sequence[TrackResult]) -> None:
        self.breaker.success()
        self.fetched.answered += 1
        by_number = {r.number: r for r in results}
        for number in numbers:
            result = by_number.get(number)
            if result is None:
                self.fetched.errors[number] = "the carrier left this number out"
            elif result.error:
                self.fetched.errors[number] = result.error
            else:
                self.fetched.results[number] = result


async def _buy(
    jobs: Mapping[int, tuple[Adapter, Access, LabelOrder]], concurrency: int
) -> dict[int, Label | CallError]:
    gate = asyncio.Semaphore(concurrency)
    answers: dict[int, Label | CallError] = {}

    async def one(session: aiohttp.ClientSession, pk: int) -> None:
        adapter, access, order = jobs[pk]
        async with gate:
            try:
                answers[pk] = await adapter.buy(session, access, order)
            except CallError as error:
                answers[pk] = error

    async with aiohttp.ClientSession(timeout=LABEL_TIMEOUT) as session:
        await asyncio.gather(*(one(session, pk) for pk in jobs))
    return answers


def buy_labels(
    jobs: Mapping[int, tuple[Adapter, Access, LabelOrder]], *, concurrency: int = 10
) -> dict[int, Label | CallError]:
    """Buy labels; of each parcel the label or what went wrong."""
    return asyncio.run(_buy(jobs, concurrency))
