"""Speaks to the sandbox carrier."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import aiohttp

from logistics.carriers.adapter import Adapter
from logistics.carriers.base import Access, Label, LabelOrder, TrackResult
from logistics.carriers.sandbox import webhook
from logistics.carriers.sandbox.parser import parse_label, parse_tracking


class SandboxAdapter(Adapter):
    """The carrier that comes with the product."""

    batch_max = 40
    buys_labels = True
    tracks = True

    async def fetch(
        self, session: aiohttp.ClientSession, access: Access, numbers: Sequence[str]
    ) -> list[TrackResult]:
        asked = {"numbers": ",".join(numbers)}
        return await self.call(session, access, "GET", "track", parse_tracking, params=asked)

    async def buy(self, session: aiohttp.ClientSession, access: Access, order: LabelOrder) -> Label:
        data = {
            "key": order.key,
            "service": order.service,
            "weight_grams": order.weight_grams,
            "reference": order.reference,
            "from": dict(order.sender),
            "to": dict(order.recipient),
        }
        return await self.call(session, access, "POST", "labels", parse_label, json=data)

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime
    ) -> bool:
        return webhook.is_authentic(body, headers, secret, now=now)

    def parse_push(self, body: bytes) -> list[TrackResult]:
        return parse_tracking(body)


ADAPTER = SandboxAdapter()
