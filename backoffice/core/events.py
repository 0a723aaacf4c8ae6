"""Business facts: declared kinds, emission in the same transaction, delivery in batches."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from backoffice.core import wakeup
from backoffice.core.actor import _unit, acting_job, current_unit
from backoffice.core.choices import Origin
from backoffice.core.models.event import Event, EventDelivery
from backoffice.core.origins import origin_sql
from backoffice.core.past import moment_played
from backoffice.core.sql import column

logger = logging.getLogger(__name__)

FLOORS = ["core", "inventory", "orders", "logistics", "finance", "support", "insights"]
BATCH = 500
ATTEMPTS = 8
# Rules come before what happens by itself: a hold has to stand before the order moves on. One
# worker at a time runs them.
FIRST = "core.run_rules"

Handler = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A declared event kind: the floor that emits it and the model it is about."""

    name: str
    floor: str
    subject: str
    help: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A handler of one floor for some kinds."""

    name: str
    floor: str
    kinds: tuple[str, ...]
    function: Handler


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to one document."""

    subject_id: int
    order_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None


KINDS: dict[str, Kind] = {}
SUBSCRIPTIONS: dict[str, Subscription] = {}
BY_KIND: dict[str, list[str]] = defaultdict(list)
# A document whose writes are told by events of another document names those here.
SUBJECTS_BY_TABLE: dict[str, set[str]] = {}


def declare(floor: str, subject: str, kinds: Mapping[str, str]) -> None:
    """Declare the event kinds of one document: `declare("orders", "orders.order", {...})`."""
    for name, text in kinds.items():
        KINDS[name] = Kind(name, floor, subject, text)


def told_by(document: str, *subjects: str) -> None:
    """State that writes to one document may be told by events about other documents."""
    SUBJECTS_BY_TABLE[document] = {document, *subjects}


def needs_event(label: str) -> bool:
    """Say whether a written model is a business document, which may not change in silence."""
    from backoffice.core.models.document import BusinessDocument

    return issubclass(apps.get_model(label), BusinessDocument)


def on(*kinds: str) -> Callable[[Handler], Handler]:
    """Subscribe a handler `function(events, *, now)`; its module tells its floor."""

    def register(function: Handler) -> Handler:
        module = function.__module__.removeprefix("backoffice.")
        floor = module.split(".")[0]
        name = f"{floor}.{function.__name__}"
        SUBSCRIPTIONS[name] = Subscription(name, floor, kinds, function)
        for kind in kinds:
            BY_KIND[kind].append(name)
        return function

    return register


INSERT = """
WITH event AS (
  INSERT INTO core_event (kind, subject_type, subject_id, order_id, actor_id, request_id, reason,
    data, origin, rules, occurred_at)
  SELECT %(kind)s, %(subject_type)s, f.subject_id, f.order_id, %(actor)s, %(request)s, %(reason)s,
    f.data, {origin}, %(rules)s::bigint[], coalesce(f.occurred_at, %(now)s)
  FROM unnest(%(subjects)s::bigint[], %(orders)s::bigint[], %(data)s::jsonb[],
    %(times)s::timestamptz[]) WITH ORDINALITY AS f(subject_id, order_id, data, occurred_at, n)
  {join} ORDER BY f.n
  RETURNING id
)
"""
WEBHOOKS = "core.queue_webhooks"
# Rules and webhooks are asked for in rows, which another process may have written a moment ago.
LISTENING = f"""
SELECT unnest(%(handlers)s::text[]) AS h
UNION ALL SELECT '{WEBHOOKS}' WHERE EXISTS (SELECT FROM core_webhookendpoint
  WHERE is_active AND kinds && %(patterns)s::varchar[])
UNION ALL SELECT '{FIRST}' WHERE %(origin)s <> 'IMPORT' AND EXISTS (
  SELECT FROM core_rule r WHERE r.event = %(kind)s AND r.mode <> 'OFF')
"""
DELIVER = f"""
INSERT INTO core_eventdelivery (event_id, handler)
SELECT event.id, h FROM event CROSS JOIN ({LISTENING}) AS listening
"""


def patterns(kind: str) -> list[str]:
    """Return the names under which an event kind can be asked for: itself, its group, all."""
    return [kind, f"{kind.split('.')[0]}.*", "*"]


def _header(kind: str) -> dict[str, Any]:
    """Return what all events of one call share, and note that the subject has told."""
    unit = current_unit()
    declared = KINDS[kind]
    unit.subjects.add(declared.subject)
    return {
        "kind": kind,
        "subject_type": declared.subject,
        "actor": unit.actor.user_id,
        "request": unit.actor.request_id,
        "reason": unit.reason[:300],
        "origin": unit.actor.origin,
        "rules": list(unit.actor.rules) or None,
        "now": unit.now,
        "handlers": BY_KIND.get(kind, []),
        "patterns": patterns(kind),
    }


def _origin(kind: str) -> dict[str, str]:
    """Return how an event learns its origin: a document that is not live stays so, whoever acts."""
    model = apps.get_model(KINDS[kind].subject)
    if not hasattr(model, "origin"):
        return {"origin": "%(origin)s", "join": ""}
    return {
        "origin": origin_sql("d"),
        "join": f'LEFT JOIN "{model._meta.db_table}" d ON d.id = f.subject_id',
    }


def _deliver(event: str, parameters: Mapping[str, Any]) -> None:
    """Write events and their deliveries in one statement; wake a worker for them."""
    with connection.cursor() as cursor:
        cursor.execute(event + DELIVER, parameters)
        _wake_after_commit(cursor.rowcount > 0)


def _wake_after_commit(is_awaited: bool) -> None:
    unit = current_unit()
    if is_awaited and not unit.wakes:
        unit.wakes = True
        transaction.on_commit(wake, robust=True)


def emit(kind: str, facts: Iterable[Fact]) -> None:
    """Write events and their deliveries in the open service block, in one statement."""
    values = _header(kind)
    facts = list(facts)
    if not facts:
        return
    parameters = values | {
        "subjects": column([f.subject_id for f in facts]),
        "orders": column([f.order_id for f in facts]),
        "data": column([json.dumps(f.data, default=str) for f in facts]),
        "times": column([f.occurred_at for f in facts]),
    }
    _deliver(INSERT.format(**_origin(kind)), parameters)


SELECTED = """
fact AS MATERIALIZED ({source}), event AS (
  INSERT INTO core_event (kind, subject_type, subject_id, order_id, actor_id, request_id, reason,
    data, origin, rules, occurred_at)
  SELECT %(kind)s, %(subject_type)s, f.subject_id, f.order_id, %(actor)s, %(request)s, %(reason)s,
    f.data, {origin}, %(rules)s::bigint[], coalesce(f.occurred_at, %(now)s)
  FROM fact f ORDER BY f.subject_id
  RETURNING id
), delivery AS ({deliver})
"""


def emit_selected(kind: str, source: str) -> tuple[str, dict[str, Any]]:
    """Return the CTEs that write events of a query, and their parameters.

    For a statement that makes these facts true: nothing travels to Python and back. The query
    gives `subject_id, order_id, data (jsonb), occurred_at, origin` per row: what the statement
    itself writes cannot be read in it.
    """
    values = _header(kind)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({LISTENING})", values)
        _wake_after_commit(cursor.fetchone()[0])
    return SELECTED.format(source=source, deliver=DELIVER, origin=origin_sql("f")), values


def historic_times(events: Iterable[Event]) -> dict[int, datetime]:
    """Return when orders' past events happened: what follows by itself happened then, too."""
    is_past = moment_played() is not None
    return {
        e.order_id: e.occurred_at
        for e in events
        if (is_past or e.origin == Origin.IMPORT) and e.order_id is not None
    }


def wake() -> None:
    """Ask a worker to deliver; beat does so anyway where the broker does not answer."""
    from backoffice.core.tasks import deliver_events

    wakeup.wake_once(deliver_events, expires=60)


CLAIM = f"""
SELECT d.id, d.event_id FROM core_eventdelivery d
WHERE d.handler = %s AND d.set_aside_at IS NULL AND d.next_attempt_at <= %s
  AND (d.handler = '{FIRST}' OR NOT EXISTS (SELECT FROM core_eventdelivery f
    WHERE f.handler = '{FIRST}' AND f.event_id = d.event_id AND f.set_aside_at IS NULL))
ORDER BY d.event_id LIMIT %s FOR UPDATE SKIP LOCKED
"""
ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def deliver(*, now: datetime, until_empty: bool = True) -> int:
    """Deliver what is due, handler by handler in batches; return how many were handled."""
    if _unit.get() is not None:
        raise RuntimeError("Deliver outside of service blocks: handlers need their own.")
    total = 0
    while True:
        handled = sum(_deliver_to(name, now=now) for name in _waiting(now))
        total += handled
        if not handled or not until_empty:
            return total


def _waiting(now: datetime) -> list[str]:
    due = EventDelivery.objects.filter(set_aside_at=None, next_attempt_at__lte=now)
    names = due.values_list("handler", flat=True).distinct()
    return [name for name in SUBSCRIPTIONS if name in set(names)]


def _deliver_to(handler: str, *, now: datetime) -> int:
    with connection.cursor() as cursor, transaction.atomic():
        if handler == FIRST:
            cursor.execute(ALONE, [handler])
            if not cursor.fetchone()[0]:
                return 0
        cursor.execute(CLAIM, [handler, now, BATCH])
        claimed = cursor.fetchall()
        if not claimed:
            return 0
        try:
            with transaction.atomic():
                _run(handler, claimed, now=now)
            return len(claimed)
        except Exception:
            logger.exception("%s failed on a batch of %s events", handler, len(claimed))
        # The rows stay locked by us while the batch is halved down to the bad event.
        return _bisect(handler, claimed, now=now)


def _bisect(handler: str, claimed: Sequence[tuple[int, int]], *, now: datetime) -> int:
    if len(claimed) == 1:
        return _try_one(handler, claimed, now=now)
    middle = len(claimed) // 2
    handled = 0
    for half in (claimed[:middle], claimed[middle:]):
        try:
            with transaction.atomic():
                _run(handler, half, now=now)
            handled += len(half)
        except Exception:
            handled += _bisect(handler, half, now=now)
    return handled


def _try_one(handler: str, claimed: Sequence[tuple[int, int]], *, now: datetime) -> int:
    try:
        with transaction.atomic():
            _run(handler, claimed, now=now)
        return 1
    except Exception as error:
        delivery = EventDelivery.objects.get(pk=claimed[0][0])
        delivery.attempts += 1
        delivery.error = f"{type(error).__name__}: {error}"[:2000]
        delivery.next_attempt_at = now + timedelta(seconds=min(3600, 5 * 2**delivery.attempts))
        if delivery.attempts >= ATTEMPTS:
            delivery.set_aside_at = now
        delivery.save()
        return 0


def _run(handler: str, claimed: Sequence[tuple[int, int]], *, now: datetime) -> None:
    events = list(Event.objects.filter(pk__in=[e for _, e in claimed]).order_by("pk"))
    by_cause: dict[tuple[str, tuple[int, ...]], list[Event]] = defaultdict(list)
    for event in events:
        by_cause[event.origin, tuple(event.rules or ())].append(event)
    for (origin, rules), batch in by_cause.items():
        # What is imported is handled at its own time, as if it had been live.
        moment = max(e.occurred_at for e in batch) if origin == Origin.IMPORT else now
        moment = moment_played() or moment
        with acting_job("events", origin=origin, rules=rules):
            SUBSCRIPTIONS[handler].function(batch, now=moment)
    EventDelivery.objects.filter(pk__in=[d for d, _ in claimed]).delete()


def retry_set_aside(delivery_ids: Iterable[int]) -> int:
    """Give events that were set aside another round of attempts."""
    return EventDelivery.objects.filter(
        pk__in=list(delivery_ids), set_aside_at__isnull=False
    ).update(set_aside_at=None, attempts=0, next_attempt_at=timezone.now(), error="")
