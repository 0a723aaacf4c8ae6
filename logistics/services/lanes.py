"""Lanes: what delivery really took, measured on delivered parcels."""

from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.sql import execute

MEASURED = timedelta(days=180)
# A lane per country, and one per region of it; the costs are those in the company's currency.
WRITE = """
INSERT INTO orders_lane AS l (warehouse_id, country, region, service, cost, currency, p50_days,
  p90_days, parcels, is_active, created_at, updated_at)
SELECT m.warehouse_id, m.country, m.region, m.service, coalesce(m.cost, 0), m.currency,
  m.p50, m.p90, m.parcels, true, %(now)s, %(now)s
FROM (
  SELECT s.warehouse_id, d.country, coalesce(d.region, '') AS region, p.service,
    round(avg(p.label_cost) FILTER (WHERE p.label_currency = c.currency), 4) AS cost,
    max(c.currency) AS currency,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.days)::numeric, 2) AS p50,
    round(percentile_cont(0.9) WITHIN GROUP (ORDER BY x.days)::numeric, 2) AS p90,
    count(*) AS parcels
  FROM logistics_parcel p
  JOIN logistics_shipment s ON s.id = p.shipment_id
  JOIN orders_order o ON o.id = s.order_id
  JOIN core_address d ON d.id = o.ship_to_id
  CROSS JOIN (SELECT currency FROM core_company ORDER BY id LIMIT 1) c
  CROSS JOIN LATERAL (
    SELECT extract(epoch FROM p.delivered_at - p.shipped_at) / 86400.0 AS days) x
  WHERE p.status = 'DELIVERED' AND p.delivered_at > %(since)s AND p.delivered_at <= %(now)s
    AND p.delivered_at >= p.shipped_at AND s.warehouse_id IS NOT NULL
  GROUP BY GROUPING SETS ((s.warehouse_id, d.country, d.region, p.service),
    (s.warehouse_id, d.country, p.service))
  HAVING GROUPING(d.region) = 1 OR d.region <> ''
) m
ON CONFLICT (warehouse_id, country, region, service) DO UPDATE SET
  p50_days = excluded.p50_days, p90_days = excluded.p90_days, parcels = excluded.parcels,
  cost = CASE WHEN excluded.cost > 0 THEN excluded.cost ELSE l.cost END, updated_at = %(now)s
WHERE (l.p50_days, l.p90_days, l.parcels) IS DISTINCT FROM
  (excluded.p50_days, excluded.p90_days, excluded.parcels)
RETURNING id
"""


@service
def measure_lanes(*, now: datetime, reason: str = "") -> int:
    """Write median and p90 days in transit and the mean label cost; return the lanes."""
    return len(execute(WRITE, {"now": now, "since": now - MEASURED}))
