"""Which stage of an order's way takes the time."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from backoffice.core.actor import service
from backoffice.core.sql import execute
from backoffice.insights.choices import CONTROLLABLE
from backoffice.insights.services.rollup import company_zone

WINDOW_DAYS = 30
# So many days back the history is filled in where it is missing.
KEPT_BACK = 60
# A stage that begins before it ends is wrong data; such orders are counted, not measured.
FIND = """
WITH chosen AS (
  SELECT id, origin, CASE WHEN delivered_at < %(end)s THEN delivered_at END AS delivered_at,
    extract(epoch FROM confirmed_at - placed_at) AS confirm,
    extract(epoch FROM released_at - confirmed_at) AS release,
    extract(epoch FROM coalesce(picking_started_at, released_at) - released_at) AS queue,
    extract(epoch FROM shipped_at - coalesce(picking_started_at, released_at)) AS pick_pack,
    extract(epoch FROM delivered_at - shipped_at) AS carry
  FROM orders_order WHERE placed_at >= %(start)s AND placed_at < %(end)s AND status <> 'CANCELLED'
    AND origin = %(origin)s
), judged AS (
  SELECT *, num_nulls(confirm, release, queue, pick_pack, carry) = 0
    AND least(confirm, release, queue, pick_pack, carry) >= 0 AS is_whole
  FROM chosen
), counts AS (
  SELECT origin, count(*) FILTER (WHERE delivered_at IS NULL) AS open_orders,
    count(*) FILTER (WHERE delivered_at IS NOT NULL AND NOT is_whole) AS errors
  FROM judged GROUP BY origin
), good AS (
  SELECT * FROM judged WHERE delivered_at IS NOT NULL AND is_whole
), stages AS (
  SELECT g.origin, g.id, s.place, s.stage, s.x::float8 AS x,
    (confirm + release + queue + pick_pack + carry)::float8 AS total
  FROM good g CROSS JOIN LATERAL (VALUES (1, 'CONFIRM', confirm), (2, 'RELEASE', release),
    (3, 'QUEUE', queue), (4, 'PICK_PACK', pick_pack), (5, 'CARRY', carry)) AS s(place, stage, x)
), slow AS (
  SELECT origin, percentile_cont(0.9) WITHIN GROUP (ORDER BY total) AS limit_total
  FROM stages WHERE place = 1 GROUP BY origin
), figures AS (
  SELECT origin, place, stage, count(*) AS n, avg(x) AS mean, sum(x) AS time,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY x) AS p90,
    covar_pop(x, total) AS covariance, var_pop(total) AS variance
  FROM stages GROUP BY origin, place, stage
), tails AS (
  SELECT s.origin, s.stage, sum(greatest(s.x - f.median, 0)) AS tail
  FROM stages s JOIN figures f USING (origin, stage) JOIN slow USING (origin)
  WHERE s.total >= slow.limit_total GROUP BY s.origin, s.stage
), shares AS (
  SELECT f.*, c.open_orders, c.errors, f.stage = ANY(%(controllable)s) AS is_controllable,
    coalesce(f.time / nullif(sum(f.time) OVER (), 0), 0) AS time_share,
    f.covariance / nullif(f.variance, 0) AS variance_share,
    t.tail / nullif(sum(t.tail) OVER (), 0) AS tail_share
  FROM figures f JOIN counts c USING (origin) LEFT JOIN tails t USING (origin, stage)
)
INSERT INTO insights_bottleneck (day, window_days, origin, stage, n, errors, open_orders, mean,
  median, p90, time_share, variance_share, tail_share, is_controllable, is_bottleneck)
SELECT %(day)s, %(window)s, origin, stage, n, errors, open_orders, mean, median, p90, time_share,
  variance_share, tail_share, is_controllable,
  is_controllable AND time > 0 AND row_number() OVER (
    PARTITION BY is_controllable ORDER BY time_share DESC, place) = 1
FROM shares
"""


@service
def find_bottlenecks(*, now: datetime, window_days: int = WINDOW_DAYS) -> int:
    """Measure the stages of the orders placed in each origin's last days; return the rows.

    The bottleneck is the controllable stage with the largest share of the time.
    """
    zone = ZoneInfo(company_zone())
    today = now.astimezone(zone).date()
    # The newest order of each origin, by the index on placing, says where its window ends.
    newest = execute(
        "SELECT o.origin, n.placed_at FROM (VALUES ('LIVE'), ('DEMO'), ('IMPORT')) AS o(origin)"
        " CROSS JOIN LATERAL (SELECT placed_at FROM orders_order WHERE origin = o.origin"
        " AND placed_at <= %s ORDER BY placed_at DESC, id DESC LIMIT 1) AS n",
        [now],
    )
    total = 0
    for origin, placed_at in newest:
        last = placed_at.astimezone(zone).date()
        day = today if last > today - timedelta(days=window_days) else last
        for due in _due(origin, day, window_days, zone):
            total += _find(origin, due, window_days, zone)
    return total


def _due(origin: str, day: date, window_days: int, zone: ZoneInfo) -> list[date]:
    """Return the days to be measured: those without figures, the newest known one, and `day`.

    The newest known one was measured before it was over.
    """
    start = day - timedelta(days=KEPT_BACK - 1)
    first = execute(
        "SELECT placed_at FROM orders_order WHERE origin = %s AND placed_at >= %s"
        " ORDER BY placed_at LIMIT 1",
        [origin, datetime.combine(start, datetime.min.time(), tzinfo=zone)],
    )
    known = {
        measured
        for (measured,) in execute(
            "SELECT DISTINCT day FROM insights_bottleneck"
            " WHERE origin = %s AND window_days = %s AND day BETWEEN %s AND %s",
            [origin, window_days, start, day],
        )
    }
    start = max(start, first[0][0].astimezone(zone).date())
    days = {start + timedelta(days=n) for n in range((day - start).days + 1)}
    return sorted(days - known | {max(known, default=day), day})


def _find(origin: str, day: date, window_days: int, zone: ZoneInfo) -> int:
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    key = {"day": day, "window": window_days, "origin": origin}
    execute(
        "DELETE FROM insights_bottleneck WHERE day = %(day)s AND window_days = %(window)s"
        " AND origin = %(origin)s",
        key,
    )
    period = {"start": end - timedelta(days=window_days), "end": end}
    controllable = {"controllable": [str(s) for s in CONTROLLABLE]}
    return len(execute(FIND + "RETURNING id", key | period | controllable))
