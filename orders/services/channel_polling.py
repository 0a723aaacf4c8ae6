"""Asking channels for what was missed: leased rounds that go on where they stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from backoffice.core.actor import service
from backoffice.core.inbox import Inbound, receive_many
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from orders.channels.adapter import Access, Found, Page
from orders.channels.registry import ADAPTERS
from orders.models import ChannelConnection, ConnectionState
from orders.services.channel_reading import CHANNEL_HEADER, source_of

LEASE = timedelta(minutes=2)
# Clocks differ, and a channel may show a change late.
OVERLAP = timedelta(minutes=10)
FIRST = timedelta(days=1)
LONGEST_REST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Round:
    """Leave to ask one channel: since when, and where an unfinished round goes on."""

    connection_id: int
    adapter: str
    access: Access
    since: datetime
    cursor: str


def due_connections(now: datetime) -> list[int]:
    """Return connections that are to be asked now: their time has come, or a round is open."""
    able = [name for name, adapter in ADAPTERS.items() if adapter.polls]
    due = ChannelConnection.objects.filter(
        Q(state=None)
        | Q(state__polled_at=None)
        | ~Q(state__cursor="")
        | Q(state__polled_at__lte=now - F("poll_minutes") * timedelta(minutes=1)),
        Q(state=None) | Q(state__rest_until=None) | Q(state__rest_until__lte=now),
        polls=True,
        is_active=True,
        channel__is_active=True,
        adapter__in=able,
    )
    return list(due.order_by("pk").values_list("pk", flat=True))


def access_of(connection: ChannelConnection) -> Access:
    """Return what a client has to know of a connection."""
    return Access(
        connection.base_url, connection.api_key, connection.api_secret, connection.options
    )


def locked_state(connection_id: int, *, now: datetime) -> ConnectionState | None:
    """Lock how a connection is doing; None where somebody is at it or it rests."""
    execute(
        "INSERT INTO orders_connectionstate (connection_id) VALUES (%s) ON CONFLICT DO NOTHING",
        [connection_id],
    )
    if not lock(ConnectionState, [connection_id], skip_locked=True):
        return None
    state = ConnectionState.objects.get(pk=connection_id)
    if any(at and at > now for at in (state.lease_until, state.rest_until)):
        return None
    return state


@service
def open_round(connection_id: int, *, now: datetime) -> Round | None:
    """Lease a connection to one worker, and say since when to ask."""
    state = locked_state(connection_id, now=now)
    connection = ChannelConnection.objects.filter(pk=connection_id, is_active=True).first()
    if state is None or connection is None:
        return None
    if not state.cursor:
        state.round_since = (state.polled_until or now - FIRST) - OVERLAP
        state.polled_at = now
    state.lease_until = now + LEASE
    state.save()
    assert state.round_since is not None
    return Round(
        connection_id, connection.adapter, access_of(connection), state.round_since, state.cursor
    )


NEWS = """
SELECT f.n FROM unnest(%s::text[], %s::timestamptz[]) WITH ORDINALITY AS f(external, version, n)
LEFT JOIN orders_channelorder o ON o.channel_id = %s AND o.external_id = f.external
WHERE o.version_at IS NULL OR o.version_at < f.version ORDER BY f.n
"""


@service
def record_page(connection_id: int, page: Page, *, now: datetime) -> int:
    """Store what was not told yet and note where to go on; return how many orders that were."""
    lock(ConnectionState, [connection_id])
    state = ConnectionState.objects.get(pk=connection_id)
    connection = ChannelConnection.objects.select_related("channel").get(pk=connection_id)
    stored = _store(connection, page.orders, now=now) if page.orders else 0
    state.cursor, state.caught = page.cursor, state.caught + stored
    state.failures, state.last_error, state.rest_until = 0, "", None
    if not page.cursor:
        # What changed while the round went on is asked for by the next one.
        state.polled_until, state.lease_until = state.polled_at, None
    else:
        state.lease_until = now + LEASE
    state.save()
    return stored


def _store(connection: ChannelConnection, orders: Sequence[Found], *, now: datetime) -> int:
    rows = execute(
        NEWS,
        [[o.external_id for o in orders], [o.version for o in orders], connection.channel_id],
    )
    code = connection.channel.code
    found = [orders[n - 1] for (n,) in rows]
    messages = [
        Inbound(
            f"{code}:asked:{o.external_id}:{o.version.isoformat()}",
            o.body,
            {CHANNEL_HEADER: code},
            now,
        )
        for o in found
    ]
    return len(receive_many(source_of(connection.adapter), messages))


@service
def close_round(
    connection_id: int, *, now: datetime, error: str = "", rest: float = 0, is_final: bool = False
) -> None:
    """Give the lease back; after an error the connection rests, longer each time."""
    lock(ConnectionState, [connection_id])
    state = ConnectionState.objects.get(pk=connection_id)
    state.lease_until = None
    if error:
        state.failures += 1
        wait = timedelta(seconds=rest or 15 * 2 ** min(state.failures, 8))
        state.rest_until = now + (LONGEST_REST if is_final else min(wait, LONGEST_REST))
        state.last_error = error[:300]
        if is_final:
            # A cursor may have expired: the next round starts anew.
            state.cursor = ""
    state.save()


@service
def wake_connection(connection_id: int, *, now: datetime) -> None:
    """Let a connection that rests go on: it answers again."""
    ConnectionState.objects.filter(pk=connection_id).update(
        rest_until=None, failures=0, last_error=""
    )
