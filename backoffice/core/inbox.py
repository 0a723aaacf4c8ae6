"""The inbox: store raw, answer at once, work from here, replay after a fix."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.core import wakeup
from backoffice.core.actor import current_actor, service
from backoffice.core.extensions import Text
from backoffice.core.models.inbox import InboundMessage, InboxStatus, InboxStep, InboxStepKind
from backoffice.core.sql import execute
from backoffice.core.states import GONE, Outcome

logger = logging.getLogger(__name__)
BATCH = 500
ATTEMPTS = 5

# A processor returns the reasons why messages are refused, by id; the others are done.
Processor = Callable[[Sequence[InboundMessage], datetime], Mapping[int, str]]
PROCESSORS: dict[str, Processor] = {}
# Which documents a message made.
Maker = Callable[[InboundMessage], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Source:
    """What people know of a source: its name, and what became of its messages."""

    label: Text
    made: Maker | None = None


SOURCES: dict[str, Source] = {}
NOT_REFUSED = _("Only a refused message can be tried again or dismissed.")
NOT_DISMISSED = _("The message is not dismissed.")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message as it came; `refusal` keeps it out of processing from the start."""

    external_id: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    happened_at: datetime | None = None
    refusal: str = ""


def processor(
    source: str, label: Text = "", made: Maker | None = None
) -> Callable[[Processor], Processor]:
    """Register who processes a source's messages: `(messages, now) -> {id: reason}`.

    `label` names the source for people, `made(message)` finds the documents that came of one.
    """

    def register(function: Processor) -> Processor:
        PROCESSORS[source] = function
        SOURCES[source] = Source(label or source, made)
        return function

    return register


STORE = """
INSERT INTO core_inboundmessage
  (source, external_id, headers, body, status, reason, happened_at, processed_at)
SELECT %(source)s, m.external_id, m.headers, m.body,
  CASE WHEN m.reason = '' THEN 'NEW' ELSE 'REFUSED' END, m.reason, m.happened_at,
  CASE WHEN m.reason <> '' THEN now() END
FROM unnest(%(ids)s::text[], %(headers)s::jsonb[], %(bodies)s::text[], %(reasons)s::text[],
  %(times)s::timestamptz[]) WITH ORDINALITY AS m(external_id, headers, body, reason, happened_at, n)
ORDER BY m.n ON CONFLICT (source, external_id) DO NOTHING RETURNING id
"""


def receive_many(source: str, messages: Iterable[Inbound]) -> list[int]:
    """Store messages that are not there yet; return the ids of the new ones."""
    batch = list(messages)
    with connection.cursor() as cursor:
        cursor.execute(
            STORE,
            {
                "source": source,
                "ids": [m.external_id[:200] for m in batch],
                "headers": [json.dumps(dict(m.headers)) for m in batch],
                "bodies": [m.body.replace("\x00", "�") for m in batch],
                "reasons": [m.refusal[:500] for m in batch],
                "times": [m.happened_at for m in batch],
            },
        )
        return [row[0] for row in cursor.fetchall()]


def receive(
    source: str,
    external_id: str,
    body: str,
    headers: Mapping[str, str] | None = None,
    *,
    happened_at: datetime | None = None,
) -> int | None:
    """Store one message and wake its processor; return its id, None for a duplicate."""
    ids = receive_many(source, [Inbound(external_id, body, headers or {}, happened_at)])
    if ids:
        transaction.on_commit(wake, robust=True)
    return ids[0] if ids else None


def wake() -> None:
    """Ask a worker to process; beat does so anyway where the broker does not answer."""
    from backoffice.core.tasks import process_inbox

    wakeup.wake(process_inbox, expires=60)


CLAIM = """
SELECT id FROM core_inboundmessage WHERE source = %s AND status = 'NEW'
ORDER BY happened_at, id LIMIT %s FOR UPDATE SKIP LOCKED
"""


def process(source: str, *, now: datetime) -> int:
    """Process one batch of a source; return how many messages left the state NEW."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [source, BATCH])
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return 0
        messages = list(InboundMessage.objects.filter(pk__in=ids).order_by("happened_at", "pk"))
        return _process(source, messages, now)


def _process(source: str, messages: list[InboundMessage], now: datetime) -> int:
    try:
        with transaction.atomic():
            refused = PROCESSORS[source](messages, now)
            finish(messages, refused, now=now)
        return len(messages)
    except Exception as error:
        if len(messages) > 1:
            middle = len(messages) // 2
            return sum(
                _process(source, half, now) for half in (messages[:middle], messages[middle:])
            )
        logger.exception("%s could not be processed", messages[0])
        message = messages[0]
        message.attempts += 1
        message.reason = f"{type(error).__name__}: {error}"[:500]
        message.save(update_fields=["attempts", "reason"])
        is_last = message.attempts >= ATTEMPTS
        if is_last:
            finish([message], {message.pk: message.reason}, now=now)
        else:
            step = {"kind": InboxStepKind.FAILED, "reason": message.reason}
            InboxStep.objects.create(message=message, at=now, **step)
        return int(is_last)


REFUSE = """
WITH refused AS (
  UPDATE core_inboundmessage m SET status = 'REFUSED', reason = r.reason, processed_at = %(now)s
  FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS r(id, reason) WHERE m.id = r.id
  RETURNING m.id, m.reason)
INSERT INTO core_inboxstep (message_id, kind, at, reason)
SELECT id, 'REFUSED', %(now)s, reason FROM refused
"""


def finish(
    messages: Sequence[InboundMessage], refused: Mapping[int, str], *, now: datetime
) -> None:
    """Mark messages as done, or refused with their reason."""
    good = [m.pk for m in messages if m.pk not in refused]
    done: dict[str, Any] = {"status": InboxStatus.DONE, "reason": "", "processed_at": now}
    InboundMessage.objects.filter(pk__in=good).update(**done)
    if refused:
        reasons = [reason[:500] for reason in refused.values()]
        execute(REFUSE, {"now": now, "ids": list(refused), "reasons": reasons})


STEP = """
WITH moved AS (
  UPDATE core_inboundmessage SET status = %(to)s, attempts = 0,
    processed_at = CASE WHEN %(to)s <> 'NEW' THEN %(now)s::timestamptz END
  WHERE id = ANY(%(ids)s) AND status = %(source)s RETURNING id)
INSERT INTO core_inboxstep (message_id, kind, at, reason, actor_id)
SELECT id, %(kind)s, %(now)s, %(reason)s, %(actor)s FROM moved RETURNING message_id
"""


def _step(ids: Sequence[int], step: dict[str, Any], why: Text, now: datetime) -> Outcome:
    common = {"ids": list(ids), "now": now, "actor": current_actor().user_id}
    outcome = Outcome(moved=[pk for (pk,) in execute(STEP, step | common)])
    others = InboundMessage.objects.filter(pk__in=ids).exclude(pk__in=outcome.moved)
    known = list(others.values_list("pk", flat=True))
    outcome.block(known, why)
    outcome.block(set(ids) - set(known) - set(outcome.moved), GONE)
    return outcome


@service
def replay(message_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Give refused messages another try, after a fix."""
    step = {"source": InboxStatus.REFUSED, "to": InboxStatus.NEW, "kind": InboxStepKind.RETRIED}
    outcome = _step(message_ids, step | {"reason": reason}, NOT_REFUSED, now)
    if outcome.moved:
        transaction.on_commit(wake, robust=True)
    return outcome


@service
def dismiss(message_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Put refused messages aside for good: nothing is to come of them."""
    step = {"source": InboxStatus.REFUSED, "to": InboxStatus.DISMISSED, "reason": reason}
    return _step(message_ids, step | {"kind": InboxStepKind.DISMISSED}, NOT_REFUSED, now)


@service
def reopen(message_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Take dismissed messages back among the refused."""
    step = {"source": InboxStatus.DISMISSED, "to": InboxStatus.REFUSED, "reason": reason}
    return _step(message_ids, step | {"kind": InboxStepKind.REOPENED}, NOT_DISMISSED, now)


def process_all(*, now: datetime | None = None) -> int:
    """Process every source that has a processor until nothing is left that can be."""
    total = 0
    for source in PROCESSORS:
        while handled := process(source, now=now or timezone.now()):
            total += handled
    return total
