"""Sends what is queued: claimed, called outside any transaction, noted; tried for three days."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.models import WebhookEndpoint
from backoffice.core.models.webhook import WebhookStatus
from backoffice.core.sql import execute
from backoffice.core.webhooks.body import message_bodies
from backoffice.core.webhooks.calls import Answer, Call, make_calls, parse_retry_after
from backoffice.core.webhooks.endpoints import switch_off_gone

LEASE = timedelta(minutes=2)
GIVE_UP = timedelta(days=3)
FIRST_PAUSE, LONGEST_PAUSE = 10, 12 * 3600
AT_ONCE = 20
ENDPOINTS = 10
GONE_FOR_GOOD = 410
# So many failures in a row, and the endpoint itself is left in peace for a while.
PATIENCE, LONGEST_REST = 10, 600
LONGEST_ASKED_REST = timedelta(days=1)
BUSY = (429, 503)

CLAIM = """
WITH ready AS (
  SELECT h.endpoint_id FROM core_webhookhealth h
  JOIN core_webhookendpoint w ON w.id = h.endpoint_id AND w.is_active
  WHERE coalesce(h.lease_until, %(now)s) <= %(now)s AND coalesce(h.paused_until, %(now)s) <= %(now)s
    AND EXISTS (SELECT FROM core_webhookdelivery d WHERE d.endpoint_id = w.id
      AND d.status = 'QUEUED' AND d.next_attempt_at <= %(now)s)
  ORDER BY h.lease_until NULLS FIRST, h.endpoint_id LIMIT %(endpoints)s
  FOR UPDATE OF h SKIP LOCKED
), leased AS (
  UPDATE core_webhookhealth h SET lease_until = %(lease)s FROM ready
  WHERE h.endpoint_id = ready.endpoint_id RETURNING h.endpoint_id
), chosen AS (
  SELECT q.id FROM leased CROSS JOIN LATERAL (
    SELECT d.id FROM core_webhookdelivery d WHERE d.endpoint_id = leased.endpoint_id
      AND d.status = 'QUEUED' AND d.next_attempt_at <= %(now)s
    ORDER BY d.next_attempt_at, d.id LIMIT %(at_once)s FOR UPDATE SKIP LOCKED) q
)
UPDATE core_webhookdelivery d SET attempts = d.attempts + 1, next_attempt_at = %(lease)s
FROM chosen WHERE d.id = chosen.id
RETURNING d.id, d.attempts, d.endpoint_id, d.event_id, d.queued_at
"""
NOTE = """
WITH result AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(statuses)s::text[],
    %(answers)s::smallint[], %(times)s::timestamptz[], %(spent)s::int[], %(errors)s::text[],
    %(texts)s::text[]) AS r(id, attempt, status, answer, next_at, spent, error, text)
), noted AS (
  UPDATE core_webhookdelivery d SET status = r.status, answer_status = r.answer,
    next_attempt_at = r.next_at,
    finished_at = CASE WHEN r.status <> 'QUEUED' THEN %(now)s::timestamptz END
  FROM result r WHERE d.id = r.id AND d.status = 'QUEUED' AND d.attempts = r.attempt
)
INSERT INTO core_webhookattempt (delivery_id, at, status, milliseconds, error, answer)
SELECT id, %(now)s, answer, spent, error, text FROM result ORDER BY id
"""
HEALTH = """
UPDATE core_webhookhealth h SET lease_until = NULL,
  failures = CASE WHEN r.is_alive THEN 0 ELSE h.failures + r.failures END,
  last_success_at = CASE WHEN r.has_success THEN %(now)s ELSE h.last_success_at END,
  paused_until = CASE
    WHEN r.rest_until IS NOT NULL THEN r.rest_until
    WHEN NOT r.is_alive AND h.failures + r.failures >= %(patience)s
      THEN %(now)s::timestamptz + least(%(longest)s, 5 * power(2, least(10,
        h.failures + r.failures - %(patience)s))) * interval '1 second' END
FROM unnest(%(endpoints)s::bigint[], %(alive)s::bool[], %(success)s::bool[], %(failures)s::int[],
  %(rests)s::timestamptz[]) AS r(endpoint_id, is_alive, has_success, failures, rest_until)
WHERE h.endpoint_id = r.endpoint_id
"""
# An endpoint that stays off is not waited for longer than one that does not answer.
BURY = """
UPDATE core_webhookdelivery d SET status = 'DEAD', finished_at = %(now)s
FROM core_webhookendpoint w WHERE w.id = d.endpoint_id AND NOT w.is_active
  AND d.status = 'QUEUED' AND d.queued_at <= %(before)s
"""


def send_due(*, now: datetime) -> int:
    """Send one batch of what is due; return how many calls were made.

    An endpoint is served by one sender at a time. What a sender that died had claimed is due
    again when its lease has ended.
    """
    claimed = execute(
        CLAIM,
        {"now": now, "lease": now + LEASE, "endpoints": ENDPOINTS, "at_once": AT_ONCE},
    )
    if not claimed:
        execute(BURY, {"now": now, "before": now - GIVE_UP})
        return 0
    calls = _calls(claimed, now)
    queued_at = {pk: at for pk, _attempt, _endpoint, _event, at in claimed}
    answers = make_calls(calls, now=now)
    pairs = list(zip(calls, answers, strict=True))
    with transaction.atomic():
        _note(pairs, queued_at, now)
        _note_health(pairs, now)
    if gone := {call.endpoint_id for call, answer in pairs if answer.status == GONE_FOR_GOOD}:
        with acting_job("system"):
            switch_off_gone(sorted(gone), now=now, reason="410 Gone")
    return len(calls)


def send_all(*, seconds: float = 240) -> int:
    """Send until nothing is due, or the time is up."""
    ends = timezone.now() + timedelta(seconds=seconds)
    total = 0
    while (now := timezone.now()) < ends and (sent := send_due(now=now)):
        total += sent
    return total


def _calls(claimed: Sequence[tuple], now: datetime) -> list[Call]:
    endpoints = WebhookEndpoint.objects.in_bulk({row[2] for row in claimed})
    bodies = message_bodies([row[3] for row in claimed])
    calls = []
    for pk, attempt, endpoint_id, event_id, _queued_at in sorted(claimed):
        endpoint = endpoints[endpoint_id]
        until = endpoint.previous_secret_until
        older = (endpoint.previous_secret,) if until and until > now else ()
        secrets = (endpoint.secret, *older)
        message_id = f"evt_{event_id}"
        body = bodies[event_id]
        calls.append(Call(pk, attempt, endpoint_id, endpoint.url, secrets, message_id, body))
    return calls


def _answered_at(answer: Answer, now: datetime) -> datetime:
    return now + timedelta(milliseconds=answer.milliseconds)


def verdict(
    answer: Answer, attempt: int, queued_at: datetime, *, now: datetime
) -> tuple[str, datetime]:
    """Return a delivery's new state and when it is tried next.

    The pause is 10 s · 4^(attempt - 1), half a day at most, ±25 %; the last try is at three days.
    """
    at = _answered_at(answer, now)
    if answer.is_success:
        return WebhookStatus.DELIVERED, at
    deadline = queued_at + GIVE_UP
    asked = parse_retry_after(answer.retry_after, now=at) or at
    if answer.status == GONE_FOR_GOOD or at >= deadline or asked > deadline:
        return WebhookStatus.DEAD, at
    seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** min(attempt - 1, 10))
    pause = timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311
    return WebhookStatus.QUEUED, max(min(at + pause, deadline), asked)


def _note(
    pairs: Sequence[tuple[Call, Answer]], queued_at: dict[int, datetime], now: datetime
) -> None:
    """Write down what came of calls; a replay or a later sender is not overwritten."""
    verdicts = [verdict(a, c.attempt, queued_at[c.delivery_id], now=now) for c, a in pairs]
    execute(
        NOTE,
        {
            "now": now,
            "ids": [c.delivery_id for c, _ in pairs],
            "attempts": [c.attempt for c, _ in pairs],
            "statuses": [status for status, _ in verdicts],
            "times": [at for _, at in verdicts],
            "answers": [a.status for _, a in pairs],
            "spent": [a.milliseconds for _, a in pairs],
            "errors": [a.error for _, a in pairs],
            "texts": [a.text for _, a in pairs],
        },
    )


def _note_health(pairs: Sequence[tuple[Call, Answer]], now: datetime) -> None:
    """Rest an endpoint that asks for it, or that has not answered sensibly for long."""
    by_endpoint: dict[int, list[Answer]] = {}
    for call, answer in pairs:
        by_endpoint.setdefault(call.endpoint_id, []).append(answer)
    rows: list[tuple[Any, ...]] = []
    for endpoint_id, answers in by_endpoint.items():
        ill = [a for a in answers if a.status is None or a.status == 429 or a.status >= 500]
        rests = [
            min(asked, now + LONGEST_ASKED_REST)
            for a in answers
            if a.status in BUSY
            and (asked := parse_retry_after(a.retry_after, now=_answered_at(a, now)))
        ]
        is_success = any(a.is_success for a in answers)
        is_alive = len(ill) < len(answers)
        rows.append((endpoint_id, is_alive, is_success, len(ill), max(rests, default=None)))
    endpoints, alive, success, failures, until = zip(*rows, strict=True)
    execute(
        HEALTH,
        {
            "now": now,
            "patience": PATIENCE,
            "longest": LONGEST_REST,
            "endpoints": list(endpoints),
            "alive": list(alive),
            "success": list(success),
            "failures": list(failures),
            "rests": list(until),
        },
    )
