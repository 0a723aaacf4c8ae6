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
FORGET = """
DELETE FROM insights_stagetime WHERE metric = %(metric)s AND subject_id = ANY(%(ids)s)
RETURNING day
"""
MEASURE = """
INSERT INTO insights_stagetime (metric, subject_id, order_id, started_at, ended_at, day, seconds,
  channel_id, warehouse_id, carrier_id, seller_id, origin)
SELECT %(metric)s, subject_id, order_id, started_at, ended_at,
  (ended_at AT TIME ZONE %(zone)s)::date, extract(epoch FROM ended_at - started_at)::float8,
  channel_id, warehouse_id, carrier_id, seller_id, origin
FROM ({times}) AS times
RETURNING day
"""
FIGURES = """
INSERT INTO insights_dailymetric (day, span, metric, dimension, key, origin, n, errors, median, p90,
  mean, updated_at)
SELECT {day} AS shown, %(span)s, s.metric, part.dimension, part.key, s.origin,
  count(*) FILTER (WHERE s.seconds >= 0), count(*) FILTER (WHERE s.seconds < 0),
  (percentile_cont(0.5) WITHIN GROUP (ORDER BY s.seconds) FILTER (WHERE s.seconds >= 0)),
  (percentile_cont(0.9) WITHIN GROUP (ORDER BY s.seconds) FILTER (WHERE s.seconds >= 0)),
  avg(s.seconds) FILTER (WHERE s.seconds >= 0), %(now)s
FROM insights_stagetime s
CROSS JOIN LATERAL (VALUES ('ALL', 0), ('CHANNEL', s.channel_id), ('WAREHOUSE', s.warehouse_id),
  ('CARRIER', s.carrier_id), ('SELLER', s.seller_id)) AS part(dimension, key)
WHERE s.metric = %(metric)s AND part.key IS NOT NULL AND {within}
GROUP BY shown, s.metric, part.dimension, part.key, s.origin
"""
BY_DAY = FIGURES.format(day="s.day", within="s.day = ANY(%(days)s)")
BY_SPAN = FIGURES.format(
    day="%(day)s::date",
    within="s.origin = %(origin)s AND s.day > %(day)s::date - %(span)s AND s.day <= %(day)s::date",
)


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
        _recompute_days(metric, days, now=now)
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
    """Forget what was measured of the subjects with news, measure anew; return the days."""
    ids = [pk for (pk,) in execute(measure.touched, {"low": low, "high": high})]
    if not ids:
        return set()
    values = {"ids": ids, "metric": str(measure.metric), "zone": zone}
    days = execute(FORGET, values) + execute(MEASURE.format(times=measure.times), values)
    return {day for (day,) in days}


def _recompute_days(metric: str, days: Iterable[date], *, now: datetime) -> None:
    values = {"metric": str(metric), "span": 1, "days": sorted(days), "now": now}
    if values["days"]:
        execute(
            "DELETE FROM insights_dailymetric"
            " WHERE metric = %(metric)s AND span = %(span)s AND day = ANY(%(days)s)",
            values,
        )
        execute(BY_DAY, values)


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
            values = {"metric": str(metric), "span": span, "day": anchor, "origin": origin}
            execute(BY_SPAN, values | {"now": now})
    gone = set(shown) - {origin for origin, _last in rows}
    if gone:
        execute(
            "DELETE FROM insights_dailymetric WHERE metric = %s AND span > 1 AND origin = ANY(%s)",
            [str(metric), sorted(gone)],
        )
