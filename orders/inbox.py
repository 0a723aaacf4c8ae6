"""Takes in what channels sent, from the inbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from backoffice.core.actor import acting_job
from backoffice.core.inbox import processor
from backoffice.core.models import InboundMessage
from orders.channels.registry import ADAPTERS
from orders.services.channel_intake import take_in
from orders.services.channel_reading import read_messages, source_of
from orders.services.connections import note_heard


def process(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
    """Take in one batch; the unreadable are refused with their reasons."""
    heard, refused = read_messages(messages)
    with acting_job("system"):
        if heard:
            take_in(heard, now=now)
        note_heard(messages, refused)
    return refused


for _name in ADAPTERS:
    processor(source_of(_name))(process)
