"""The sandbox carrier: a small real server that sells labels, tracks, pushes, and fails on demand.

Scans unfold over accelerated time: `day_seconds` real seconds are one carrier day. Faults are set
by `POST /control`; `GET /control` tells what was asked of the server.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from logistics.carriers.sandbox import webhook
from logistics.carriers.sandbox.route import Odds, Step, draw_route

SERVICES = {"STANDARD": "4.90", "EXPRESS": "11.90"}
TICK = 0.1
PUSH_TRIES = 4


@dataclass(slots=True)
class Control:
    """How the server behaves; every field can be set by `POST /control`."""

    seed: str = "sandbox"
    day_seconds: float = 60.0
    latency: float = 0.0
    error_rate: float = 0.0
    malformed_rate: float = 0.0
    reset_rate: float = 0.0
    hang_rate: float = 0.0
    hang_seconds: float = 30.0
    refuses: bool = False
    calls_per_second: float = 0.0
    retry_after: float = 2.0
    odds: dict[str, float] = field(default_factory=dict)
    webhook_url: str = ""
    webhook_secret: str = ""
    duplicate_rate: float = 0.0
    delay_rate: float = 0.0
    push_loss_rate: float = 0.0


@dataclass(slots=True)
class Sold:
    """A parcel whose label was sold."""

    number: str
    key: str
    service: str
    sold_at: float
    is_abroad: bool
    pushed: int = 0
    forced: list[dict[str, Any]] = field(default_factory=list)


class Sandbox:
    """The server's state."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = path, clock
        self.control = Control()
        self.parcels: dict[str, Sold] = {}
        self.by_key: dict[str, str] = {}
        self.calls: dict[str, int] = {}
        self.recent: list[float] = []
        self.peak = 0
        self.dice = random.Random(0)  # noqa: S311
        self.changed = False
        if path is not None and path.exists():
            self._load(json.loads(path.read_text()))

    def _load(self, data: dict[str, Any]) -> None:
        for item in data["parcels"]:
            self._keep(Sold(**item))

    def save(self) -> None:
        """Write the parcels to the file, where there is one."""
        if self.path is not None and self.changed:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps({"parcels": [asdict(p) for p in self.parcels.values()]}))
            draft.replace(self.path)
            self.changed = False

    def _keep(self, parcel: Sold) -> None:
        self.parcels[parcel.number] = parcel
        self.by_key[parcel.key] = parcel.number

    def sell(self, key: str, service: str, *, is_abroad: bool) -> Sold:
        """Sell a label; the same key gives the same one."""
        if key not in self.by_key:
            digest = hashlib.sha256(f"{self.control.seed}|{key}".encode()).hexdigest()
            number = f"SB{int(digest[:15], 16) % 10**14:014d}"
            self._keep(Sold(number, key, service, self.clock(), is_abroad))
            self.changed = True
        return self.parcels[self.by_key[key]]

    def route(self, parcel: Sold) -> list[Step]:
        """Return all that becomes of a parcel."""
        odds = Odds(**self.control.odds)
        express = parcel.service == "EXPRESS"
        seed = f"{self.control.seed}|{parcel.number}"
        return draw_route(seed, odds, express=express, abroad=parcel.is_abroad)

    def scans(self, parcel: Sold) -> list[dict[str, Any]]:
        """Return what has been seen of a parcel so far, as it is answered."""
        now = self.clock()
        seen = []
        for step in self.route(parcel):
            at = parcel.sold_at + step.days * self.control.day_seconds
            if at <= now:
                seen.append(
                    {
                        "time": datetime.fromtimestamp(at, UTC).isoformat(),
                        "code": step.code,
                        "description": step.description,
                        "location": step.location,
                    }
                )
        return seen + parcel.forced

    def answer(self, number: str) -> dict[str, Any]:
        """Return what is known of a number."""
        parcel = self.parcels.get(number)
        if parcel is None:
            return {"number": number, "found": False}
        return {"number": number, "found": True, "scans": self.scans(parcel)}

    def count(self, name: str) -> float:
        """Count a call; return the seconds to wait where there were too many of late."""
        now = time.monotonic()
        self.calls[name] = self.calls.get(name, 0) + 1
        limit = self.control.calls_per_second
        self.recent = [t for t in self.recent if t > now - 1]
        if limit and len(self.recent) >= limit:
            self.calls["limited"] = self.calls.get("limited", 0) + 1
            return self.control.retry_after
        self.recent.append(now)
        self.peak = max(self.peak, len(self.recent))
        return 0


STATE: web.AppKey[Sandbox] = web.AppKey("state", Sandbox)


@web.middleware
async def misbehave(request: web.Request, handler: Any) -> web.StreamResponse:
    """Be slow, refuse, limit, fail, break off or hang, as the control says."""
    state = request.app[STATE]
    if request.path in ("/control", "/scans"):
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
    at = datetime.fromtimestamp(state.clock(), UTC)
    scan = {"time": at.isoformat(), "code": data["code"], "description": "Entered by hand"}
    parcel.forced.append(scan)
    state.changed = True
    return web.json_response(scan, status=201)


def _due_pushes(state: Sandbox) -> list[dict[str, Any]]:
    """Return parcels with their new scans, each scan news of its own."""
    news = []
    for parcel in state.parcels.values():
        scans = state.scans(parcel)
        for scan in scans[parcel.pushed :]:
            news.append({"number": parcel.number, "found": True, "scans": [scan]})
        if len(scans) != parcel.pushed:
            parcel.pushed = len(scans)
            state.changed = True
    return news


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
            news = _due_pushes(state)
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
