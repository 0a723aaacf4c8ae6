"""How long orders usually stay in each stage, measured on those that left it."""

from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.sql import execute
from orders.models import StagePace

MEASURED = timedelta(days=90)
# Of fewer orders nine tenths say nothing.
FEWEST = 20
WRITE = """
INSERT INTO orders_stagepace (stage, p90, orders, measured_at)
SELECT s.stage, percentile_cont(0.9) WITHIN GROUP (ORDER BY s.until - s.since), count(*), %(now)s
FROM orders_order o CROSS JOIN LATERAL (VALUES
  ('CONFIRM', o.placed_at, o.confirmed_at), ('RELEASE', o.confirmed_at, o.released_at),
  ('SHIP', o.released_at, o.shipped_at), ('DELIVER', o.shipped_at, o.delivered_at),
  ('COMPLETE', o.delivered_at, o.completed_at)) AS s(stage, since, until)
WHERE o.origin <> 'IMPORT' AND s.until > %(now)s - %(measured)s AND s.until <= %(now)s
  AND s.until >= s.since
GROUP BY s.stage HAVING count(*) >= %(fewest)s
ON CONFLICT (stage) DO UPDATE SET p90 = excluded.p90, orders = excluded.orders,
  measured_at = excluded.measured_at
RETURNING stage
"""


@service
def measure_stages(*, now: datetime, reason: str = "") -> int:
    """Write the p90 of every stage over the last 90 days; return how many could be measured."""
    rows = execute(WRITE, {"now": now, "measured": MEASURED, "fewest": FEWEST})
    StagePace.objects.exclude(stage__in=[stage for (stage,) in rows]).delete()
    return len(rows)
