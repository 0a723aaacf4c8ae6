"""What stock there is to promise, and what was demanded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from backoffice.core.sql import execute
from inventory.models import StockLevel
from inventory.services.levels import Pair

POSITION = """
SELECT p.sku_id, p.warehouse_id, coalesce(l.on_hand, 0), coalesce(l.reserved, 0),
  coalesce(l.quarantined, 0),
  coalesce((SELECT sum(greatest(0, x.quantity - x.received))::int
    FROM inventory_purchaseorderline x JOIN inventory_purchaseorder o
      ON o.id = x.purchase_order_id
    WHERE x.sku_id = p.sku_id AND o.warehouse_id = p.warehouse_id
      AND o.status IN ('DRAFT', 'APPROVED', 'SENT', 'PARTIALLY_RECEIVED')), 0),
  coalesce((SELECT sum(r.quantity)::int FROM inventory_replenishmentproposal r
    WHERE r.sku_id = p.sku_id AND r.warehouse_id = p.warehouse_id
      AND r.status IN ('PROPOSED', 'APPROVED')), 0)
FROM unnest(%s::bigint[], %s::bigint[]) AS p(sku_id, warehouse_id)
LEFT JOIN inventory_stocklevel l ON l.sku_id = p.sku_id AND l.warehouse_id = p.warehouse_id
"""
DEMAND = """
SELECT m.sku_id, m.warehouse_id, (m.occurred_at AT TIME ZONE w.time_zone)::date AS day,
  -sum(m.quantity)::int
FROM inventory_stockmove m JOIN inventory_warehouse w ON w.id = m.warehouse_id
WHERE m.kind = 'SHIPMENT' AND m.warehouse_id = ANY(%s) AND m.occurred_at >= %s
  AND m.occurred_at < %s
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class StockPosition:
    """Units of a SKU in a warehouse: there, promised, blocked, on their way."""

    sku_id: int
    warehouse_id: int
    on_hand: int
    reserved: int
    quarantined: int
    on_order: int
    proposed: int

    @property
    def position(self) -> int:
        """Return on hand − reserved − quarantined + missing on open purchase orders + proposed.

        Demand that waits without a reservation is not in it.
        """
        return self.on_hand - self.reserved - self.quarantined + self.on_order + self.proposed


def available_to_promise(sku_ids: Sequence[int], warehouse_ids: Sequence[int]) -> dict[Pair, int]:
    """Return the units that can be promised, by SKU and warehouse; what was never stocked is 0."""
    rows = StockLevel.objects.filter(sku_id__any=sku_ids, warehouse_id__any=warehouse_ids)
    found = {
        (s, w): units for s, w, units in rows.values_list("sku_id", "warehouse_id", "available")
    }
    return {(s, w): found.get((s, w), 0) for s in sku_ids for w in warehouse_ids}


def stock_positions(pairs: Sequence[Pair]) -> dict[Pair, StockPosition]:
    """Return the stock position of pairs, in one statement."""
    rows = execute(POSITION, [[sku for sku, _ in pairs], [house for _, house in pairs]])
    return {(row[0], row[1]): StockPosition(*row) for row in rows}


def demand_by_day(
    warehouse_ids: Sequence[int], *, since: datetime, until: datetime
) -> dict[Pair, dict[date, int]]:
    """Return units shipped by SKU and warehouse and the warehouse's business day."""
    found: dict[Pair, dict[date, int]] = {}
    for sku, house, day, units in execute(DEMAND, [list(warehouse_ids), since, until]):
        found.setdefault((sku, house), {})[day] = units
    return found
