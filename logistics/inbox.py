"""Reads what carriers pushed, from the inbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import acting_job
from backoffice.core.inbox import Maker, Processor, processor
from backoffice.core.models import InboundMessage
from logistics.carriers.registry import ADAPTERS, adapter_of
from logistics.models import Parcel
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


def _parcels(adapter: str) -> Maker:
    def parcels_of(message: InboundMessage) -> list[Parcel]:
        try:
            results = adapter_of(adapter).parse_push(message.body.encode())
        except ValueError:
            return []
        account = message.headers.get(ACCOUNT_HEADER, "")
        numbers = [result.number for result in results]
        return list(Parcel.objects.filter(account__code=account, tracking_number__in=numbers))

    return parcels_of


for _name in ADAPTERS:
    _label = format_lazy("{}: {}", _("Carrier"), _name)
    processor(source_of(_name), _label, _parcels(_name))(_processor(_name))
