"""Work queues and stages: each is a stored filter, so its count and its list never disagree."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from backoffice.core.extensions import Text
from backoffice.core.models import Event
from backoffice.core.scope import is_limited
from backoffice.insights.selectors.figures import duration

CEILING = 1000
RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Box:
    """Documents in one state: their kind, the filter of their list, and since when they are there.

    `arrivals` are the events by which documents come in; `stage` is the stage of the bottleneck
    report that waiting here belongs to.
    """

    label: Text
    document: str
    query: str
    since: str = "created_at"
    arrivals: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a box holds now; ages in seconds, of at most a thousand documents.

    What is due later has not waited yet.
    """

    box: Box
    url: str
    count: int
    median: float | None
    oldest: float | None
    arrived: int

    @property
    def text(self) -> str:
        return f"{CEILING}+" if self.count > CEILING else str(self.count)

    @property
    def median_text(self) -> str:
        return duration(self.median)

    @property
    def oldest_text(self) -> str:
        return duration(self.oldest)


@dataclass(frozen=True, slots=True)
class Opened:
    """A box whose rows this user may see."""

    box: Box
    rows: QuerySet
    url: str


PART = """
SELECT count(*), extract(epoch FROM %s - percentile_disc(0.5) WITHIN GROUP (ORDER BY q.since)),
  extract(epoch FROM %s - min(q.since)) FROM ({sql}) AS q(id, since)
"""


def read(boxes: Sequence[Opened], *, now: datetime) -> list[Reading]:
    """Count every box up to the ceiling and tell how long its documents wait, in two statements."""
    if not boxes:
        return []
    parts: list[str] = []
    parameters: list[Any] = []
    for item in boxes:
        limited = item.rows.order_by().values_list("pk", item.box.since)[: CEILING + 1]
        sql, values = limited.query.sql_with_params()
        parts.append(f"({PART.format(sql=sql)})")
        parameters += [now, now, *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        figures = cursor.fetchall()
    # Events of an hour are counted for the whole company.
    counts = any(item.box.arrivals for item in boxes) and not is_limited()
    arrived = arrivals(now) if counts else Counter()
    return [
        Reading(
            item.box,
            item.url,
            count,
            None if median is None else max(0.0, float(median)),
            None if oldest is None or count > CEILING else max(0.0, float(oldest)),
            sum(arrived[kind] for kind in item.box.arrivals),
        )
        for item, (count, median, oldest) in zip(boxes, figures, strict=True)
    ]


def arrivals(now: datetime) -> Counter[str]:
    """Return how often each kind of event happened in the last hour."""
    fresh = Event.objects.filter(recorded_at__gt=now - RECENT, occurred_at__gt=now - RECENT)
    kinds = fresh.values_list("kind", flat=True).order_by()
    with connection.cursor() as cursor:
        sql, values = kinds.query.sql_with_params()
        cursor.execute(f"SELECT kind, count(*) FROM ({sql}) AS e(kind) GROUP BY kind", values)
        return Counter(dict(cursor.fetchall()))
