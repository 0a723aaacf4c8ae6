"""News for channels: queued in the transaction of its cause, told by a task, recorded after."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backoffice.core.actor import service
from backoffice.core.sql import execute
from orders.channels.registry import ADAPTERS
from orders.choices import NewsKind, NewsStatus
from orders.models import ChannelNews

ATTEMPTS = 12
LEASE = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class News:
    """Something that the channel of an order is to be told, once for each key."""

    order_id: int
    kind: str
    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling: no error means that the channel has it; `wait` is what it asked for."""

    news_id: int
    note: str = ""
    error: str = ""
    is_final: bool = False
    wait: float = 0


# An imported order is the past: nobody is told of it.
QUEUE = """
INSERT INTO orders_channelnews (connection_id, order_id, kind, key, data, status, next_attempt_at)
SELECT k.id, o.id, n.kind, n.key, n.data,
  CASE WHEN t.adapter IS NULL THEN 'NOT_TAKEN' ELSE 'QUEUED' END, %(now)s
FROM unnest(%(orders)s::bigint[], %(kinds)s::text[], %(keys)s::text[], %(data)s::jsonb[])
  AS n(order_id, kind, key, data)
JOIN orders_order o ON o.id = n.order_id AND o.origin <> 'IMPORT'
JOIN orders_channelorder c ON c.order_id = o.id
JOIN orders_channelconnection k ON k.channel_id = o.channel_id AND k.is_active AND k.tells_back
LEFT JOIN unnest(%(adapters)s::text[], %(takes)s::text[]) AS t(adapter, kind)
  ON t.adapter = k.adapter AND t.kind = n.kind
ORDER BY n.order_id, n.key ON CONFLICT (connection_id, kind, key) DO NOTHING RETURNING id
"""


@service
def queue_news(news: Sequence[News], *, now: datetime, reason: str = "") -> list[int]:
    """Queue news for the channels that orders came from, where these are told anything."""
    takes = [(name, kind) for name, a in ADAPTERS.items() for kind in sorted(a.takes)]
    rows = execute(
        QUEUE,
        {
            "now": now,
            "orders": [n.order_id for n in news],
            "kinds": [str(n.kind) for n in news],
            "keys": [n.key[:80] for n in news],
            "data": [json.dumps(dict(n.data)) for n in news],
            "adapters": [name for name, _kind in takes],
            "takes": [kind for _name, kind in takes],
        },
    )
    return [row[0] for row in rows]


DUE = """
SELECT n.id FROM orders_channelnews n
LEFT JOIN orders_connectionstate s ON s.connection_id = n.connection_id
WHERE n.status = 'QUEUED' AND n.next_attempt_at <= %s
  AND coalesce(s.rest_until <= %s, true)
ORDER BY n.next_attempt_at, n.id LIMIT %s FOR UPDATE OF n SKIP LOCKED
"""


@service
def claim_news(*, now: datetime, limit: int = 50) -> list[ChannelNews]:
    """Claim what is due; a crash makes it due again in five minutes."""
    ids = [row[0] for row in execute(DUE, [now, now, limit])]
    ChannelNews.objects.filter(pk__any=ids).update(next_attempt_at=now + LEASE)
    found = ChannelNews.objects.filter(pk__any=ids).select_related("connection", "order")
    return list(found.order_by("pk"))


RECORD = """
UPDATE orders_channelnews n SET status = r.status, result = r.result, attempts = n.attempts + 1,
  next_attempt_at = r.next, sent_at = CASE WHEN r.status = 'SENT' THEN %(now)s END
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(results)s::text[], %(next)s::timestamptz[])
  AS r(id, status, result, next) WHERE n.id = r.id AND n.status = 'QUEUED'
"""


@service
def record_news(told: Sequence[Told], *, now: datetime, reason: str = "") -> None:
    """Record what came of telling; what failed for now is tried again, later each time."""
    attempts = dict(
        ChannelNews.objects.filter(pk__any=[t.news_id for t in told]).values_list("pk", "attempts")
    )
    rows: list[tuple[int, str, str, datetime | None]] = []
    for one in told:
        tries = attempts.get(one.news_id, 0)
        if not one.error:
            rows.append((one.news_id, NewsStatus.SENT, one.note, None))
        elif one.is_final or (not one.wait and tries + 1 >= ATTEMPTS):
            rows.append((one.news_id, NewsStatus.FAILED, one.error, None))
        else:
            spread = random.uniform(0.75, 1.25)  # noqa: S311
            wait = timedelta(seconds=one.wait or 30 * 2 ** min(tries, 10) * spread)
            rows.append((one.news_id, NewsStatus.QUEUED, one.error, now + min(wait, LONGEST_WAIT)))
    execute(
        RECORD,
        {
            "now": now,
            "ids": [r[0] for r in rows],
            "statuses": [str(r[1]) for r in rows],
            "results": [r[2][:300] for r in rows],
            "next": [r[3] for r in rows],
        },
    )


@service
def retry_news(news_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Tell again what failed, after a fix."""
    failed = ChannelNews.objects.filter(pk__any=list(news_ids), status=NewsStatus.FAILED)
    return failed.update(status=NewsStatus.QUEUED, attempts=0, next_attempt_at=now)


def cancellation(order_id: int) -> News:
    """Return the news that an order is cancelled."""
    return News(order_id, NewsKind.CANCELLED, str(order_id))
