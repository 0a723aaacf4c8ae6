"""A carrier without an interface: numbers and scans are entered by hand or imported."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import aiohttp

from logistics.carriers.base import Access, Label, LabelOrder, PermanentError, TrackResult


class ManualAdapter:
    """Speak to nobody."""

    name = "manual"
    batch_max = 1
    buys_labels = False
    tracks = False

    async def fetch(
        self, session: aiohttp.ClientSession, access: Access, numbers: Sequence[str]
    ) -> list[TrackResult]:
        raise PermanentError("This carrier has no interface.")

    async def buy(self, session: aiohttp.ClientSession, access: Access, order: LabelOrder) -> Label:
        raise PermanentError("This carrier has no interface.")

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime
    ) -> bool:
        return False

    def parse_push(self, body: bytes) -> list[TrackResult]:
        raise ValueError("This carrier does not push.")

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        return ""
