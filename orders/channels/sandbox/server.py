"""A sandbox shop: a small real server that pushes orders, lists them, takes news, and misbehaves.

`POST /sandbox/orders` changes orders and pushes them; `POST /sandbox/control` sets the faults;
`GET /sandbox` tells what is pending and what the shop was told.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import aiohttp
from aiohttp import web

from orders.channels.sandbox.shop import Control, Shop
from orders.channels.sandbox.styles import SHOP, STYLES, Style

STYLE: web.AppKey[Style] = web.AppKey("style", Style)
CLIENT: web.AppKey[aiohttp.ClientSession] = web.AppKey("client", aiohttp.ClientSession)
TRIES = 4


@web.middleware
async def misbehave(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refuse strangers, limit by the bucket and by chance, fail by chance."""
    if request.path.startswith("/sandbox"):
        return await handler(request)
    shop, style = request.app[SHOP], request.app[STYLE]
    shop.count(request.path.rsplit("/", 1)[-1])
    if not (request.headers.get("X-Shopify-Access-Token") or request.headers.get("Authorization")):
        return web.json_response({"errors": "who are you?"}, status=401)
    if shop.dice.random() < shop.control.limit or not shop.fill():
        shop.count("limited")
        return web.json_response({"errors": "slow"}, status=429, headers={"Retry-After": "1"})
    if shop.dice.random() < shop.control.fail:
        return web.Response(status=503)
    answer = await handler(request)
    answer.headers.update(style.limits(shop))
    return answer


def create_app(style: str, webhook_url: str, secret: str, *, seed: int = 1) -> web.Application:
    """Return a shop of a style that pushes to an address."""
    app = web.Application(middlewares=[misbehave], client_max_size=50_000_000)
    app[SHOP], app[STYLE] = Shop(seed=seed), STYLES[style]
    tasks: set[asyncio.Task[None]] = set()

    async def push(data: bytes, headers: dict[str, str], wait: float) -> None:
        await asyncio.sleep(wait)
        for attempt in range(TRIES):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with app[CLIENT].post(webhook_url, data=data, headers=headers) as answer:
                    if answer.status == 200:
                        break
            await asyncio.sleep(0.1 * 2**attempt)
        app[SHOP].pending -= 1

    async def take_orders(request: web.Request) -> web.Response:
        shop, talk = app[SHOP], app[STYLE]
        for order in await request.json():
            is_new = order["id"] not in shop.orders
            shop.orders[order["id"]] = order
            body = json.dumps(order).encode()
            topic, number = talk.topic(order, is_new=is_new), uuid.uuid4().hex
            for wait in shop.sendings():
                headers = talk.headers(body, topic, secret, number)
                headers["Content-Type"] = "application/json"
                shop.pending += 1
                task = asyncio.create_task(push(body, headers, wait))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        return web.json_response({"pending": shop.pending})

    async def control(request: web.Request) -> web.Response:
        app[SHOP].control = Control(**await request.json())
        return web.json_response(asdict(app[SHOP].control))

    async def show(request: web.Request) -> web.Response:
        shop = app[SHOP]
        known = {"pending": shop.pending, "told": shop.told, "calls": shop.calls}
        return web.json_response(known | {"orders": len(shop.orders)})

    async def client(_app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=8)
        async with aiohttp.ClientSession(connector=connector) as session:
            app[CLIENT] = session
            yield
            for task in list(tasks):
                task.cancel()

    app.cleanup_ctx.append(client)
    app.add_routes(
        [
            web.post("/sandbox/orders", take_orders),
            web.post("/sandbox/control", control),
            web.get("/sandbox", show),
            *app[STYLE].routes(),
        ]
    )
    return app
