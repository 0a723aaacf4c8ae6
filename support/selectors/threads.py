"""The conversation of a ticket: what people wrote, and what was sent by itself."""

from dataclasses import dataclass
from datetime import datetime

from backoffice.core.models import OutboundMessage
from support.choices import Direction
from support.models import Message, Ticket
from support.services.conversation import TEMPLATE

LIMIT = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a conversation; `delivery` says what became of a mail."""

    written_at: datetime
    direction: str
    author: str
    body: str
    is_automatic: bool
    delivery: str = ""
    message_id: int | None = None


def thread(ticket: Ticket) -> list[Entry]:
    """Return the last texts of a ticket, oldest first, in two queries."""
    mails = OutboundMessage.objects.filter(for_type="support.ticket", for_id=ticket.pk)
    sent = {m.dedupe_key: m for m in mails.order_by("-pk")[:LIMIT]}
    entries = []
    messages = Message.objects.filter(ticket=ticket).select_related("author")
    for message in messages.order_by("-pk")[:LIMIT]:
        mail = sent.pop(f"ticket.message:{message.pk}", None)
        entries.append(
            Entry(
                message.written_at,
                message.direction,
                str(message.author or ""),
                message.body,
                message.is_automatic,
                mail.get_status_display() if mail else "",
                message.pk,
            )
        )
    for mail in sent.values():
        if mail.template_key != TEMPLATE:
            text = f"{mail.subject}\n\n{mail.body}"
            delivery = mail.get_status_display()
            entries.append(Entry(mail.created_at, Direction.OUT, "", text, True, delivery))
    return sorted(entries, key=lambda e: e.written_at)
