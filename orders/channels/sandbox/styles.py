"""How a sandbox shop speaks: the addresses, pages and signatures of each style."""

import base64
import json
import uuid
from typing import Any, ClassVar

from aiohttp import web

from backoffice.core.signing import signature_base64
from orders.channels.sandbox.shop import Shop, moment

SHOP: web.AppKey[Shop] = web.AppKey("shop", Shop)


def _answer(request: web.Request, data: Any, **headers: str) -> web.Response:
    return web.json_response(data, headers=headers)


async def _keep(request: web.Request) -> web.Response:
    """Take in whatever is told; the second time it shows."""
    shop = request.app[SHOP]
    data = await request.json() if request.can_read_body else {}
    shop.told.append({"path": request.path, "method": request.method, "data": data})
    return _answer(request, data)


class Style:
    """How one kind of shop speaks."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the addresses of its API."""
        raise NotImplementedError

    def headers(self, body: bytes, topic: str, secret: str, number: str) -> dict[str, str]:
        """Return the headers of a push."""
        raise NotImplementedError

    def topic(self, order: dict[str, Any], *, is_new: bool) -> str:
        """Return the topic of a push."""
        raise NotImplementedError

    def limits(self, shop: Shop) -> dict[str, str]:
        """Return what answers tell of the limits."""
        return {}


class ShopifyStyle(Style):
    """Pages by a cursor, a leaky bucket that every answer tells of."""

    changed: ClassVar[str] = "updated_at"
    base: ClassVar[str] = "/admin/api/2025-07"

    def routes(self) -> list[web.AbstractRouteDef]:
        base = self.base
        return [
            web.get(f"{base}/shop.json", self.name),
            web.get(f"{base}/orders.json", self.orders),
            web.get(base + "/orders/{id}.json", self.one),
            web.get(base + "/orders/{id}/fulfillments.json", self.fulfilments),
            web.get(base + "/orders/{id}/fulfillment_orders.json", self.fulfilment_orders),
            web.get(base + "/orders/{id}/transactions.json", self.transactions),
            web.get(base + "/orders/{id}/refunds.json", self.refunds),
            web.post(base + "/{rest:.*}", _keep),
        ]

    def headers(self, body: bytes, topic: str, secret: str, number: str) -> dict[str, str]:
        return {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature_base64(body, secret),
            "X-Shopify-Webhook-Id": number,
        }

    def topic(self, order: dict[str, Any], *, is_new: bool) -> str:
        if order.get("cancelled_at"):
            return "orders/cancelled"
        return "orders/create" if is_new else "orders/updated"

    def limits(self, shop: Shop) -> dict[str, str]:
        return {"X-Shopify-Shop-Api-Call-Limit": f"{int(shop.level)}/{shop.size}"}

    async def name(self, request: web.Request) -> web.Response:
        return _answer(request, {"shop": {"name": "Sandbox"}})

    async def orders(self, request: web.Request) -> web.Response:
        shop, asked = request.app[SHOP], request.query
        if cursor := asked.get("page_info"):
            since, skip = json.loads(base64.urlsafe_b64decode(cursor))
        else:
            since, skip = asked["updated_at_min"], 0
        found = shop.changed_since(self.changed, moment(since))
        size = min(int(asked.get("limit", 50)), 250)
        headers = {}
        if skip + size < len(found):
            following = base64.urlsafe_b64encode(json.dumps([since, skip + size]).encode()).decode()
            url = f"{request.url.origin()}{request.path}?limit={size}&page_info={following}"
            headers["Link"] = f'<{url}>; rel="next"'
        return _answer(request, {"orders": found[skip : skip + size]}, **headers)

    def _order(self, request: web.Request) -> dict[str, Any]:
        order = request.app[SHOP].orders.get(int(request.match_info["id"]))
        if order is None:
            raise web.HTTPNotFound
        return order

    async def one(self, request: web.Request) -> web.Response:
        return _answer(request, {"order": self._order(request)})

    def _told(self, request: web.Request, end: str, name: str) -> list[dict[str, Any]]:
        told = request.app[SHOP].told
        return [t["data"][name] for t in told if t["path"].endswith(end)]

    async def fulfilments(self, request: web.Request) -> web.Response:
        told = self._told(request, "/fulfillments.json", "fulfillment")
        numbers = [{"tracking_numbers": [f["tracking_info"]["number"]]} for f in told]
        return _answer(request, {"fulfillments": numbers})

    async def fulfilment_orders(self, request: web.Request) -> web.Response:
        items = [
            {"id": n, "line_item_id": x["id"], "fulfillable_quantity": x["quantity"]}
            for n, x in enumerate(self._order(request)["line_items"], 1)
        ]
        order = {"id": 9, "status": "open", "line_items": items}
        return _answer(request, {"fulfillment_orders": [order]})

    async def transactions(self, request: web.Request) -> web.Response:
        sale = {"id": 5, "kind": "sale", "status": "success", "gateway": "bogus"}
        return _answer(request, {"transactions": [sale]})

    async def refunds(self, request: web.Request) -> web.Response:
        end = f"/orders/{request.match_info['id']}/refunds.json"
        return _answer(request, {"refunds": self._told(request, end, "refund")})


class WooStyle(Style):
    """Pages by number, times in UTC without saying so."""

    changed: ClassVar[str] = "date_modified_gmt"
    base: ClassVar[str] = "/wp-json/wc/v3"

    def routes(self) -> list[web.AbstractRouteDef]:
        base = self.base
        return [
            web.get(f"{base}/orders", self.orders),
            web.get(base + "/orders/{id}/{what:notes|refunds}", self.told),
            web.put(base + "/{rest:.*}", _keep),
            web.post(base + "/{rest:.*}", _keep),
        ]

    def headers(self, body: bytes, topic: str, secret: str, number: str) -> dict[str, str]:
        return {
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Signature": signature_base64(body, secret),
            # It numbers every sending, also of the same.
            "X-WC-Webhook-Delivery-ID": uuid.uuid4().hex,
        }

    def topic(self, order: dict[str, Any], *, is_new: bool) -> str:
        return "order.created" if is_new else "order.updated"

    async def orders(self, request: web.Request) -> web.Response:
        shop, asked = request.app[SHOP], request.query
        after = moment(asked.get("modified_after", "2000-01-01T00:00:00"))
        found = [
            o for o in shop.changed_since(self.changed, after) if moment(o[self.changed]) > after
        ]
        size, page = int(asked.get("per_page", 10)), int(asked.get("page", 1))
        return _answer(request, found[(page - 1) * size : page * size])

    async def told(self, request: web.Request) -> web.Response:
        told = [t["data"] for t in request.app[SHOP].told if t["path"] == request.path]
        return _answer(request, told)


STYLES: dict[str, Style] = {"shopify": ShopifyStyle(), "woocommerce": WooStyle()}
