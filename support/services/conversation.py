"""What is written in tickets: replies, notes, and what customers send."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_unit, service
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import Outcome
from support.choices import Direction
from support.models import Message
from support.services.commands import Reply, WriteNote
from support.states import TICKET
from support.tokens import token_of

TEMPLATE = "ticket.reply"
WRITTEN_MEANWHILE = _("Somebody wrote in this ticket meanwhile: read it first.")
TWICE = _("There are two texts for the same ticket.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a ticket's messages go, and in which language."""

    number: str
    subject: str
    address: str
    language: str


def read_envelopes(ticket_ids: Sequence[int]) -> dict[int, Envelope]:
    """Return the envelopes of tickets; the customer's own address goes first."""
    rows = execute(
        "SELECT t.id, t.number, t.subject, coalesce(nullif(c.email, ''), t.requester_email),"
        " t.language FROM support_ticket t LEFT JOIN orders_customer c ON c.id = t.customer_id"
        " WHERE t.id = ANY(%s)",
        [list(ticket_ids)],
    )
    return {pk: Envelope(*rest) for pk, *rest in rows}


@service
def reply_to_tickets(replies: Sequence[Reply], *, now: datetime, reason: str = "") -> Outcome:
    """Answer customers: the message goes out after commit and the tickets wait for them."""
    by_ticket = {r.ticket_id: r for r in replies}
    outcome = TICKET.check(by_ticket, "reply")
    _refuse_doubles(outcome, [r.ticket_id for r in replies])
    _refuse_unread(outcome, by_ticket)
    if not outcome.moved:
        return outcome
    unit = current_unit()
    message_ids = write_messages(
        [(i, by_ticket[i].body) for i in outcome.moved],
        direction=Direction.OUT,
        author_id=unit.actor.user_id,
        now=now,
    )
    send_ticket_messages(
        {i: by_ticket[i].body for i in outcome.moved}, message_ids, template=TEMPLATE, now=now
    )
    TICKET.move(
        outcome.moved,
        "reply",
        values={
            "first_responded_at": Coalesce("first_responded_at", now),
            "waiting_since": Coalesce("waiting_since", now),
        },
    )
    return outcome


def _refuse_doubles(outcome: Outcome, ticket_ids: Sequence[int]) -> None:
    twice = {i for i, n in Counter(ticket_ids).items() if n > 1} & set(outcome.moved)
    if twice:
        outcome.block(twice, TWICE)


def _refuse_unread(outcome: Outcome, by_ticket: dict[int, Reply]) -> None:
    seen = {i: r.seen for i, r in by_ticket.items() if r.seen is not None}
    if not seen:
        return
    newest = dict(
        Message.objects.filter(ticket_id__any=list(seen))
        .values("ticket_id")
        .annotate(newest=Max("pk"))
        .values_list("ticket_id", "newest")
    )
    stale = [i for i in outcome.moved if i in seen and newest.get(i, 0) > seen[i]]
    if stale:
        outcome.block(stale, WRITTEN_MEANWHILE)


@service
def add_notes(notes: Sequence[WriteNote], *, now: datetime, reason: str = "") -> Outcome:
    """Write internal notes; several on one ticket are one event."""
    outcome = TICKET.check([n.ticket_id for n in notes], "note")
    moved = set(outcome.moved)
    write_messages(
        [(n.ticket_id, n.body) for n in notes if n.ticket_id in moved],
        direction=Direction.INTERNAL,
        author_id=current_unit().actor.user_id,
        now=now,
    )
    TICKET.move(outcome.moved, "note")
    return outcome


def write_messages(
    texts: Sequence[tuple[int, str]],
    *,
    direction: str,
    author_id: int | None,
    now: datetime,
    is_automatic: bool = False,
) -> dict[int, int]:
    """Insert messages in the open block; return the last message id of each ticket."""
    if not texts:
        return {}
    rows = insert_rows(
        Message,
        {"ticket_id": [i for i, _ in texts], "body": [body for _, body in texts]},
        constants={
            "direction": str(direction),
            "author_id": author_id,
            "is_automatic": is_automatic,
            "written_at": now,
        },
        returning="ticket_id, id",
    )
    return dict(sorted(rows, key=lambda row: row[1]))


def send_ticket_messages(
    texts: Mapping[int, str], message_ids: Mapping[int, int], *, template: str, now: datetime
) -> None:
    """Queue the mails of messages that were written in tickets, with the ticket's token."""
    envelopes = read_envelopes(list(texts))
    queue_messages(
        [
            WriteMessage(
                dedupe_key=f"ticket.message:{message_ids[i]}",
                recipient=envelopes[i].address,
                template=template,
                language=envelopes[i].language,
                values={
                    "number": envelopes[i].number,
                    "token": token_of(envelopes[i].number),
                    "subject": envelopes[i].subject,
                    "text": text,
                },
                for_type="support.ticket",
                for_id=i,
            )
            for i, text in texts.items()
        ],
        now=now,
    )
