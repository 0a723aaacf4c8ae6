"""Plays facts in time order: stored raw, taken in windows, each stage by the live services."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from backoffice.core.actor import acting_job
from backoffice.core.choices import Origin
from backoffice.core.events import deliver
from backoffice.core.inbox import Inbound, finish, receive_many
from backoffice.core.models import EventDelivery, InboundMessage
from backoffice.core.models.inbox import InboxStatus
from backoffice.core.sql import execute
from backoffice.replay.facts import SourceFact, Stage
from finance.services.settlement import settle_orders

CHUNK = 500
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Played:
    """A stored fact that is to be played."""

    message: InboundMessage
    order: str
    at: datetime
    body: dict


# A stage plays facts and returns the reasons why some cannot be, by message id.
StagePlayer = Callable[[Sequence[Played], datetime], dict[int, str]]


def store(source: str, facts: Iterable[SourceFact]) -> dict[Stage, int]:
    """Keep every fact raw in the inbox, once; return how many are new by stage."""
    new: dict[Stage, int] = {}
    waiting: dict[Stage, list[Inbound]] = {}

    def flush(stage: Stage) -> None:
        ids = receive_many(f"{source}.{stage}", waiting.pop(stage, []))
        new[stage] = new.get(stage, 0) + len(ids)

    for fact in facts:
        body = json.dumps({"fact_of": fact.order} | fact.body, default=str)
        batch = waiting.setdefault(fact.stage, [])
        batch.append(Inbound(fact.external_id, body, {}, fact.at, fact.refusal))
        if len(batch) >= 2_000:
            flush(fact.stage)
    for stage in list(waiting):
        flush(stage)
    return new


def pending(source: str) -> int:
    """Return how many stored facts are still to be played."""
    return InboundMessage.objects.filter(
        source__startswith=f"{source}.", status=InboxStatus.NEW
    ).count()


# The last window of a run that broke is gone through again: its orders may not be settled yet.
WINDOWS = """
SELECT DISTINCT date_bin(%(width)s::interval, happened_at, '1970-01-01Z') AS start
FROM core_inboundmessage WHERE starts_with(source, %(source)s) AND (status = 'NEW'
  OR happened_at = (SELECT max(happened_at) FROM core_inboundmessage
    WHERE starts_with(source, %(source)s) AND status = 'DONE'))
ORDER BY start
"""


def play(
    source: str,
    players: dict[Stage, StagePlayer],
    *,
    window: timedelta,
    progress: Callable[[int], None],
) -> None:
    """Play what is stored, window by window, stage by stage; a broken run goes on where it was.

    Within a window the stages run in causal order, and each service and handler at the end of the
    window; what happened keeps its own time.
    """
    with acting_job("importer", origin=Origin.IMPORT):
        deliver_all()
    width = f"{window.total_seconds()} seconds"
    for (start,) in execute(WINDOWS, {"width": width, "source": f"{source}."}):
        end = start + window
        for stage, player in players.items():
            due = InboundMessage.objects.filter(
                source=f"{source}.{stage}",
                status=InboxStatus.NEW,
                happened_at__gte=start,
                happened_at__lt=end,
            ).order_by("happened_at", "pk")
            while batch := list(due[:CHUNK]):
                _play_batch(player, batch, end)
                progress(len(batch))
        for day in range(1, max(window // DAY, 1) + 1):
            settle_due(source, min(start + day * DAY, end))


def _play_batch(player: StagePlayer, batch: list[InboundMessage], now: datetime) -> None:
    played = []
    for message in batch:
        body = json.loads(message.body)
        assert message.happened_at is not None
        played.append(Played(message, body.pop("fact_of"), message.happened_at, body))
    with acting_job("importer", origin=Origin.IMPORT):
        # The facts leave the inbox in the transaction that makes them true.
        with transaction.atomic():
            finish(batch, player(played, now), now=timezone.now())
        deliver_all()


def deliver_all() -> None:
    """Deliver until nothing waits; what a worker has claimed meanwhile is waited for."""
    while True:
        deliver(now=timezone.now())
        waiting = EventDelivery.objects.filter(
            set_aside_at=None, next_attempt_at__lte=timezone.now()
        )
        if not waiting.exists():
            return
        time.sleep(0.05)


UNSETTLED = """
SELECT o.id FROM orders_order o JOIN orders_saleschannel c ON c.id = o.channel_id
WHERE c.code = %s AND o.origin = 'IMPORT' AND o.delivered_at < %s AND o.status <> 'CANCELLED'
  AND NOT EXISTS (SELECT FROM finance_ordersettlement s WHERE s.order_id = o.id)
ORDER BY o.delivered_at, o.id
"""


def settle_due(channel: str, now: datetime) -> None:
    """Settle delivered orders whose day has come by a moment of the replay."""
    ids = [row[0] for row in execute(UNSETTLED, [channel, now])]
    with acting_job("importer", origin=Origin.IMPORT):
        for n in range(0, len(ids), CHUNK):
            settle_orders(ids[n : n + CHUNK], now=now, reason="import")
            deliver_all()
