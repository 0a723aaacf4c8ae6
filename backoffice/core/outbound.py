"""Messages out: queued with their cause, sent after commit, never for what was imported."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from string import Template

from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from backoffice.core import wakeup
from backoffice.core.actor import service
from backoffice.core.choices import Origin
from backoffice.core.events import Fact, declare, emit
from backoffice.core.extensions import Text
from backoffice.core.locks import lock
from backoffice.core.models.outbound import MessageTemplate, OutboundMessage, OutboundStatus
from backoffice.core.origins import inherited
from backoffice.core.past import moment_played
from backoffice.core.sql import insert_rows
from backoffice.core.states import GONE, Outcome

logger = logging.getLogger(__name__)
ATTEMPTS = 8
LEASE = timedelta(minutes=5)
FALLBACK = "en"
# Why a message is not sent again.
KEPT: dict[str, Text] = {
    OutboundStatus.QUEUED: _("It waits to be sent."),
    OutboundStatus.SENT: _("It was sent."),
    OutboundStatus.SUPPRESSED: _("What it is about was imported: nothing leaves the building."),
}
declare("core", "core.outboundmessage", {"message.requeued": gettext_noop("Is to be sent again")})


@dataclass(frozen=True, slots=True)
class WriteMessage:
    """A message to be queued; `dedupe_key` makes it once, a template gives its words."""

    dedupe_key: str
    recipient: str
    template: str = ""
    language: str = FALLBACK
    values: Mapping[str, object] = field(default_factory=dict)
    subject: str = ""
    body: str = ""
    for_type: str = ""
    for_id: int | None = None
    order_id: int | None = None


def queue_messages(commands: Sequence[WriteMessage], *, now: datetime) -> list[int]:
    """Queue messages in the open service block; what is imported is recorded as suppressed.

    What a played past wrote counts as sent.
    Without a template in the language the English one serves; without any, or without a
    recipient, nothing is queued.
    """
    templates = _templates({c.template for c in commands if c.template})
    ready = []
    for command in commands:
        words = _words(command, templates)
        if words and command.recipient:
            ready.append((command, *words))
    if not ready:
        return []
    origins = inherited([(c.for_type, c.for_id) for c, _, _ in ready])
    usual = OutboundStatus.SENT if moment_played() else OutboundStatus.QUEUED
    suppressed = OutboundStatus.SUPPRESSED
    statuses = [suppressed if origin == Origin.IMPORT else usual for origin in origins]
    rows = insert_rows(
        OutboundMessage,
        {
            "dedupe_key": [c.dedupe_key[:200] for c, _, _ in ready],
            "template_key": [c.template for c, _, _ in ready],
            "language": [c.language for c, _, _ in ready],
            "recipient": [c.recipient for c, _, _ in ready],
            "subject": [subject[:200] for _, subject, _ in ready],
            "body": [body for _, _, body in ready],
            "for_type": [c.for_type for c, _, _ in ready],
            "for_id": [c.for_id for c, _, _ in ready],
            "order_id": [c.order_id for c, _, _ in ready],
            "origin": origins,
            "status": statuses,
        },
        constants={"sent_at": moment_played(), "next_attempt_at": now, "created_at": now},
        on_conflict="ON CONFLICT (dedupe_key) DO NOTHING",
    )
    if rows and OutboundStatus.QUEUED in statuses:
        transaction.on_commit(wake, robust=True)
    return [row[0] for row in rows]


def _templates(keys: set[str]) -> dict[tuple[str, str], MessageTemplate]:
    found = MessageTemplate.objects.filter(key__in=keys, is_active=True)
    return {(t.key, t.language): t for t in found}


def _words(
    command: WriteMessage, templates: dict[tuple[str, str], MessageTemplate]
) -> tuple[str, str] | None:
    if not command.template:
        return (command.subject, command.body) if command.body else None
    template = templates.get((command.template, command.language)) or templates.get(
        (command.template, FALLBACK)
    )
    if template is None:
        return None
    values = {k: str(v) for k, v in command.values.items()}
    subject = Template(template.subject).safe_substitute(values)
    # A header takes one line only.
    return " ".join(subject.split()), Template(template.body).safe_substitute(values)


def wake() -> None:
    """Ask a worker to send; beat does so anyway where the broker does not answer."""
    from backoffice.core.tasks import send_messages

    wakeup.wake(send_messages, expires=60)


@service
def resend_messages(message_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Send messages again that could not be sent."""
    locked = lock(OutboundMessage, message_ids)
    outcome = Outcome()
    outcome.block(set(message_ids) - set(locked), GONE)
    rows = OutboundMessage.objects.filter(pk__any=locked)
    facts = []
    for pk, status, order_id in rows.values_list("pk", "status", "order_id"):
        if status in KEPT:
            outcome.block([pk], KEPT[status])
        else:
            outcome.moved.append(pk)
            facts.append(Fact(pk, order_id))
    rows.filter(pk__any=outcome.moved).update(
        status=OutboundStatus.QUEUED, attempts=0, next_attempt_at=now
    )
    emit("message.requeued", facts)
    if outcome.moved:
        transaction.on_commit(wake, robust=True)
    return outcome


CLAIM = """
UPDATE core_outboundmessage SET next_attempt_at = %(lease)s, attempts = attempts + 1
WHERE id IN (SELECT id FROM core_outboundmessage WHERE status = 'QUEUED'
  AND next_attempt_at <= %(now)s ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def send_due(*, now: datetime, limit: int = 50) -> int:
    """Send what is due; a lease keeps others away, a crash makes it due again."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "lease": now + LEASE, "limit": limit})
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return 0
    sent = 0
    mail = get_connection(fail_silently=False)
    for message in OutboundMessage.objects.filter(pk__in=ids).order_by("pk"):
        sent += _send(message, mail, now)
    return sent


def _send(message: OutboundMessage, mail: object, now: datetime) -> int:
    headers = {
        # The same id again after a crash lets the receiver recognise the repetition.
        "Message-ID": f"<{message.pk}.{message.created_at:%Y%m%d%H%M%S}@backoffice>",
        "Auto-Submitted": "auto-generated",
    }
    mine = OutboundMessage.objects.filter(pk=message.pk, status=OutboundStatus.QUEUED)
    try:
        EmailMessage(
            message.subject,
            message.body,
            to=[message.recipient],
            headers=headers,
            connection=mail,  # type: ignore[arg-type]
        ).send()
    except Exception as error:
        gives_up = message.attempts >= ATTEMPTS
        pause = min(6 * 3600, 30 * 2**message.attempts) * random.uniform(0.75, 1.25)  # noqa: S311
        mine.update(
            error=f"{type(error).__name__}: {error}"[:500],
            status=OutboundStatus.FAILED if gives_up else OutboundStatus.QUEUED,
            next_attempt_at=now + timedelta(seconds=pause),
        )
        return 0
    return mine.update(status=OutboundStatus.SENT, sent_at=timezone.now(), error="")
