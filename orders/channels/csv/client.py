"""Takes in orders as plain CSV."""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orders.channels.adapter import Adapter, Message, Told
from orders.channels.csv.parser import parse_told
from orders.channels.signed import is_authentic


class CsvAdapter(Adapter):
    """Files with one row per order line, pushed with a signature or uploaded."""

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return is_authentic(body, headers, secret)

    def decode(self, body: bytes, options: Mapping[str, Any]) -> str:
        return body.decode("utf-8-sig")

    def parse(self, message: Message) -> list[Told]:
        return parse_told(io.StringIO(message.body), message)


ADAPTER = CsvAdapter()
