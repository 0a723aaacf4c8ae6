"""One round of asking a channel: lease, call outside of any transaction, store."""

from collections.abc import Callable
from datetime import datetime

import httpx

from backoffice.core import inbox
from backoffice.core.calls import (
    CallError,
    PermanentError,
    RateLimitedError,
    RefusedError,
)
from orders.channels.registry import ADAPTERS
from orders.models import ChannelConnection
from orders.services.channel_polling import (
    access_of,
    close_round,
    open_round,
    record_page,
    wake_connection,
)

Clock = Callable[[], datetime]
PAGES = 40


def test_connection(connection: ChannelConnection, *, now: datetime) -> str:
    """Call a channel once; where it answers, what rested goes on."""
    adapter = ADAPTERS[connection.adapter]
    with httpx.Client() as http:
        name = adapter.test(http, access_of(connection))
    wake_connection(connection.pk, now=now)
    return name


def poll_connection(connection_id: int, *, clock: Clock, pages: int = PAGES) -> int:
    """Ask one channel for what changed; return how many orders nobody had told of.

    After so many pages the round is left open; the next call goes on there.
    """
    leave = open_round(connection_id, now=clock())
    if leave is None:
        return 0
    adapter, cursor, caught = ADAPTERS[leave.adapter], leave.cursor, 0
    try:
        with httpx.Client() as http:
            for _ in range(pages):
                page = adapter.poll(http, leave.access, leave.since, cursor)
                caught += record_page(connection_id, page, now=clock())
                cursor = page.cursor
                if not cursor:
                    break
    except CallError as error:
        rest = error.retry_after if isinstance(error, RateLimitedError) else 0
        is_final = isinstance(error, (PermanentError, RefusedError))
        close_round(connection_id, now=clock(), error=str(error), rest=rest, is_final=is_final)
    else:
        close_round(connection_id, now=clock())
    if caught:
        inbox.wake()
    return caught
