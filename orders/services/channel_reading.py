"""Reads stored messages of channels, now and again after a fix."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.models import InboundMessage
from orders.channels.adapter import Message, Told
from orders.channels.registry import ADAPTERS
from orders.models import ChannelConnection, ChannelOrder, SalesChannel

CHANNEL_HEADER = "X-Backoffice-Channel"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one message says of one order, and when it was sent."""

    channel: SalesChannel
    message_id: int
    told_at: datetime
    told: Told


def source_of(adapter: str) -> str:
    """Return the inbox source of an adapter's messages."""
    return f"channel.{adapter}"


def connections_of(codes: Iterable[str]) -> dict[str, ChannelConnection]:
    """Return connections by their channel's code."""
    found = ChannelConnection.objects.filter(channel__code__in=set(codes))
    return {c.channel.code: c for c in found.select_related("channel")}


def read_messages(
    messages: Sequence[InboundMessage],
) -> tuple[list[Heard], dict[int, str]]:
    """Read messages; return what they say, and the unreadable with reasons."""
    heard: list[Heard] = []
    refused: dict[int, str] = {}
    known = connections_of(m.headers.get(CHANNEL_HEADER, "") for m in messages)
    for message in messages:
        connection = known.get(message.headers.get(CHANNEL_HEADER, ""))
        if connection is None:
            refused[message.pk] = "The channel of this message is not connected."
            continue
        try:
            told = ADAPTERS[connection.adapter].parse(_ready(message, connection))
        except ValueError as error:
            refused[message.pk] = str(error)
            continue
        at = message.happened_at or message.received_at
        heard += [Heard(connection.channel, message.pk, at, one) for one in told]
    return heard, refused


def _ready(message: InboundMessage, connection: ChannelConnection) -> Message:
    return Message(
        message.body,
        connection.channel.code,
        message.received_at,
        message.headers,
        connection.options,
        connection.channel.prices_include_tax,
    )


def read_again(rows: Sequence[ChannelOrder], *columns: str) -> dict[str, Mapping[int, Heard]]:
    """Return what the messages named by columns of channel orders say of them, by row."""
    wanted = {getattr(row, name) for row in rows for name in columns} - {None}
    messages = list(InboundMessage.objects.filter(pk__in=wanted).order_by("pk"))
    heard, _refused = read_messages(messages)
    by = {(h.message_id, h.told.external_id): h for h in heard if not is_part(h.told)}
    return {
        name: {
            row.pk: by[getattr(row, name), row.external_id]
            for row in rows
            if (getattr(row, name), row.external_id) in by
        }
        for name in columns
    }


def is_part(told: Told) -> bool:
    """Say whether this is a part of an order's story, not the whole of it."""
    return told.command is None and not told.problem
