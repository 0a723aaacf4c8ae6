"""Reads what carriers pushed, from the inbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from backoffice.core.actor import acting_job
from backoffice.core.inbox import Processor, processor
from backoffice.core.models import InboundMessage
from logistics.carriers.registry import ADAPTERS, adapter_of
from logistics.services.pushes import Push, apply_pushes

ACCOUNT_HEADER = "X-Backoffice-Account"


def source_of(adapter: str) -> str:
    """Return the inbox source of an adapter's pushes."""
    return f"carrier.{adapter}"


def _processor(adapter: str) -> Processor:
    def process(messages: Sequence[InboundMessage], now: datetime) -> Mapping[int, str]:
        refused: dict[int, str] = {}
        pushes = []
        for message in messages:
            try:
                results = adapter_of(adapter).parse_push(message.body.encode())
            except ValueError as error:
                refused[message.pk] = str(error)
            else:
                pushes.append(Push(message.headers.get(ACCOUNT_HEADER, ""), results))
        with acting_job("system"):
            apply_pushes(pushes, now=now)
        return refused

    return process


for _name in ADAPTERS:
    processor(source_of(_name))(_processor(_name))
