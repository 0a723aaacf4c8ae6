"""The sandbox carrier: a small real server that sells labels, tracks, pushes, and fails on demand.

Scans unfold over accelerated time: `day_seconds` real seconds are one carrier day. Faults are set
by `POST /control`; `GET /control` tells what was asked of the server.
"""

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from logistics.carriers.sandbox import webhook
from logistics.carriers.sandbox.state import SERVICES, Control, Sandbox

TICK = 0.1
PUSH_TRIES = 4

STATE: web.AppKey[Sandbox] = web.AppKey("state", Sandbox)


@web.middleware
async def misbehave(request: web.Request, handler: Any) -> web.StreamResponse:
    """Be slow, refuse, limit, fail, break off or hang, as the control says."""
    state = request.app[STATE]
    if request.path in ("/control", "/scans", "/parcels"):
        return await handler(request)
    control = state.control
    wait = state.count(request.path.strip("/"))
    if control.latency:
        await asyncio.sleep(control.latency * state.dice.lognormvariate(-0.125, 0.5))
    if wait:
        return web.json_response(
            {"error": "slow down"}, status=429, headers={"Retry-After": str(wait)}
        )
    if control.refuses or not request.headers.get("Authorization", "").startswith("Bearer "):
        return web.json_response({"error": "who are you?"}, status=401)
    luck = state.dice.random()
    for rate, act in (
        (control.error_rate, _fail),
        (control.malformed_rate, _garble),
        (control.reset_rate, _reset),
        (control.hang_rate, _hang),
        (control.loss_rate, partial(_lose, handler)),
    ):
        if luck < rate:
            return await act(request)
        luck -= rate
    return await handler(request)


async def _fail(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="<html>sorry</html>", content_type="text/html")


async def _garble(request: web.Request) -> web.StreamResponse:
    return web.Response(text='{"parcels": [{"number": ', content_type="application/json")


async def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _lose(handler: Any, request: web.Request) -> web.StreamResponse:
    await handler(request)
    return await _reset(request)


async def _hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(request.app[STATE].control.hang_seconds)
    return web.Response(status=504)


async def sell_label(request: web.Request) -> web.StreamResponse:
    """`POST /labels`: sell a label, once per key."""
    state = request.app[STATE]
    try:
        data = await request.json()
        key, service = str(data["key"]), str(data.get("service") or "STANDARD")
        country = str(data["to"]["country"])
    except (ValueError, KeyError, TypeError):
        return web.json_response({"error": "key, service and to are needed"}, status=400)
    if not key or service not in SERVICES or len(country) != 2:
        return web.json_response({"error": "unknown service or country"}, status=422)
    home = str((data.get("from") or {}).get("country") or country)
    parcel = state.sell(key, service, is_abroad=home != country)
    body = {
        "tracking_number": parcel.number,
        "label_url": f"{request.url.origin()}/labels/{parcel.number}",
        "cost": SERVICES[service],
        "currency": "EUR",
    }
    return web.json_response(body, status=201)


async def track(request: web.Request) -> web.StreamResponse:
    """`GET /track?numbers=…`: tell what was seen of up to forty numbers."""
    numbers = [n for n in request.query.get("numbers", "").split(",") if n]
    if not 0 < len(numbers) <= 40:
        return web.json_response({"error": "one to forty numbers"}, status=400)
    state = request.app[STATE]
    return web.json_response({"parcels": [state.answer(n) for n in numbers]})


async def read_control(request: web.Request) -> web.StreamResponse:
    """`GET /control`: tell the settings and what was asked so far."""
    state = request.app[STATE]
    return web.json_response(
        {
            "control": asdict(state.control),
            "calls": state.calls,
            "peak_per_second": state.peak,
            "parcels": len(state.parcels),
        }
    )


async def write_control(request: web.Request) -> web.StreamResponse:
    """`POST /control`: change settings; unknown ones are refused."""
    state = request.app[STATE]
    data = await request.json()
    known = {f.name for f in fields(Control)}
    if unknown := set(data) - known:
        return web.json_response({"error": f"unknown: {sorted(unknown)}"}, status=422)
    for name, value in data.items():
        setattr(state.control, name, value)
    return await read_control(request)


async def force_scans(request: web.Request) -> web.StreamResponse:
    """`POST /scans`: let something happen to a parcel now: `{"number", "code"}`."""
    state = request.app[STATE]
    data = await request.json()
    parcel = state.parcels.get(data["number"])
    if parcel is None:
        return web.json_response({"error": "unknown number"}, status=404)
    return web.json_response(state.force(parcel, data["code"]), status=201)


async def adopt_parcels(request: web.Request) -> web.StreamResponse:
    """`POST /parcels`: take over parcels that are on their way; known numbers stay as they are.

    Each has `number, key, service, is_abroad, sold_at`: until now its days were real ones.
    """
    data = await request.json()
    adopted = [request.app[STATE].adopt(**item) for item in data["parcels"]]
    return web.json_response({"adopted": sum(adopted)})


async def _push(session: aiohttp.ClientSession, state: Sandbox, news: list[Any]) -> None:
    control = state.control
    body = json.dumps({"parcels": news}).encode()
    for attempt in range(PUSH_TRIES):
        stamp = str(int(time.time()))
        headers = {
            webhook.TIMESTAMP: stamp,
            webhook.SIGNATURE: webhook.sign(body, stamp, control.webhook_secret),
            webhook.DELIVERY: hashlib.sha256(body).hexdigest()[:16],
            "Content-Type": "application/json",
        }
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(control.webhook_url, data=body, headers=headers) as answer:
                state.calls["pushes"] = state.calls.get("pushes", 0) + 1
                if answer.status < 300:
                    return
        await asyncio.sleep(0.2 * 4**attempt)


async def _push_for_ever(state: Sandbox) -> None:
    timeout = aiohttp.ClientTimeout(total=5)
    held: list[tuple[float, list[Any]]] = []
    running: set[asyncio.Task[None]] = set()
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            await asyncio.sleep(TICK)
            state.save()
            control = state.control
            if not control.webhook_url:
                continue
            batches: list[list[Any]] = []
            news = state.news()
            for n in range(0, len(news), 20):
                batch = news[n : n + 20]
                if state.dice.random() < control.push_loss_rate:
                    continue
                if state.dice.random() < control.delay_rate:
                    # Held back, so that later scans overtake it.
                    held.append((state.clock() + state.dice.uniform(0.2, 1.0), batch))
                    continue
                batches.append(batch)
                if state.dice.random() < control.duplicate_rate:
                    batches.append(batch)
            batches += [batch for at, batch in held if at <= state.clock()]
            held = [item for item in held if item[0] > state.clock()]
            for batch in batches:
                task = asyncio.create_task(_push(session, state, batch))
                running.add(task)
                task.add_done_callback(running.discard)


async def _pushing(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(_push_for_ever(app[STATE]))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    app[STATE].save()


def create_app(*, state_path: Path | None = None, **control: Any) -> web.Application:
    """Build the server; `control` sets how it behaves from the start."""
    app = web.Application(middlewares=[misbehave])
    state = Sandbox(state_path)
    for name, value in control.items():
        setattr(state.control, name, value)
    app[STATE] = state
    app.add_routes(
        [
            web.post("/labels", sell_label),
            web.get("/track", track),
            web.get("/control", read_control),
            web.post("/control", write_control),
            web.post("/scans", force_scans),
            web.post("/parcels", adopt_parcels),
        ]
    )
    app.cleanup_ctx.append(_pushing)
    return app


def main() -> None:
    """Run the server alone: `python -m logistics.carriers.sandbox.server PORT`."""
    import sys

    web.run_app(create_app(), host="127.0.0.1", port=int(sys.argv[1]), print=lambda *_: None)


if __name__ == "__main__":
    main()
