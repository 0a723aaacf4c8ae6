"""Takes in what Youzan pushes."""

from collections.abc import Mapping
from datetime import datetime

from backoffice.core.reading import load, text
from orders.channels.adapter import Adapter, Message, Told
from orders.channels.youzan import webhook
from orders.channels.youzan.parser import parse_message


class YouzanAdapter(Adapter):
    """Youzan's pushes of trades; the API key is its client id, the webhook secret its secret."""

    # Anything else counts as failed there, and is sent again.
    answer = {"code": 0, "msg": "success"}

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return webhook.is_authentic(body, headers, key, secret)

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        try:
            given = text(load(body).get("msg_id"), 100)
        except (ValueError, AttributeError):
            given = ""
        return given or super().push_id(body, headers)

    def parse(self, message: Message) -> list[Told]:
        return parse_message(message)


ADAPTER = YouzanAdapter()
