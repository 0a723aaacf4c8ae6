"""Days of inventory from the stock ledger, at cost."""

from datetime import datetime
from zoneinfo import ZoneInfo

from backoffice.core.actor import service
from backoffice.core.sql import execute
from backoffice.insights.services.rollup import (
    LOCK,
    OVERLAP,
    READ_UP_TO,
    SPANS,
    WRITE_UP_TO,
    company_zone,
)

MOVES = "stock_moves"
WINDOW = 30
TOUCHED = """
SELECT DISTINCT (occurred_at AT TIME ZONE %(zone)s)::date FROM inventory_stockmove
WHERE id > %(last_id)s
"""
# Cost of goods sold: what left with shipments, less what came back to stock.
SUM_DAYS = """
INSERT INTO insights_dailystock (day, warehouse_id, origin, value_change, cost_of_goods, moves)
SELECT (m.occurred_at AT TIME ZONE %(zone)s)::date AS day, m.warehouse_id, m.origin,
  sum(m.quantity * m.unit_cost),
  coalesce(sum(-m.quantity * m.unit_cost) FILTER (WHERE m.kind IN ('SHIPMENT', 'RETURN')), 0),
  count(*)
FROM unnest(%(days)s::date[]) AS d(day)
JOIN inventory_stockmove m ON m.occurred_at >= (d.day::timestamp AT TIME ZONE %(zone)s)
  AND m.occurred_at < ((d.day + 1)::timestamp AT TIME ZONE %(zone)s)
GROUP BY 1, 2, 3
"""
# t_i = average value at the end of each of the last days ÷ daily cost of goods sold, in days.
WINDOWED = """
WITH cells AS (
  SELECT warehouse_id, origin, min(day) AS first FROM insights_dailystock GROUP BY 1, 2
), days AS (
  SELECT c.warehouse_id, c.origin, g::date AS day FROM cells c,
    generate_series(c.first::timestamp, %(today)s::timestamp, interval '1 day') AS g
), parts AS (
  SELECT d.day, d.origin, d.warehouse_id, coalesce(s.value_change, 0) AS change,
    coalesce(s.cost_of_goods, 0) AS cost
  FROM days d LEFT JOIN insights_dailystock s
    ON s.day = d.day AND s.warehouse_id = d.warehouse_id AND s.origin = d.origin
), both_levels AS (
  SELECT day, origin, 'WAREHOUSE' AS dimension, warehouse_id AS key, change, cost FROM parts
  UNION ALL
  SELECT day, origin, 'ALL', 0, sum(change), sum(cost) FROM parts GROUP BY day, origin
), running AS (
  SELECT day, origin, dimension, key, cost,
    sum(change) OVER (PARTITION BY origin, dimension, key ORDER BY day) AS value
  FROM both_levels
), windowed AS (
  SELECT day, origin, dimension, key, avg(value) OVER w AS average, avg(cost) OVER w AS daily_cost,
    count(*) OVER w AS n
  FROM running
  WINDOW w AS (PARTITION BY origin, dimension, key ORDER BY day
    ROWS BETWEEN %(window)s - 1 PRECEDING AND CURRENT ROW)
)
"""
TURNOVER = (
    WINDOWED
    + """
INSERT INTO insights_dailymetric (day, span, metric, dimension, key, origin, n, errors, median, p90,
  mean, updated_at)
SELECT day, 1, 'T_I', dimension, key, origin, n, 0, (86400 * average / daily_cost)::float8, NULL,
  (86400 * average / daily_cost)::float8, %(now)s
FROM windowed WHERE day >= %(since)s AND daily_cost > 0 AND average >= 0
"""
)
# The newest value stands for its spans: the measure itself looks back thirty days.
SHOW = """
INSERT INTO insights_dailymetric (day, span, metric, dimension, key, origin, n, errors, median, p90,
  mean, updated_at)
SELECT newest.day, wanted.span, 'T_I', newest.dimension, newest.key, newest.origin, newest.n, 0,
  newest.median, NULL, newest.mean, newest.updated_at
FROM (SELECT DISTINCT ON (origin, dimension, key) * FROM insights_dailymetric
  WHERE metric = 'T_I' AND span = 1 ORDER BY origin, dimension, key, day DESC) AS newest,
  unnest(%(spans)s::int[]) AS wanted(span)
"""


@service
def refresh_turnover(*, now: datetime) -> int:
    """Recompute days of inventory from the first day that moves touched; return the days."""
    execute(LOCK)
    zone = company_zone()
    today = now.astimezone(ZoneInfo(zone)).date()
    rows = execute(READ_UP_TO, [MOVES])
    read_at, last_id = rows[0] if rows else (None, 0)
    days = [day for (day,) in execute(TOUCHED, {"zone": zone, "last_id": last_id})]
    if days:
        execute("DELETE FROM insights_dailystock WHERE day = ANY(%s)", [days])
        execute(SUM_DAYS, {"zone": zone, "days": days})
    read_on = read_at.astimezone(ZoneInfo(zone)).date() if read_at else None
    # A day without moves carries its value over, so that every day since the last run is due.
    due = [*days, *([read_on] if read_on and read_on < today else [])]
    if not due:
        return 0
    since = min(due)
    execute(
        "DELETE FROM insights_dailymetric WHERE metric = 'T_I' AND (span > 1 OR day >= %s)", [since]
    )
    execute(TURNOVER, {"today": today, "since": since, "window": WINDOW, "now": now})
    execute(SHOW, {"spans": list(SPANS)})
    settled = execute(
        "SELECT coalesce(max(id), %s) FROM inventory_stockmove WHERE id > %s AND recorded_at < %s",
        [last_id, last_id, now - OVERLAP],
    )[0][0]
    execute(WRITE_UP_TO, {"name": MOVES, "recorded_at": now, "last_id": settled, "now": now})
    return len(days)
