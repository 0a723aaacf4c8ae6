"""Speaks to Shopify."""

from collections.abc import Mapping
from datetime import datetime

from orders.channels.adapter import Adapter, Message, Told
from orders.channels.shopify import webhook
from orders.channels.shopify.parser import parse_message


class ShopifyAdapter(Adapter):
    """Shopify's Admin REST API and webhooks."""

    kept_headers = (webhook.TOPIC,)

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return webhook.is_authentic(body, headers, secret)

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        return headers.get(webhook.WEBHOOK_ID) or super().push_id(body, headers)

    def happened_at(self, headers: Mapping[str, str]) -> datetime | None:
        return webhook.triggered_at(headers)

    def parse(self, message: Message) -> list[Told]:
        return parse_message(message)


ADAPTER = ShopifyAdapter()
