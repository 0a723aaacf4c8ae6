"""Rollups that the dashboard reads: by watermark, with overlap, recomputing touched days."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from backoffice.core.actor import service
from backoffice.core.choices import Origin
from backoffice.core.models import Company
from backoffice.core.sql import execute
from backoffice.insights.services.measuring import MEASURES, Measure

# Longer than any transaction lives, so that what was committed late is not missed.
OVERLAP = timedelta(minutes=20)
CHUNK = 50_000
EVENTS = "events"
SPANS = (7, 30)
LOCK = "SELECT pg_advisory_xact_lock(hashtext('insights.rollup'))"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

READ_UP_TO = "SELECT recorded_at, last_id FROM insights_watermark WHERE name = %s"
WRITE_UP_TO = """
INSERT INTO insights_watermark (name, recorded_at, last_id, updated_at)
VALUES (%(name)s, %(recorded_at)s, %(last_id)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET recorded_at = greatest(
    insights_watermark.recorded_at, excluded.recorded_at),
  last_id = greatest(insights_watermark.last_id, excluded.last_id), updated_at = excluded.updated_at
"""
# Forget what was measured of the touched subjects, measure anew, return all days concerned.
MEASURE = """
WITH touched AS MATERIALIZED ({touched}),
times AS MATERIALIZED ({times}),
stale AS (
  DELETE FROM insights_stagetime s USING touched
  WHERE s.metric = %(metric)s AND s.subject_id = touched.id
    AND NOT EXISTS (SELECT FROM times WHERE times.subject_id = touched.id)
  RETURNING s.day
),
before AS (
  SELECT s.day FROM insights_stagetime s JOIN times ON s.metric = %(metric)s
    AND s.subject_id = times.subject_id
),
written AS (
  INSERT INTO insights_stagetime (metric, subject_id, order_id, started_at, ended_at, day, seconds,
    channel_id, warehouse_id, carrier_id, seller_id, origin)
  SELECT %(metric)s, subject_id, order_id, started_at, ended_at,
    (ended_at AT TIME ZONE %(zone)s)::date,
    extract(epoch FROM ended_at - started_at)::float8,
    channel_id, warehouse_id, carrier_id, seller_id, origin
  FROM times
  ON CONFLICT (metric, subject_id) DO UPDATE SET order_id = excluded.order_id,
    started_at = excluded.started_at, ended_at = excluded.ended_at, day = excluded.day,
    seconds = excluded.seconds, channel_id = excluded.channel_id,
    warehouse_id = excluded.warehouse_id, carrier_id = excluded.carrier_id,
    seller_id = excluded.seller_id, origin = excluded.origin
  RETURNING day
)
SELECT day FROM stale UNION SELECT day FROM before UNION SELECT day FROM written
"""
FIGURES = """
INSERT INTO insights_dailymetric (day, span, metric, dimension, key, origin, n, errors, median, p90,
  mean, updated_at)
SELECT d.day, %(span)s, s.metric, part.dimension, part.key, s.origin,
  count(*) FILTER (WHERE s.seconds >= 0), count(*) FILTER (WHERE s.seconds < 0),
  (percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds) FILTER (WHERE s.seconds >= 0)),
  (percentile_cont(0.9) WITHIN GROUP (ORDER BY s.seconds) FILTER (WHERE s.seconds >= 0)),
  avg(s.seconds) FILTER (WHERE s.seconds >= 0), %(now)s
FROM unnest(%(days)s::date[]) AS d(day)
JOIN insights_stagetime s ON s.metric = %(metric)s
  AND s.day BETWEEN d.day - (%(span)s - 1) AND d.day
CROSS JOIN LATERAL (VALUES ('ALL', 0), ('CHANNEL', s.channel_id), ('WAREHOUSE', s.warehouse_id),
  ('CARRIER', s.carrier_id), ('SELLER', s.seller_id)) AS part(dimension, key)
WHERE part.key IS NOT NULL {only}
GROUP BY d.day, s.metric, part.dimension, part.key, s.origin
"""


def company_zone() -> str:
    """Return the zone that the company's days belong to."""
    zone = Company.objects.order_by("pk").values_list("time_zone", flat=True).first()
    return zone or "UTC"


@service
def refresh_times(*, now: datetime) -> dict[str, int]:
    """Read what the event log gained, and recompute the days that it touches.

    Running it twice, or after a pause, gives the same figures.
    """
    execute(LOCK)
    zone = company_zone()
    rows = execute(READ_UP_TO, [EVENTS])
    low = (rows[0][0] if rows and rows[0][0] else EPOCH) - OVERLAP
    touched: dict[str, set[date]] = {m.metric: set() for m in MEASURES}
    high = _chunk_end(low)
    while high is not None:
        for measure in MEASURES:
            touched[measure.metric] |= _measure(measure, low, high, zone)
        _write_up_to(EVENTS, now, recorded_at=high)
        low, high = high, _chunk_end(high)
    for metric, days in touched.items():
        _recompute(metric, days, span=1, now=now)
    today = now.astimezone(ZoneInfo(zone)).date()
    for metric, days in touched.items():
        _recompute_spans(metric, days, today, now)
    return {metric: len(days) for metric, days in touched.items()}


def _chunk_end(low: datetime) -> datetime | None:
    rows = execute(
        "SELECT max(recorded_at) FROM (SELECT recorded_at FROM core_event WHERE recorded_at > %s"
        " ORDER BY recorded_at LIMIT %s) AS chunk",
        [low, CHUNK],
    )
    end: datetime | None = rows[0][0]
    return end


def _write_up_to(
    name: str, now: datetime, *, recorded_at: datetime | None = None, last_id: int = 0
) -> None:
    execute(WRITE_UP_TO, {"name": name, "recorded_at": recorded_at, "last_id": last_id, "now": now})


def _measure(measure: Measure, low: datetime, high: datetime, zone: str) -> set[date]:
    rows = execute(
        MEASURE.format(touched=measure.touched, times=measure.times),
        {"low": low, "high": high, "metric": str(measure.metric), "zone": zone},
    )
    return {day for (day,) in rows}


def _recompute(metric: str, days: Iterable[date], *, span: int, now: datetime) -> None:
    wanted = sorted(days)
    if not wanted:
        return
    execute(
        "DELETE FROM insights_dailymetric WHERE metric = %s AND span = %s AND day = ANY(%s)",
        [str(metric), span, wanted],
    )
    execute(
        FIGURES.format(only=""),
        {"metric": str(metric), "span": span, "days": wanted, "now": now},
    )


def _recompute_spans(metric: str, touched: set[date], today: date, now: datetime) -> None:
    """Keep one figure per span and origin: that of the span which ends today, or with the data.

    What was imported or shown ended long ago; its last days are the ones to look at.
    """
    rows = execute(
        "SELECT origin, max(day) FROM insights_dailymetric WHERE metric = %s AND span = 1"
        " AND dimension = 'ALL' GROUP BY origin",
        [str(metric)],
    )
    kept = execute(
        "SELECT origin, max(day) FROM insights_dailymetric WHERE metric = %s AND span > 1"
        " GROUP BY origin",
        [str(metric)],
    )
    shown: dict[str, date] = dict(kept)  # type: ignore[arg-type]
    for origin, last in rows:
        is_current = origin == Origin.LIVE or last > today - timedelta(days=min(SPANS))
        anchor = today if is_current else last
        fresh = any(anchor - timedelta(days=max(SPANS)) < day <= anchor for day in touched)
        if shown.get(origin) == anchor and not fresh:
            continue
        execute(
            "DELETE FROM insights_dailymetric WHERE metric = %s AND span > 1 AND origin = %s",
            [str(metric), origin],
        )
        for span in SPANS:
            execute(
                FIGURES.format(only="AND s.origin = %(origin)s"),
                {
                    "metric": str(metric),
                    "span": span,
                    "days": [anchor],
                    "origin": origin,
                    "now": now,
                },
            )
    gone = set(shown) - {origin for origin, _last in rows}
    if gone:
        execute(
            "DELETE FROM insights_dailymetric WHERE metric = %s AND span > 1 AND origin = ANY(%s)",
            [str(metric), sorted(gone)],
        )
