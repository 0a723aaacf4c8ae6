"""Takes in Amazon's order reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orders.channels.adapter import Adapter, Message, Told
from orders.channels.amazon.parser import decode, option_problems, parse_report
from orders.channels.signed import is_authentic


class AmazonAdapter(Adapter):
    """Order reports, pushed with a signature by whatever fetches them, or uploaded."""

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return is_authentic(body, headers, secret)

    def option_problems(self, options: Mapping[str, Any]) -> list[str]:
        return option_problems(options)

    def decode(self, body: bytes, options: Mapping[str, Any]) -> str:
        return decode(body, options.get("encoding", "cp1252"))

    def parse(self, message: Message) -> list[Told]:
        return parse_report(message)


ADAPTER = AmazonAdapter()
