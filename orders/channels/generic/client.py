"""Takes in any JSON by a mapping."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orders.channels.adapter import Adapter, Message, Told
from orders.channels.generic.parser import mapping_problems, parse_message
from orders.channels.signed import is_authentic


class GenericAdapter(Adapter):
    """JSON of any shape, read by the mapping in the connection's options."""

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return is_authentic(body, headers, secret)

    def option_problems(self, options: Mapping[str, Any]) -> list[str]:
        return mapping_problems(options)

    def parse(self, message: Message) -> list[Told]:
        return parse_message(message)


ADAPTER = GenericAdapter()
