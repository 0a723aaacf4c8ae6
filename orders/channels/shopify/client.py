"""Speaks to Shopify: its Admin REST API, by the leaky bucket that it tells of in every answer."""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from backoffice.core.calls import PermanentError, TemporaryError
from backoffice.core.reading import UNFIT, moment
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
from orders.channels.reading import as_body, key, unknown_options
from orders.channels.shopify import webhook
from orders.channels.shopify.parser import parse_message

VERSION = "2025-07"
PAGE = 250
LIMIT = "X-Shopify-Shop-Api-Call-Limit"
LEAK = 2.0
NEXT = re.compile(r'<[^>]*[?&]page_info=([^&>]+)[^>]*>;\s*rel="next"')


class ShopifyAdapter(Adapter):
    """Shopify's Admin REST API and webhooks."""

    kept_headers = (webhook.TOPIC,)
    polls = True
    takes = frozenset({"SHIPPED", "CANCELLED", "REFUNDED", "STOCK"})

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

    def _call(
        self, http: httpx.Client, access: Access, method: str, path: str, **options: Any
    ) -> httpx.Response:
        version = access.options.get("api_version", VERSION)
        url = f"{access.base_url.rstrip('/')}/admin/api/{version}/{path}"
        answer = call(
            http, method, url, headers={"X-Shopify-Access-Token": access.api_key}, **options
        )
        time.sleep(pause(answer.headers.get(LIMIT, "")))
        return answer

    def test(self, http: httpx.Client, access: Access) -> str:
        shop = read(self._call(http, access, "GET", "shop.json")).get("shop") or {}
        return str(shop.get("name", ""))

    def poll(self, http: httpx.Client, access: Access, since: datetime, cursor: str) -> Page:
        # A cursor carries the filters of its first page.
        asked: dict[str, Any] = {"limit": PAGE, "page_info": cursor}
        if not cursor:
            asked = {"limit": PAGE, "status": "any", "order": "updated_at asc"}
            asked["updated_at_min"] = since.isoformat()
        answer = self._call(http, access, "GET", "orders.json", params=asked)
        try:
            orders = [
                Found(key(o["id"]), moment(o["updated_at"]), as_body(o))
                for o in read(answer)["orders"]
            ]
        except UNFIT as error:
            raise TemporaryError(f"unreadable answer: {error!r}"[:300]) from error
        following = NEXT.search(answer.headers.get("Link", ""))
        return Page(orders, following.group(1) if following else "")

    def tell_shipped(self, http: httpx.Client, access: Access, news: Shipped) -> str:
        path = f"orders/{news.order}"
        known = read(self._call(http, access, "GET", f"{path}/fulfillments.json"))
        numbers = [n for f in known["fulfillments"] for n in f.get("tracking_numbers") or ()]
        if news.tracking_number and news.tracking_number in numbers:
            # The answer to the last try was lost.
            return ""
        open_ones = read(self._call(http, access, "GET", f"{path}/fulfillment_orders.json"))
        lines = _lines(open_ones["fulfillment_orders"], news.units)
        if not lines:
            raise PermanentError("Shopify has nothing left to fulfil of these lines.")
        body = {
            "line_items_by_fulfillment_order": lines,
            "notify_customer": False,
            "tracking_info": {
                "number": news.tracking_number,
                "company": news.carrier,
                "url": news.tracking_url,
            },
        }
        self._call(http, access, "POST", "fulfillments.json", json={"fulfillment": body})
        return ""

    def tell_cancelled(self, http: httpx.Client, access: Access, order: str, key: str) -> str:
        now = read(self._call(http, access, "GET", f"orders/{order}.json"))["order"]
        if not now.get("cancelled_at"):
            body = {"reason": "other", "email": False}
            self._call(http, access, "POST", f"orders/{order}/cancel.json", json=body)
        return ""

    def tell_refunded(
        self, http: httpx.Client, access: Access, order: str, refund: Refunded
    ) -> str:
        path = f"orders/{order}"
        known = read(self._call(http, access, "GET", f"{path}/refunds.json"))["refunds"]
        if any(r.get("note") == refund.external_id for r in known):
            return ""
        paid = read(self._call(http, access, "GET", f"{path}/transactions.json"))["transactions"]
        parent = next(
            (t for t in paid if t["kind"] in ("sale", "capture") and t["status"] == "success"), None
        )
        if parent is None:
            raise PermanentError("Shopify has no payment of this order to give back from.")
        body = {
            "note": refund.external_id,
            "notify": False,
            "transactions": [
                {
                    "parent_id": parent["id"],
                    "kind": "refund",
                    "gateway": parent.get("gateway"),
                    "amount": f"{refund.amount:f}",
                }
            ],
        }
        self._call(http, access, "POST", f"{path}/refunds.json", json={"refund": body})
        return ""

    def tell_stock(
        self, http: httpx.Client, access: Access, levels: Sequence[StockLevel]
    ) -> Mapping[str, str]:
        location = access.options.get("location_id")
        if not location:
            raise PermanentError("Name the location in the options: location_id.")
        refused = {}
        for level in levels:
            body = {
                "location_id": location,
                "inventory_item_id": level.external_id,
                "available": level.quantity,
            }
            try:
                self._call(http, access, "POST", "inventory_levels/set.json", json=body)
            except PermanentError as error:
                refused[level.external_id] = str(error)
        return refused

    def option_problems(self, options: Mapping[str, Any]) -> list[str]:
        unknown = sorted(set(options) - {"api_version", "location_id"})
        return unknown_options(unknown)


def _lines(orders: Any, units: Mapping[str, int]) -> list[dict[str, Any]]:
    """Say of which fulfilment orders how many units left."""
    left, found = dict(units), []
    for order in orders:
        if order.get("status") not in ("open", "in_progress"):
            continue
        items = []
        for item in order["line_items"]:
            line = key(item["line_item_id"])
            taken = min(left.get(line, 0), int(item["fulfillable_quantity"]))
            if taken > 0:
                left[line] -= taken
                items.append({"id": item["id"], "quantity": taken})
        if items:
            found.append(
                {"fulfillment_order_id": order["id"], "fulfillment_order_line_items": items}
            )
    return found


def pause(used: str) -> float:
    """Return how many seconds to wait, so that the bucket (`32/40`) stays a fifth empty."""
    level, _, size = used.partition("/")
    if not (level.isdecimal() and size.isdecimal() and int(size)):
        return 0.0
    return min(10.0, max(0.0, (int(level) - 0.8 * int(size)) / LEAK))


ADAPTER = ShopifyAdapter()
