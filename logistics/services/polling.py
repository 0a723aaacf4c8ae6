"""Polling carriers: leases, budgets and claims before the calls, results after them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.locks import claim, lock
from backoffice.core.sql import execute
from logistics.carriers.base import Access
from logistics.carriers.limits import Breaker, next_factor, next_pause
from logistics.carriers.policy import Watched, after_failure, next_poll
from logistics.carriers.registry import tracking_adapters
from logistics.choices import BreakerState
from logistics.models import AccountState, CarrierAccount, Parcel

WINDOW_LEASE = timedelta(seconds=120)
PARCEL_LEASE = timedelta(minutes=10)
NUMBERS_PER_CLAIM = 500
DUE_ACCOUNTS = """
SELECT a.id FROM logistics_carrieraccount a
LEFT JOIN logistics_accountstate s ON s.account_id = a.id
WHERE a.is_active AND a.adapter = ANY(%(adapters)s)
  AND coalesce(s.lease_until < %(now)s, true) AND coalesce(s.breaker_until <= %(now)s, true)
  AND coalesce(s.limited_until <= %(now)s, true)
  AND EXISTS (SELECT FROM logistics_tracking t
    WHERE t.account_id = a.id AND t.next_poll_at <= %(now)s)
ORDER BY a.id
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Leave to call one account for a while: how fast, how often, how many at once."""

    access: Access
    adapter: str
    rate: float
    burst: int
    tokens: float
    concurrency: int
    calls: int | None
    breaker: Breaker
    is_trial: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """What a window was used for: calls made, what stopped it, how the breaker stands."""

    calls: int
    tokens: float
    breaker: Breaker
    limited_for: float = 0
    refused: int = 0
    error: str = ""
    answered: int = 0


def due_accounts(now: datetime) -> list[int]:
    """Return accounts that may be called now and have parcels to ask about."""
    rows = execute(DUE_ACCOUNTS, {"now": now, "adapters": tracking_adapters()})
    return [row[0] for row in rows]


@service
def open_window(account_id: int, *, now: datetime, calls: int) -> Window | None:
    """Lease an account to one worker and set aside so many calls of its quota at most.

    The calls count as used from here on, so that no crash can overdraw the quota; what is left
    over is given back by `close_window`. None where somebody else is at it or it has to rest.
    """
    account = CarrierAccount.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        return None
    execute(
        "INSERT INTO logistics_accountstate (account_id) VALUES (%s) ON CONFLICT DO NOTHING",
        [account_id],
    )
    if not lock(AccountState, [account_id], skip_locked=True):
        return None
    state = AccountState.objects.get(pk=account_id)
    if any(
        t is not None and t > now
        for t in (state.lease_until, state.breaker_until, state.limited_until)
    ):
        return None
    today = now.astimezone(UTC).date()
    if state.used_on != today:
        state.used_on, state.used, state.refused = today, 0, 0
    is_trial = state.breaker != BreakerState.CLOSED
    wanted = 1 if is_trial else calls
    granted = wanted
    if account.calls_per_day is not None:
        granted = min(wanted, max(0, account.calls_per_day - state.used))
        if not granted:
            state.limited_until = datetime.combine(
                today + timedelta(days=1), datetime.min.time(), UTC
            )
            state.save()
            return None
    rate = float(account.calls_per_second) * state.rate_factor
    tokens = float(account.burst)
    if state.tokens_at is not None:
        passed = max(0.0, (now - state.tokens_at).total_seconds())
        tokens = min(tokens, state.tokens + passed * rate)
    state.used += granted
    state.lease_until = now + WINDOW_LEASE
    if is_trial:
        state.breaker = BreakerState.HALF_OPEN
    state.save()
    return Window(
        Access(account.pk, account.base_url, account.api_key),
        account.adapter,
        rate,
        account.burst,
        tokens,
        account.concurrency,
        granted,
        Breaker("" if is_trial else state.window, 0 if is_trial else state.timeouts, is_trial),
        is_trial,
        now,
    )


@service
def close_window(window: Window, used: Used, *, now: datetime) -> None:
    """Give the lease back with what was not used, and remember how it went."""
    lock(AccountState, [window.access.account_id])
    state = AccountState.objects.get(pk=window.access.account_id)
    if window.calls is not None and state.used_on == window.opened_at.astimezone(UTC).date():
        state.used = max(0, state.used - (window.calls - used.calls))
    state.lease_until = None
    state.tokens, state.tokens_at = used.tokens, now
    state.refused += used.refused
    minutes = (now - window.opened_at).total_seconds() / 60
    if used.calls:
        state.rate_factor = next_factor(
            state.rate_factor, was_limited=used.refused > 0, minutes=max(minutes, 0.25)
        )
    if used.limited_for:
        state.limited_until = now + timedelta(seconds=used.limited_for)
    state.window, state.timeouts = used.breaker.window, used.breaker.timeouts
    if used.breaker.is_open:
        state.breaker_seconds = next_pause(state.breaker_seconds)
        state.breaker = BreakerState.OPEN
        state.breaker_until = now + timedelta(seconds=state.breaker_seconds)
        state.window, state.timeouts = "", 0
    elif used.answered:
        state.breaker, state.breaker_until, state.breaker_seconds = BreakerState.CLOSED, None, 0
    elif window.is_trial:
        state.breaker = BreakerState.OPEN
    if used.answered:
        state.last_success_at = now
    state.last_error = used.error[:300]
    state.save()


DUE = """
SELECT t.parcel_id FROM logistics_tracking t
WHERE t.account_id = %s AND t.next_poll_at <= %s ORDER BY t.next_poll_at LIMIT %s
"""
# Where the quota is short, the parcels that matter most come first.
DUE_BY_WEIGHT = """
SELECT t.parcel_id FROM logistics_tracking t
WHERE t.account_id = %s AND t.next_poll_at <= %s
ORDER BY (SELECT CASE WHEN p.status = 'OUT_FOR_DELIVERY' THEN 0
  WHEN p.promised_on < %s THEN 1 ELSE 2 END FROM logistics_parcel p WHERE p.id = t.parcel_id),
  t.next_poll_at LIMIT %s
"""
TAKE = """
UPDATE logistics_tracking t SET lease_until = %(lease)s, next_poll_at = %(lease)s
FROM logistics_parcel p WHERE t.parcel_id = ANY(%(ids)s) AND p.id = t.parcel_id
RETURNING t.parcel_id, p.tracking_number
"""


@service
def claim_polls(
    account_id: int, *, now: datetime, limit: int, is_short: bool = False
) -> dict[str, int]:
    """Claim due parcels: tracking number → parcel. A crash makes them due again in ten minutes."""
    limit = min(limit, NUMBERS_PER_CLAIM)
    if is_short:
        ids = claim(DUE_BY_WEIGHT, [account_id, now, now.date(), limit])
    else:
        ids = claim(DUE, [account_id, now, limit])
    rows = execute(TAKE, {"lease": now + PARCEL_LEASE, "ids": ids}) if ids else []
    return {number: pk for pk, number in sorted(rows, key=lambda row: ids.index(row[0]))}


WATCHED = """
SELECT p.id, p.status, p.shipped_at, p.promised_on, t.first_scan_at, t.push_seen_at,
  a.push_enabled, a.time_zone, a.poll_pace, t.failures
FROM logistics_tracking t JOIN logistics_parcel p ON p.id = t.parcel_id
JOIN logistics_carrieraccount a ON a.id = t.account_id WHERE t.parcel_id = ANY(%s)
"""
RECORD = """
UPDATE logistics_tracking t SET lease_until = NULL, next_poll_at = r.next, failures = r.failures,
  error = r.error, last_polled_at = CASE WHEN r.asked THEN %(now)s ELSE t.last_polled_at END
FROM unnest(%(ids)s::bigint[], %(next)s::timestamptz[], %(failures)s::int[], %(errors)s::text[],
  %(asked)s::bool[]) AS r(id, next, failures, error, asked) WHERE t.parcel_id = r.id
  AND (r.asked OR t.next_poll_at IS NOT NULL)
"""


@service
def record_polls(
    asked: Sequence[int],
    *,
    now: datetime,
    errors: dict[int, str] | None = None,
    unasked: Sequence[int] = (),
    heard: Sequence[int] = (),
) -> None:
    """Write when parcels are looked at next: asked about, failed, not asked, or heard of by push.

    The ones that nobody came round to stay due.
    """
    errors = errors or {}
    ids = [*asked, *errors, *unasked, *heard]
    # Scans write the same rows, under the same lock.
    lock(Parcel, ids)
    left, told = set(unasked), set(heard)
    rows: list[tuple[int, datetime | None, int, str, bool]] = []
    for pk, status, shipped_at, promised_on, first, push, pushes, zone, pace, failures in execute(
        WATCHED, [ids]
    ):
        watched = Watched(status, shipped_at or now, promised_on, first, push, pushes, zone, pace)
        if pk in left:
            rows.append((pk, now, failures, "", False))
        elif pk in errors:
            spread = random.uniform(0.5, 1.5)  # noqa: S311
            at = after_failure(failures, now=now, jitter=spread)
            rows.append((pk, at, min(failures + 1, 1000), errors[pk][:300], True))
        else:
            spread = random.uniform(0.9, 1.1)  # noqa: S311
            rows.append((pk, next_poll(watched, now=now, jitter=spread), 0, "", pk not in told))
    execute(
        RECORD,
        {
            "now": now,
            "ids": [row[0] for row in rows],
            "next": [row[1] for row in rows],
            "failures": [row[2] for row in rows],
            "errors": [row[3] for row in rows],
            "asked": [row[4] for row in rows],
        },
    )
