"""ABC and XYZ classes, demand and cover of all stock, in one statement."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import execute

# ABC by the usage value of a year (80 % and 95 % of the warehouse's), XYZ by the spread of the
# last 26 weeks (deviation at most half of the mean, at most all of it), demand of 91 days.
CLASSIFY = """
WITH gone AS (
  SELECT sku_id, warehouse_id,
    -sum(quantity) AS units,
    -coalesce(sum(quantity) FILTER (WHERE occurred_at > %(now)s - interval '91 days'), 0) AS recent,
    max(occurred_at) AS last_at
  FROM inventory_stockmove
  WHERE kind = 'SHIPMENT' AND warehouse_id = ANY(%(houses)s)
    AND occurred_at > %(now)s - interval '364 days' AND occurred_at <= %(now)s
  GROUP BY 1, 2
), weeks AS (
  SELECT sku_id, warehouse_id, sum(units) AS units, sum(units * units) AS squares
  FROM (SELECT sku_id, warehouse_id, floor(extract(epoch FROM %(now)s - occurred_at) / 604800),
      -sum(quantity)::numeric AS units
    FROM inventory_stockmove
    WHERE kind = 'SHIPMENT' AND warehouse_id = ANY(%(houses)s)
      AND occurred_at > %(now)s - interval '182 days' AND occurred_at <= %(now)s
    GROUP BY 1, 2, 3) w GROUP BY 1, 2
), known AS (
  SELECT sku_id, warehouse_id, min(occurred_at) AS first_at FROM inventory_stockmove
  WHERE warehouse_id = ANY(%(houses)s) AND occurred_at <= %(now)s GROUP BY 1, 2
), figures AS (
  SELECT l.sku_id, l.warehouse_id, l.on_hand, l.on_hand - l.quarantined AS sellable,
    l.on_hand * l.average_cost AS value,
    coalesce(g.units, 0) * l.average_cost AS usage_value,
    coalesce(g.recent, 0) / least(91, greatest(1, ceil(extract(epoch FROM %(now)s - k.first_at)
      / 86400))) AS daily,
    w.units AS week_units, w.squares,
    least(26, greatest(1, ceil(extract(epoch FROM %(now)s - k.first_at) / 604800))) AS n,
    floor(extract(epoch FROM %(now)s - coalesce(g.last_at, k.first_at)) / 86400)::int AS idle
  FROM inventory_stocklevel l
  JOIN known k ON k.sku_id = l.sku_id AND k.warehouse_id = l.warehouse_id
  LEFT JOIN gone g ON g.sku_id = l.sku_id AND g.warehouse_id = l.warehouse_id
  LEFT JOIN weeks w ON w.sku_id = l.sku_id AND w.warehouse_id = l.warehouse_id
  WHERE l.warehouse_id = ANY(%(houses)s)
), ranked AS (
  SELECT *, sum(usage_value) OVER (PARTITION BY warehouse_id ORDER BY usage_value DESC, sku_id)
    - usage_value AS before, sum(usage_value) OVER (PARTITION BY warehouse_id) AS total
  FROM figures
)
INSERT INTO inventory_stockhealth AS h (sku_id, warehouse_id, abc, xyz, on_hand, value, usage_value,
  daily_demand, days_of_cover, idle_days, reckoned_at)
SELECT sku_id, warehouse_id,
  CASE WHEN usage_value <= 0 THEN 'C' WHEN before < 0.80 * total THEN 'A'
    WHEN before < 0.95 * total THEN 'B' ELSE 'C' END,
  CASE WHEN coalesce(week_units, 0) <= 0 THEN 'Z'
    WHEN squares / n - (week_units / n) ^ 2 <= 0.25 * (week_units / n) ^ 2 THEN 'X'
    WHEN squares / n - (week_units / n) ^ 2 <= (week_units / n) ^ 2 THEN 'Y' ELSE 'Z' END,
  on_hand, round(value, 4), round(usage_value, 4), round(daily, 4),
  CASE WHEN daily > 0 THEN round(least(sellable / daily, 99999), 1) END, idle, %(now)s
FROM ranked ORDER BY sku_id, warehouse_id
ON CONFLICT (sku_id, warehouse_id) DO UPDATE SET abc = excluded.abc, xyz = excluded.xyz,
  on_hand = excluded.on_hand, value = excluded.value, usage_value = excluded.usage_value,
  daily_demand = excluded.daily_demand, days_of_cover = excluded.days_of_cover,
  idle_days = excluded.idle_days, reckoned_at = excluded.reckoned_at
"""
COUNT = (
    "SELECT count(*) FROM inventory_stockhealth WHERE reckoned_at = %s AND warehouse_id = ANY(%s)"
)


@service
def classify_stock(warehouse_ids: Sequence[int], *, now: datetime, reason: str = "") -> int:
    """Reckon classes, demand and cover of all stock of warehouses; return how many levels."""
    houses = sorted(set(warehouse_ids))
    execute(CLASSIFY, {"now": now, "houses": houses})
    [(count,)] = execute(COUNT, [now, houses])
    return int(count)
