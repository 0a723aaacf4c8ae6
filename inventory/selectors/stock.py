"""What stock there is to promise, and what was demanded."""

from collections.abc import Sequence
from dataclasses import dataclass

from backoffice.core.sql import execute
from inventory.demand import waiting_sql
from inventory.models import StockLevel
from inventory.services.levels import Pair

POSITION = """
WITH waiting AS (
  SELECT sku_id, warehouse_id, sum(units)::int AS units FROM ({waiting}) AS w GROUP BY 1, 2
)
SELECT p.sku_id, p.warehouse_id, coalesce(l.on_hand, 0), coalesce(l.reserved, 0),
  coalesce(l.quarantined, 0),
  coalesce((SELECT sum(greatest(0, x.quantity - x.received))::int
    FROM inventory_purchaseorderline x JOIN inventory_purchaseorder o
      ON o.id = x.purchase_order_id
    WHERE x.sku_id = p.sku_id AND o.warehouse_id = p.warehouse_id
      AND o.status IN ('DRAFT', 'APPROVED', 'SENT', 'PARTIALLY_RECEIVED')), 0),
  coalesce((SELECT sum(r.quantity)::int FROM inventory_replenishmentproposal r
    WHERE r.sku_id = p.sku_id AND r.warehouse_id = p.warehouse_id
      AND r.status IN ('PROPOSED', 'APPROVED')), 0),
  coalesce(b.units, 0)
FROM unnest(%(skus)s::bigint[], %(houses)s::bigint[]) AS p(sku_id, warehouse_id)
LEFT JOIN inventory_stocklevel l ON l.sku_id = p.sku_id AND l.warehouse_id = p.warehouse_id
LEFT JOIN waiting b ON b.sku_id = p.sku_id AND b.warehouse_id = p.warehouse_id
"""


@dataclass(frozen=True, slots=True)
class StockPosition:
    """Units of a SKU in a warehouse: there, promised, blocked, on their way, waited for."""

    sku_id: int
    warehouse_id: int
    on_hand: int
    reserved: int
    quarantined: int
    on_order: int
    proposed: int
    waiting: int

    @property
    def position(self) -> int:
        """Return what is there or on its way and belongs to nobody, less what is waited for."""
        free = self.on_hand - self.reserved - self.quarantined
        return free + self.on_order + self.proposed - self.waiting


def available_to_promise(sku_ids: Sequence[int], warehouse_ids: Sequence[int]) -> dict[Pair, int]:
    """Return the units that can be promised, by SKU and warehouse; what was never stocked is 0."""
    rows = StockLevel.objects.filter(sku_id__any=sku_ids, warehouse_id__any=warehouse_ids)
    found = {
        (s, w): units for s, w, units in rows.values_list("sku_id", "warehouse_id", "available")
    }
    return {(s, w): found.get((s, w), 0) for s in sku_ids for w in warehouse_ids}


def stock_positions(pairs: Sequence[Pair]) -> dict[Pair, StockPosition]:
    """Return the stock position of pairs, in one statement."""
    columns = {"skus": [sku for sku, _ in pairs], "houses": [house for _, house in pairs]}
    rows = execute(POSITION.format(waiting=waiting_sql()), columns)
    return {(row[0], row[1]): StockPosition(*row) for row in rows}
