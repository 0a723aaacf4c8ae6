"""Mail and web forms from the inbox into tickets."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.core.inbox import processor
from backoffice.core.models.inbox import InboundMessage
from support.mail import is_machine_mail
from support.models import Ticket
from support.services.commands import ReceiveMessage
from support.services.receiving import receive_messages

MAIL, FORM = "support.mail", "support.form"
TEXTS = ("sender", "subject", "text", "token", "order_number", "language")


def tickets_of(message: InboundMessage) -> list[Ticket]:
    """Return the ticket that holds a message."""
    held = {"messages__source": message.source, "messages__external_id": message.external_id}
    return list(Ticket.objects.filter(**held))


@processor(MAIL, _("Mail from customers"), tickets_of)
def process_mail(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
    """Thread mails, open tickets for the rest, refuse machine mail that belongs nowhere."""
    return _process(messages, now)


@processor(FORM, _("Web form"), tickets_of)
def process_forms(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
    """Open tickets for web forms."""
    return _process(messages, now)


def _process(messages: Sequence[InboundMessage], now: datetime) -> dict[int, str]:
    refused: dict[int, str] = {}
    commands: list[ReceiveMessage] = []
    kept: list[InboundMessage] = []
    for message in messages:
        try:
            commands.append(_command(message))
            kept.append(message)
        except ValueError as error:
            refused[message.pk] = str(error)
    received = receive_messages(commands, now=now)
    return refused | {kept[n].pk: text for n, text in received.ignored.items()}


def _command(message: InboundMessage) -> ReceiveMessage:
    """Read one stored message; ValueError says what is wrong with it."""
    body: Any = json.loads(message.body)
    if not isinstance(body, dict):
        raise ValueError("The message is no JSON object.")
    texts = {name: body.get(name, "") for name in TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("A field that should be text is none.")
    if "@" not in texts["sender"]:
        raise ValueError("The message has no sender.")
    headers = body.get("headers") or {}
    if not isinstance(headers, dict):
        raise ValueError("The headers are no JSON object.")
    return ReceiveMessage(
        source=message.source,
        external_id=message.external_id,
        sender=texts["sender"][:254],
        subject=" ".join(texts["subject"].split())[:200],
        body=texts["text"],
        token=texts["token"] or texts["subject"],
        is_machine=is_machine_mail(texts["sender"], headers),
        order_number=texts["order_number"],
        is_verified=body.get("is_verified") is True,
        language=texts["language"],
        received_at=message.happened_at,
    )
