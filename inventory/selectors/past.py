"""What was on hand at any instant: the closing before it, and the moves since."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.sql import execute
from inventory.services.levels import Pair

# The moves between the closing and the instant, and those before it that it does not know yet.
AS_OF = """
WITH closing AS MATERIALIZED (
  SELECT id, taken_at, recorded_before FROM inventory_stockclosing
  WHERE taken_at <= %(at)s ORDER BY taken_at DESC LIMIT 1
)
SELECT sku_id, warehouse_id, sum(units)::int FROM (
  SELECT l.sku_id, l.warehouse_id, l.on_hand AS units
  FROM inventory_stockclosingline l WHERE l.closing_id = (SELECT id FROM closing) {chosen}
  UNION ALL
  SELECT sku_id, warehouse_id, quantity FROM inventory_stockmove
  WHERE occurred_at > coalesce((SELECT taken_at FROM closing), '-infinity')
    AND occurred_at <= %(at)s {chosen}
  UNION ALL
  SELECT sku_id, warehouse_id, quantity FROM inventory_stockmove
  WHERE recorded_at >= (SELECT recorded_before FROM closing)
    AND occurred_at <= (SELECT taken_at FROM closing) {chosen}
) u GROUP BY 1, 2 HAVING sum(units) <> 0
"""
CHOSEN = "AND sku_id = ANY(%(skus)s)"


def stock_as_of(at: datetime, *, sku_ids: Sequence[int] | None = None) -> dict[Pair, int]:
    """Return the units on hand at an instant by SKU and warehouse; what had none is left out."""
    chosen = "" if sku_ids is None else CHOSEN
    rows = execute(AS_OF.format(chosen=chosen), {"at": at, "skus": list(sku_ids or ())})
    return {(sku, warehouse): units for sku, warehouse, units in rows}
