"""What a loss takes from others: the latest promises, and the latest allocations of a bin.

Units that were picked already are taken last: they do not lie in the bin any more.
"""

from collections import defaultdict
from collections.abc import Mapping

from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute
from inventory.services.levels import Pair

RESERVATIONS = """
WITH short AS (
  SELECT l.id, l.sku_id, l.warehouse_id, -(l.available + d.units) AS units
  FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS d(sku_id, warehouse_id, units)
  JOIN inventory_stocklevel l ON l.sku_id = d.sku_id AND l.warehouse_id = d.warehouse_id
  WHERE l.available + d.units < 0
), ranked AS (
  SELECT s.id AS level_id, s.units AS short, r.*,
    sum(r.quantity) OVER (PARTITION BY s.id ORDER BY r.promised_at DESC, r.id DESC) AS running
  FROM short s JOIN inventory_reservation r
    ON r.sku_id = s.sku_id AND r.warehouse_id = s.warehouse_id
), taken AS (
  SELECT *, least(quantity, short - (running - quantity))::int AS lost
  FROM ranked WHERE running - quantity < short
), gone AS (
  DELETE FROM inventory_reservation r USING taken t WHERE r.id = t.id AND t.lost = t.quantity
), less AS (
  UPDATE inventory_reservation r SET quantity = r.quantity - t.lost
  FROM taken t WHERE r.id = t.id AND t.lost < t.quantity
), levels AS (
  UPDATE inventory_stocklevel l SET reserved = l.reserved - t.lost
  FROM (SELECT level_id, sum(lost)::int AS lost FROM taken GROUP BY 1) t WHERE l.id = t.level_id
)
SELECT level_id, sku_id, warehouse_id, for_type, for_id, lost FROM taken
ORDER BY level_id, promised_at DESC, id DESC
"""
ALLOCATIONS = """
WITH short AS (
  SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[])
    AS d(sku_id, location_id, lot_id, short)
), ranked AS (
  SELECT s.short, a.*, sum(a.quantity) OVER (PARTITION BY a.sku_id, a.location_id, a.lot_id
    ORDER BY a.picked_at IS NULL DESC, a.allocated_at DESC, a.id DESC) AS running
  FROM short s JOIN inventory_allocation a
    ON a.sku_id = s.sku_id AND a.location_id = s.location_id AND a.lot_id = s.lot_id
), taken AS (
  SELECT *, least(quantity, short - (running - quantity))::int AS lost
  FROM ranked WHERE running - quantity < short
), gone AS (
  DELETE FROM inventory_allocation a USING taken t WHERE a.id = t.id AND t.lost = t.quantity
), less AS (
  UPDATE inventory_allocation a SET quantity = a.quantity - t.lost
  FROM taken t WHERE a.id = t.id AND t.lost < t.quantity
), bins AS (
  UPDATE inventory_binstock b SET allocated = b.allocated - t.lost
  FROM (SELECT sku_id, location_id, lot_id, sum(lost)::int AS lost FROM taken GROUP BY 1, 2, 3) t
  WHERE b.sku_id = t.sku_id AND b.location_id = t.location_id AND b.lot_id = t.lot_id
)
SELECT l.id, t.sku_id, o.warehouse_id, t.for_type, t.for_id, t.lost
FROM taken t JOIN inventory_location o ON o.id = t.location_id
JOIN inventory_stocklevel l ON l.sku_id = t.sku_id AND l.warehouse_id = o.warehouse_id
ORDER BY l.id, t.allocated_at DESC, t.id DESC
"""


def lose_reservations(units: Mapping[Pair, int]) -> None:
    """Release the latest promises that a change of promisable units leaves uncovered."""
    pairs = sorted(pair for pair, change in units.items() if change < 0)
    if pairs:
        columns = [[sku for sku, _ in pairs], [warehouse for _, warehouse in pairs]]
        rows = execute(RESERVATIONS, [*columns, [units[pair] for pair in pairs]])
        _tell("stock.reservations_lost", rows)


def lose_allocations(units: Mapping[tuple[int, int, int], int]) -> None:
    """Release the latest allocations of bins (SKU, location, lot) that hold less than set aside."""
    keys = sorted(units)
    if keys:
        columns = [[key[n] for key in keys] for n in range(3)]
        rows = execute(ALLOCATIONS, [*columns, [units[key] for key in keys]])
        _tell("stock.allocations_lost", rows)


def _tell(kind: str, rows: list[tuple]) -> None:
    lost: dict[tuple[int, int, int], list[dict[str, object]]] = defaultdict(list)
    for level, sku, warehouse, for_type, for_id, quantity in rows:
        entry = {"for_type": for_type, "for_id": for_id, "quantity": quantity}
        lost[level, sku, warehouse].append(entry)
    emit(
        kind,
        [
            Fact(level, data={"sku_id": sku, "warehouse_id": warehouse, "lost": entries})
            for (level, sku, warehouse), entries in sorted(lost.items())
        ],
    )
