"""The queue of webhooks: one row per endpoint and event, made of the event log."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backoffice.core import wakeup
from backoffice.core.actor import service
from backoffice.core.events import on
from backoffice.core.locks import lock
from backoffice.core.models import Event, WebhookDelivery
from backoffice.core.models.webhook import WebhookStatus
from backoffice.core.past import moment_played
from backoffice.core.sql import execute
from backoffice.core.states import GONE, Outcome
from backoffice.core.webhooks.subscriptions import matches

OFF = _("The endpoint is switched off.")
PAST = _("The event was imported or played: nothing is sent for it.")

QUEUE = """
INSERT INTO core_webhookdelivery AS d
  (endpoint_id, event_id, status, queued_at, next_attempt_at, finished_at)
SELECT w.id, e.id, CASE WHEN past THEN 'SUPPRESSED' ELSE 'QUEUED' END,
  %(now)s, %(now)s, CASE WHEN past THEN %(now)s::timestamptz END
FROM core_event e JOIN core_webhookendpoint w ON {which}
CROSS JOIN LATERAL (SELECT %(played)s OR e.origin = 'IMPORT' AS past) p
ORDER BY e.id, w.id
ON CONFLICT (endpoint_id, event_id) DO {again}
RETURNING d.endpoint_id
"""
HEALTH = """
INSERT INTO core_webhookhealth (endpoint_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING
"""
REQUEUE = """
UPDATE SET status = 'QUEUED', attempts = 0, queued_at = %(now)s, next_attempt_at = %(now)s,
  finished_at = NULL WHERE 'SUPPRESSED' NOT IN (d.status, excluded.status)
"""


def _queue(which: str, parameters: dict[str, object], *, again: str = "NOTHING") -> int:
    sql = QUEUE.format(which=which, again=again)
    rows = execute(sql, parameters | {"played": moment_played() is not None})
    if rows:
        execute(HEALTH, [sorted({endpoint for (endpoint,) in rows})])
        transaction.on_commit(wake, robust=True)
    return len(rows)


@on()
def queue_webhooks(events: Sequence[Event], *, now: datetime) -> None:
    """Queue events for the endpoints that want them."""
    queue_events([e.pk for e in events], now=now)


@service
def queue_events(event_ids: Sequence[int], *, now: datetime) -> int:
    """Queue events for every endpoint that wants them; return how many deliveries that makes."""
    return _queue(f"e.id = ANY(%(ids)s) AND {matches()}", {"ids": list(event_ids), "now": now})


@service
def queue_for(endpoint_id: int, event_ids: Sequence[int], *, now: datetime) -> int:
    """Queue events for one endpoint, whatever it asked for."""
    which = "e.id = ANY(%(ids)s) AND w.id = %(endpoint)s"
    return _queue(which, {"ids": list(event_ids), "endpoint": endpoint_id, "now": now})


@service
def replay_since(endpoint_id: int, since: datetime, *, now: datetime, reason: str = "") -> int:
    """Send an endpoint all that it wants since a time again, also what it was never sent."""
    which = f"e.recorded_at >= %(since)s AND w.id = %(endpoint)s AND {matches()}"
    values = {"since": since, "endpoint": endpoint_id, "now": now}
    return _queue(which, values, again=REQUEUE)


@service
def replay_deliveries(delivery_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Send deliveries again under their ids, whatever became of them before."""
    locked = lock(WebhookDelivery, delivery_ids)
    outcome = Outcome(moved=list(locked))
    outcome.block(set(delivery_ids) - set(locked), GONE)
    rows = WebhookDelivery.objects.filter(pk__any=locked)
    off = rows.filter(endpoint__is_active=False).values_list("pk", flat=True)
    outcome.block(list(off), OFF)
    silent = rows.filter(status=WebhookStatus.SUPPRESSED).values_list("pk", flat=True)
    outcome.block(list(silent), PAST)
    WebhookDelivery.objects.filter(pk__any=outcome.moved).update(
        status=WebhookStatus.QUEUED,
        attempts=0,
        queued_at=now,
        next_attempt_at=now,
        finished_at=None,
    )
    if outcome.moved:
        transaction.on_commit(wake, robust=True)
    return outcome


def wake() -> None:
    """Ask a worker to send; beat does so anyway where the broker does not answer."""
    from backoffice.core.tasks import send_webhooks

    wakeup.wake(send_webhooks, expires=60, queue="webhooks")
