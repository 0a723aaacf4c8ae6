"""The calls themselves: signed, bounded, guarded, all of a batch at once, no database."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from standardwebhooks import Webhook

from backoffice.core.webhooks.guard import GuardedResolver, RefusedAddressError, check_url

SECONDS = 10.0
LARGEST_ANSWER = 64 * 1024
KEPT = 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One message to one address; every secret signs it."""

    delivery_id: int
    attempt: int
    endpoint_id: int
    url: str
    secrets: tuple[str, ...]
    message_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave: a status, or an error."""

    status: int | None
    milliseconds: int
    text: str = ""
    error: str = ""
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def headers(call: Call, *, now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, signed for the moment of this attempt."""
    signatures = [Webhook(secret).sign(call.message_id, now, call.body) for secret in call.secrets]
    return {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": "Backoffice-Webhooks/1",
        "webhook-id": call.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def make_calls(calls: Sequence[Call], *, now: datetime) -> list[Answer]:
    """Make calls at once; return their answers in the same order."""
    return asyncio.run(_all(calls, now.astimezone(UTC)))


async def _all(calls: Sequence[Call], now: datetime) -> list[Answer]:
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(), use_dns_cache=False, force_close=True, limit=0
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        return await asyncio.gather(*(_one(session, call, now) for call in calls))


async def _one(session: aiohttp.ClientSession, call: Call, now: datetime) -> Answer:
    began = time.monotonic()

    def spent() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        check_url(call.url)
        async with session.post(
            call.url,
            data=call.body.encode(),
            headers=headers(call, now=now),
            allow_redirects=False,
        ) as response:
            text = await _read(response.content)
            retry_after = response.headers.get("Retry-After", "")
            return Answer(response.status, spent(), text, retry_after=retry_after)
    except TimeoutError:
        error = f"no answer within {SECONDS:.0f} s"
    except aiohttp.ClientConnectorDNSError as failed:
        refused = failed.os_error
        error = str(refused) if isinstance(refused, RefusedAddressError) else f"{failed}"
    except (aiohttp.ClientError, OSError, ValueError) as failed:
        error = str(failed) or type(failed).__name__
    return Answer(None, spent(), error=error[:300])


async def _read(stream: aiohttp.StreamReader) -> str:
    """Read an answer as far as we care; what is behind it is left unread."""
    body = b""
    while len(body) < LARGEST_ANSWER:
        chunk = await stream.read(LARGEST_ANSWER - len(body))
        if not chunk:
            break
        body += chunk
    return body[:KEPT].decode("utf-8", "replace").replace("\0", "")


def parse_retry_after(text: str, *, now: datetime) -> datetime | None:
    """Return when `Retry-After` asks to come back, in seconds or as a date."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(now.timestamp() + min(int(text[:9]), 10**8), UTC)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
