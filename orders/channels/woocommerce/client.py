"""Speaks to WooCommerce: its REST API, version 3."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from backoffice.core.calls import TemporaryError
from backoffice.core.reading import UNFIT
from orders.channels.adapter import (
    Access,
    Adapter,
    Found,
    Message,
    Page,
    Refunded,
    Shipped,
    StockLevel,
    Told,
)
from orders.channels.calling import call, read
from orders.channels.reading import as_body, key, unknown_options, utc
from orders.channels.woocommerce import webhook
from orders.channels.woocommerce.parser import parse_message, version_of

PAGE = 100
SECOND = timedelta(seconds=1)


class WooCommerceAdapter(Adapter):
    """WooCommerce's REST API and webhooks."""

    kept_headers = (webhook.TOPIC,)
    polls = True
    takes = frozenset({"SHIPPED", "CANCELLED", "REFUNDED", "STOCK"})
    stock_batch = 100

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], key: str, secret: str, *, now: datetime
    ) -> bool:
        return webhook.is_authentic(body, headers, secret)

    def is_greeting(self, body: bytes, headers: Mapping[str, str]) -> bool:
        return webhook.is_greeting(body, headers)

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        return headers.get(webhook.DELIVERY) or super().push_id(body, headers)

    def option_problems(self, options: Mapping[str, Any]) -> list[str]:
        return unknown_options(sorted(options))

    def parse(self, message: Message) -> list[Told]:
        return parse_message(message)

    def _call(
        self, http: httpx.Client, access: Access, method: str, path: str, **options: Any
    ) -> Any:
        url = f"{access.base_url.rstrip('/')}/wp-json/wc/v3/{path}"
        login = (access.api_key, access.api_secret)
        return read(call(http, method, url, auth=login, **options))

    def test(self, http: httpx.Client, access: Access) -> str:
        self._call(http, access, "GET", "orders", params={"per_page": 1})
        return access.base_url

    def poll(self, http: httpx.Client, access: Access, since: datetime, cursor: str) -> Page:
        # Pages shift while orders change, so each begins where the last one ended; only within one
        # second are they counted.
        start, _, number = cursor.partition("|")
        after, page = (utc(start), int(number)) if cursor else (since - SECOND, 1)
        asked = {
            "modified_after": after.replace(tzinfo=None).isoformat(timespec="seconds"),
            "dates_are_gmt": "true",
            "orderby": "modified",
            "order": "asc",
            "per_page": PAGE,
            "page": page,
        }
        data = self._call(http, access, "GET", "orders", params=asked)
        try:
            orders = [Found(key(o["id"]), version_of(o), as_body(o)) for o in data]
        except UNFIT as error:
            raise TemporaryError(f"unreadable answer: {error!r}"[:300]) from error
        if len(orders) < PAGE:
            return Page(orders)
        last = orders[-1].version - SECOND
        following = (last, 1) if last > after else (after, page + 1)
        return Page(orders, f"{following[0].isoformat()}|{following[1]}")

    def tell_shipped(self, http: httpx.Client, access: Access, news: Shipped) -> str:
        path = f"orders/{news.order}"
        notes = self._call(http, access, "GET", f"{path}/notes")
        text = " ".join(
            part for part in (news.carrier, news.tracking_number, news.tracking_url) if part
        )
        text = f"{text} [{news.key}]"
        if not any(news.key in str(note.get("note", "")) for note in notes):
            body = {"note": text, "customer_note": True}
            self._call(http, access, "POST", f"{path}/notes", json=body)
        if not news.is_last:
            return "WooCommerce knows no partial shipment: it was told by a note."
        self._call(http, access, "PUT", path, json={"status": "completed"})
        return "WooCommerce knows no tracking numbers: they were told by a note."

    def tell_cancelled(self, http: httpx.Client, access: Access, order: str, key: str) -> str:
        self._call(http, access, "PUT", f"orders/{order}", json={"status": "cancelled"})
        return ""

    def tell_refunded(
        self, http: httpx.Client, access: Access, order: str, refund: Refunded
    ) -> str:
        path = f"orders/{order}/refunds"
        known = self._call(http, access, "GET", path)
        if not any(r.get("reason") == refund.external_id for r in known):
            body = {
                "amount": f"{refund.amount:f}",
                "reason": refund.external_id,
                "api_refund": True,
            }
            self._call(http, access, "POST", path, json=body)
        return ""

    def tell_stock(
        self, http: httpx.Client, access: Access, levels: Sequence[StockLevel]
    ) -> Mapping[str, str]:
        updates = [
            {"id": int(x.external_id), "manage_stock": True, "stock_quantity": x.quantity}
            for x in levels
            if x.external_id.isdecimal()
        ]
        refused = {
            x.external_id: "This is no number of a product."
            for x in levels
            if not x.external_id.isdecimal()
        }
        answer = self._call(http, access, "POST", "products/batch", json={"update": updates})
        for item in answer.get("update") or ():
            if item.get("error"):
                refused[key(item["id"])] = str(item["error"].get("message", "refused"))[:200]
        return refused


ADAPTER = WooCommerceAdapter()
