"""One round of asking carriers: claim, call outside of any transaction, record."""

import time
from collections.abc import Callable
from datetime import datetime

from backoffice.core.calls import PermanentError, RateLimitedError, RefusedError
from logistics.carriers.base import Label, TrackResult
from logistics.carriers.limits import Bucket
from logistics.carriers.registry import adapter_of
from logistics.carriers.transport import Caller, Fetched, buy_labels
from logistics.choices import ScanSource
from logistics.services.labels import LabelAnswer, claim_labels, record_labels
from logistics.services.polling import (
    Used,
    Window,
    claim_polls,
    close_window,
    open_window,
    record_polls,
)
from logistics.services.scans import Scan, apply_scans

Clock = Callable[[], datetime]
ROUND_SECONDS = 50.0
CALLS_PER_ROUND = 2_000


def scans_of(account_id: int, results: list[TrackResult], source: str) -> list[Scan]:
    """Return a carrier's results as scans of an account."""
    return [
        Scan(
            account_id,
            result.number,
            scan.occurred_at,
            scan.status,
            scan.kind,
            scan.code,
            scan.description,
            scan.location,
            source,
        )
        for result in results
        for scan in result.scans
    ]


def sync_account(account_id: int, *, clock: Clock, seconds: float = ROUND_SECONDS) -> int:
    """Ask one carrier account about what is due; return how many parcels were asked about."""
    window = open_window(account_id, now=clock(), calls=CALLS_PER_ROUND)
    if window is None:
        return 0
    total = Fetched()
    bucket = Bucket(window.rate, window.burst, window.tokens, 0.0, window.calls)
    asked = 0
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            fetched = _one_batch(window, bucket, clock, ends - time.monotonic())
            if fetched is None:
                break
            asked += len(fetched.results) + len(fetched.errors)
            _add(total, fetched)
            if fetched.unasked or fetched.limited_for or window.breaker.is_open:
                break
    finally:
        used = Used(
            total.calls,
            bucket.tokens,
            window.breaker,
            total.limited_for,
            total.refused,
            total.error,
            total.answered,
        )
        close_window(window, used, now=clock())
    return asked


def _one_batch(window: Window, bucket: Bucket, clock: Clock, seconds: float) -> Fetched | None:
    adapter = adapter_of(window.adapter)
    calls = bucket.quota or 0
    # At most what the rate allows in the time left, so that little is claimed in vain.
    calls = min(calls, int(max(bucket.tokens, 0) + window.rate * seconds) or 1)
    if calls <= 0:
        return None
    limit = calls * adapter.batch_max
    is_short = window.is_trial or (bucket.quota or 0) < 50
    claimed = claim_polls(window.access.account_id, now=clock(), limit=limit, is_short=is_short)
    if not claimed:
        return None
    caller = Caller(
        adapter,
        window.access,
        bucket=bucket,
        breaker=window.breaker,
        concurrency=window.concurrency,
        deadline=max(1.0, min(45.0, seconds)),
    )
    fetched = caller.fetch(list(claimed))
    now = clock()
    apply_scans(
        scans_of(window.access.account_id, list(fetched.results.values()), ScanSource.POLL),
        now=now,
    )
    record_polls(
        [claimed[n] for n in fetched.results],
        now=now,
        errors={claimed[n]: text for n, text in fetched.errors.items()},
        unasked=[claimed[n] for n in fetched.unasked],
    )
    return fetched


def _add(total: Fetched, part: Fetched) -> None:
    total.calls += part.calls
    total.answered += part.answered
    total.refused += part.refused
    total.limited_for = max(total.limited_for, part.limited_for)
    total.error = part.error or total.error


def buy_due_labels(*, clock: Clock, limit: int = 100) -> int:
    """Buy the labels that wait; return how many parcels are labelled now."""
    jobs = claim_labels(now=clock(), limit=limit)
    if not jobs:
        return 0
    answers = buy_labels({j.parcel_id: (adapter_of(j.adapter), j.access, j.order) for j in jobs})
    recorded = []
    for pk, answer in answers.items():
        if isinstance(answer, Label):
            recorded.append(LabelAnswer(pk, answer))
        else:
            is_final = isinstance(answer, (PermanentError, RefusedError))
            wait = answer.retry_after if isinstance(answer, RateLimitedError) else 0
            recorded.append(LabelAnswer(pk, None, str(answer), is_final, wait))
    return len(record_labels(recorded, now=clock()))
