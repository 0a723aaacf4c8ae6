"""Speaks to the sandbox carrier."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import aiohttp

from logistics.carriers.base import (
    Access,
    Label,
    LabelOrder,
    TemporaryError,
    TrackResult,
    check_answer,
)
from logistics.carriers.sandbox import webhook
from logistics.carriers.sandbox.parser import parse_label, parse_tracking

LARGEST_ANSWER = 5_000_000


async def _call(
    session: aiohttp.ClientSession, method: str, url: str, access: Access, **options: object
) -> bytes:
    headers = {"Authorization": f"Bearer {access.api_key}"}
    try:
        async with session.request(
            method,
            url,
            headers=headers,
            allow_redirects=False,
            **options,  # type: ignore[arg-type]
        ) as answer:
            check_answer(answer.status, answer.headers)
            body = await answer.content.read(LARGEST_ANSWER + 1)
            while not answer.content.at_eof() and len(body) <= LARGEST_ANSWER:
                body += await answer.content.read(LARGEST_ANSWER)
            if len(body) > LARGEST_ANSWER:
                raise TemporaryError("the answer is too large")
            return body
    except TimeoutError as error:
        raise TemporaryError("no answer in time", is_timeout=True) from error
    except aiohttp.ClientError as error:
        raise TemporaryError(f"{type(error).__name__}: {error}"[:300]) from error


class SandboxAdapter:
    """The carrier that comes with the product."""

    name = "sandbox"
    batch_max = 40
    buys_labels = True
    tracks = True

    async def fetch(
        self, session: aiohttp.ClientSession, access: Access, numbers: Sequence[str]
    ) -> list[TrackResult]:
        """Ask for up to forty numbers at once."""
        url = f"{access.base_url.rstrip('/')}/track"
        body = await _call(session, "GET", url, access, params={"numbers": ",".join(numbers)})
        try:
            return parse_tracking(body)
        except ValueError as error:
            raise TemporaryError(f"unreadable answer: {error}"[:300]) from error

    async def buy(self, session: aiohttp.ClientSession, access: Access, order: LabelOrder) -> Label:
        """Buy a label; the same key gives the same label."""
        url = f"{access.base_url.rstrip('/')}/labels"
        data = {
            "key": order.key,
            "service": order.service,
            "weight_grams": order.weight_grams,
            "reference": order.reference,
            "from": dict(order.sender),
            "to": dict(order.recipient),
        }
        body = await _call(session, "POST", url, access, json=data)
        try:
            return parse_label(body)
        except ValueError as error:
            raise TemporaryError(f"unreadable answer: {error}"[:300]) from error

    def is_authentic(
        self, body: bytes, headers: Mapping[str, str], secret: str, *, now: datetime
    ) -> bool:
        """Verify a push over its raw bytes."""
        return webhook.is_authentic(body, headers, secret, now=now)

    def parse_push(self, body: bytes) -> list[TrackResult]:
        """Read a push."""
        try:
            return parse_tracking(body)
        except json.JSONDecodeError as error:
            raise ValueError(str(error)) from error

    def push_id(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Return the digest of the body: a push that is sent again is the same push.

        The delivery header is not signed, so it identifies nothing.
        """
        return hashlib.sha256(body).hexdigest()
