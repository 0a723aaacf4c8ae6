"""Speaks to WooCommerce."""

from collections.abc import Mapping
from datetime import datetime

from orders.channels.adapter import Adapter, Message, Told
from orders.channels.woocommerce import webhook
from orders.channels.woocommerce.parser import parse_message


class WooCommerceAdapter(Adapter):
    """WooCommerce's REST API and webhooks."""

    kept_headers = (webhook.TOPIC,)

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return webhook.is_authentic(body, headers, secret)

    def is_greeting(self, body: bytes, headers: Mapping[str, str]) -> bool:
        return webhook.is_greeting(body, headers)

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        return headers.get(webhook.DELIVERY) or super().push_id(body, headers)

    def parse(self, message: Message) -> list[Told]:
        return parse_message(message)


ADAPTER = WooCommerceAdapter()
