"""A payment provider to try everything with: a real HTTP server that can misbehave.

`POST /control` sets how: `lose_replies` (do the work, drop the connection, so many times),
`fail` (statuses for the next calls), `delay` (seconds before answering), `is_down`,
`decline_payments` and `decline_refunds` (so many), `duplicate_notices`, `reorder_notices`,
`capture_delay` (seconds, null: only by `POST /payments/{id}/capture`).
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
from aiohttp import web

from finance.providers.sandbox.webhook import SIGNATURE, TIMESTAMP, sign

DEFAULTS: dict[str, Any] = {
    "lose_replies": 0,
    "fail": [],
    "delay": 0.0,
    "is_down": False,
    "decline_payments": 0,
    "decline_refunds": 0,
    "duplicate_notices": False,
    "reorder_notices": False,
    "capture_delay": 0.2,
}
NOTICE_ATTEMPTS = 6


class Sandbox:
    """The provider's whole state, in memory."""

    def __init__(self, secret: str, notify_url: str) -> None:
        self.secret = secret
        self.notify_url = notify_url
        self.control = dict(DEFAULTS)
        self.payments: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.numbers = itertools.count(1)
        self.prefix = f"{int(time.time()):x}"
        self.notices: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.tasks: set[asyncio.Task] = set()

    def new_id(self, kind: str) -> str:
        return f"{kind}_{self.prefix}_{next(self.numbers)}"

    def tell(self, kind: str, data: dict[str, Any], url: str) -> None:
        """Queue a notification."""
        if not (url or self.notify_url):
            return
        message = {
            "id": self.new_id("evt"),
            "type": kind,
            "created": datetime.now(UTC).isoformat(),
            "data": {k: v for k, v in data.items() if k != "notify_url"},
        }
        for _ in range(2 if self.control["duplicate_notices"] else 1):
            self.notices.put_nowait((url or self.notify_url, message))

    def start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def capture_later(self, payment: dict[str, Any]) -> None:
        delay = self.control["capture_delay"]
        if delay is not None:
            await asyncio.sleep(delay)
            self.capture(payment)

    def capture(self, payment: dict[str, Any]) -> None:
        if payment["status"] != "pending":
            return
        if self.control["decline_payments"] > 0:
            self.control["decline_payments"] -= 1
            payment |= {"status": "failed", "failure": "declined"}
            self.tell("payment.failed", payment, payment["notify_url"])
            return
        self.tell("payment.authorised", payment, payment["notify_url"])
        payment["status"] = "captured"
        self.tell("payment.captured", payment, payment["notify_url"])

    async def send_notices(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                waiting = [await self.notices.get()]
                if self.control["reorder_notices"]:
                    await asyncio.sleep(0.1)
                while not self.notices.empty():
                    waiting.append(self.notices.get_nowait())
                if self.control["reorder_notices"]:
                    random.shuffle(waiting)
                for url, message in waiting:
                    await self.send(session, url, message)

    async def send(self, session: aiohttp.ClientSession, url: str, message: dict) -> None:
        body = json.dumps(message).encode()
        for attempt in range(NOTICE_ATTEMPTS):
            stamp = str(int(time.time()))
            headers = {TIMESTAMP: stamp, SIGNATURE: sign(body, stamp, self.secret)}
            headers["Content-Type"] = "application/json"
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(url, data=body, headers=headers) as answer:
                    if answer.status < 300:
                        return
            await asyncio.sleep(min(10, 0.5 * 2**attempt))


STATE = web.AppKey("state", Sandbox)


@web.middleware
async def misbehave(request: web.Request, handler: Any) -> web.StreamResponse:
    """Check the credentials, then go wrong as `/control` asks for."""
    state = request.app[STATE]
    if request.path in ("/livez", "/control", "/state"):
        return await handler(request)
    if state.control["is_down"]:
        _drop(request)
        return web.Response(status=503)
    if state.control["delay"]:
        await asyncio.sleep(state.control["delay"])
    if request.headers.get("Authorization") != f"Bearer {state.secret}":
        return web.json_response({"error": "unknown credentials"}, status=401)
    if state.control["fail"]:
        status = state.control["fail"].pop(0)
        return web.json_response({"error": "asked for"}, status=status, headers=_headers(status))
    response = await handler(request)
    if request.method == "POST" and state.control["lose_replies"] > 0:
        state.control["lose_replies"] -= 1
        _drop(request)
    return response


def _headers(status: int) -> dict[str, str]:
    return {"Retry-After": "0"} if status == 429 else {}


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


async def create_payment(request: web.Request) -> web.Response:
    """Ask for a payment; the customer pays a moment later."""
    state = request.app[STATE]
    key = request.headers.get("Idempotency-Key", "")
    body = await request.json()
    if key and key in state.by_key:
        return web.json_response(state.payments[state.by_key[key]])
    payment = {
        "id": state.new_id("pay"),
        "reference": body["reference"],
        "order": body.get("order", ""),
        "amount": body["amount"],
        "currency": body["currency"],
        "method": "card",
        "status": "pending",
        "notify_url": body.get("notify_url", ""),
    }
    state.payments[payment["id"]] = payment
    if key:
        state.by_key[key] = payment["id"]
    state.start(state.capture_later(payment))
    return web.json_response(payment, status=201)


async def capture_payment(request: web.Request) -> web.Response:
    """Let the customer pay now."""
    state = request.app[STATE]
    payment = state.payments.get(request.match_info["id"])
    if payment is None:
        return web.json_response({"error": "unknown payment"}, status=404)
    state.capture(payment)
    return web.json_response(payment)


async def cancel_payment(request: web.Request) -> web.Response:
    """Call a payment off by its key; one that has come in stays, and the answer says so."""
    state = request.app[STATE]
    payment = state.payments.get(state.by_key.get(request.match_info["key"], ""))
    if payment is None:
        return web.json_response({"error": "unknown key"}, status=404)
    if payment["status"] == "pending":
        payment["status"] = "voided"
        state.tell("payment.voided", payment, payment["notify_url"])
    return web.json_response(payment)


async def create_refund(request: web.Request) -> web.Response:
    """Pay money back, once per key and never more than came in."""
    state = request.app[STATE]
    key = request.headers.get("Idempotency-Key", "")
    body = await request.json()
    if not key:
        return web.json_response({"error": "Idempotency-Key is missing"}, status=400)
    if key in state.by_key:
        return web.json_response(state.refunds[state.by_key[key]])
    payment = state.payments.get(body["payment"])
    amount = Decimal(body["amount"])
    if payment is None and body["payment"].startswith(f"pay_{state.prefix}_"):
        return web.json_response({"error": "unknown payment"}, status=404)
    if payment is None:
        # Nothing outlives this process: what an earlier one captured is taken on trust.
        payment = {"status": "captured", "amount": "Infinity", "notify_url": ""}
    back = sum(
        (
            Decimal(r["amount"])
            for r in state.refunds.values()
            if r["payment"] == body["payment"] and r["status"] == "succeeded"
        ),
        Decimal(0),
    )
    refund = {
        "id": state.new_id("ref"),
        "reference": key,
        "payment": body["payment"],
        "amount": body["amount"],
        "currency": body["currency"],
        "status": "succeeded",
        "failure": "",
    }
    if state.control["decline_refunds"] > 0:
        state.control["decline_refunds"] -= 1
        refund |= {"status": "failed", "failure": "declined"}
    elif payment["status"] != "captured" or back + amount > Decimal(payment["amount"]):
        refund |= {"status": "failed", "failure": "more than was captured"}
    state.refunds[refund["id"]] = refund
    state.by_key[key] = refund["id"]
    state.tell(f"refund.{refund['status']}", refund, payment["notify_url"])
    return web.json_response(refund, status=201)


async def find_refund(request: web.Request) -> web.Response:
    """Say what became of a refund."""
    state = request.app[STATE]
    refund = state.refunds.get(state.by_key.get(request.match_info["key"], ""))
    if refund is None:
        return web.json_response({"error": "unknown key"}, status=404)
    return web.json_response(refund)


async def control(request: web.Request) -> web.Response:
    """Change how the provider behaves; an empty body puts everything right."""
    state = request.app[STATE]
    body = await request.json() if request.can_read_body else {}
    unknown = set(body) - set(DEFAULTS)
    if unknown:
        return web.json_response({"error": f"unknown: {sorted(unknown)}"}, status=400)
    state.control = {**(state.control if body else DEFAULTS), **body}
    return web.json_response(state.control)


async def show_state(request: web.Request) -> web.Response:
    """Show what the provider has done."""
    state = request.app[STATE]
    return web.json_response(
        {"payments": list(state.payments.values()), "refunds": list(state.refunds.values())}
    )


async def livez(request: web.Request) -> web.Response:
    """Say that the provider runs."""
    return web.json_response({"status": "ok"})


async def _run_notices(app: web.Application) -> Any:
    task = asyncio.ensure_future(app[STATE].send_notices())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def create_app(*, secret: str = "", notify_url: str = "") -> web.Application:
    """Return the provider; the secret signs notifications and is its callers' bearer token."""
    app = web.Application(middlewares=[misbehave])
    app[STATE] = Sandbox(secret or os.environ.get("SANDBOX_PROVIDER_SECRET", ""), notify_url)
    app.cleanup_ctx.append(_run_notices)
    app.add_routes(
        [
            web.get("/livez", livez),
            web.post("/control", control),
            web.get("/state", show_state),
            web.post("/payments", create_payment),
            web.post("/payments/{id}/capture", capture_payment),
            web.post("/payments/by-key/{key}/cancel", cancel_payment),
            web.post("/refunds", create_refund),
            web.get("/refunds/by-key/{key}", find_refund),
        ]
    )
    return app
