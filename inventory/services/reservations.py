"""Promises of stock: reserve, release, and ship what was promised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.sql import column, execute
from inventory.services.levels import Pair, lock_levels, tell_available

AVAILABLE = "SELECT sku_id, warehouse_id, available FROM inventory_stocklevel WHERE id = ANY(%s)"
RESERVE = """
WITH need AS (
  SELECT %(type)s AS for_type, n.* FROM unnest(%(ids)s::bigint[], %(skus)s::bigint[],
    %(warehouses)s::bigint[], %(units)s::int[]) AS n(for_id, sku_id, warehouse_id, units)
), levels AS (
  UPDATE inventory_stocklevel l SET reserved = l.reserved + n.units
  FROM (SELECT sku_id, warehouse_id, sum(units)::int AS units FROM need GROUP BY 1, 2) n
  WHERE l.sku_id = n.sku_id AND l.warehouse_id = n.warehouse_id
), promises AS (
  INSERT INTO inventory_reservation AS r
    (for_type, for_id, sku_id, warehouse_id, quantity, promised_at)
  SELECT for_type, for_id, sku_id, warehouse_id, units, %(now)s FROM need
  ON CONFLICT (for_type, for_id) DO UPDATE SET quantity = r.quantity + excluded.quantity
  WHERE r.sku_id = excluded.sku_id AND r.warehouse_id = excluded.warehouse_id
  RETURNING 1
)
SELECT count(*) FROM promises
"""
HELD = """
SELECT sku_id, warehouse_id FROM inventory_reservation WHERE for_type = %s AND for_id = ANY(%s)
"""
RELEASE = """
WITH taken AS (
  SELECT r.id, r.sku_id, r.warehouse_id, r.quantity AS held,
    least(r.quantity, coalesce(w.units, r.quantity)) AS units
  FROM unnest(%(ids)s::bigint[], %(units)s::int[]) AS w(for_id, units)
  JOIN inventory_reservation r ON r.for_type = %(type)s AND r.for_id = w.for_id
), gone AS (
  DELETE FROM inventory_reservation r USING taken t WHERE r.id = t.id AND t.units = t.held
), less AS (
  UPDATE inventory_reservation r SET quantity = r.quantity - t.units
  FROM taken t WHERE r.id = t.id AND t.units > 0 AND t.units < t.held
)
UPDATE inventory_stocklevel l SET reserved = l.reserved - t.units
FROM (SELECT sku_id, warehouse_id, sum(units)::int AS units FROM taken WHERE units > 0
  GROUP BY 1, 2) t
WHERE l.sku_id = t.sku_id AND l.warehouse_id = t.warehouse_id
RETURNING l.id, l.sku_id, l.warehouse_id, t.units
"""


@dataclass(frozen=True, slots=True)
class Need:
    """Units that one thing needs from a warehouse; a group is served whole or not at all."""

    for_type: str
    for_id: int
    group_id: int
    sku_id: int
    warehouse_id: int
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise ValueError("A need has at least one unit.")

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id


@dataclass(frozen=True, slots=True)
class Reserved:
    """What was reserved now by `for_id`, and what groups miss as (SKU, units)."""

    quantities: dict[int, int] = field(default_factory=dict)
    short: dict[int, list[tuple[int, int]]] = field(default_factory=dict)


def decide(needs: Sequence[Need], available: Mapping[Pair, int], *, partial: bool) -> Reserved:
    """Share what is available among groups in the order of their first need.

    A group's demand is summed per SKU and warehouse before it is compared. Without `partial`
    a group that lacks one unit takes none and leaves all to the groups behind it.
    """
    left = dict(available)
    groups: dict[int, list[Need]] = {}
    for need in needs:
        groups.setdefault(need.group_id, []).append(need)
    decided = Reserved()
    for group_id, members in groups.items():
        demand: dict[Pair, int] = {}
        for need in members:
            demand[need.pair] = demand.get(need.pair, 0) + need.quantity
        missing: dict[int, int] = {}
        for (sku, warehouse), units in demand.items():
            gap = units - max(0, left.get((sku, warehouse), 0))
            if gap > 0:
                missing[sku] = missing.get(sku, 0) + gap
        if missing:
            decided.short[group_id] = sorted(missing.items())
            if not partial:
                continue
        for need in members:
            units = min(need.quantity, max(0, left.get(need.pair, 0)))
            if units:
                left[need.pair] -= units
                decided.quantities[need.for_id] = decided.quantities.get(need.for_id, 0) + units
    return decided


@service
def reserve_stock(
    needs: Sequence[Need], *, now: datetime, partial: bool = False, reason: str = ""
) -> Reserved:
    """Reserve stock for groups of needs, first come first served, in a fixed number of statements.

    The needs of one call share their `for_type`. ValueError where one thing is promised another
    SKU or warehouse than before: release it first.
    """
    if not needs:
        return Reserved()
    if len({need.for_type for need in needs}) > 1:
        raise ValueError("The needs of one call serve one type.")
    levels = lock_levels(need.pair for need in needs)
    rows = execute(AVAILABLE, [column(list(levels.values()))])
    available = {(sku, warehouse): units for sku, warehouse, units in rows}
    decided = decide(needs, available, partial=partial)
    if decided.quantities:
        _write(needs, decided.quantities, now=now)
    return decided


@service
def missing_stock(
    needs: Sequence[Need], *, now: datetime, reason: str = ""
) -> dict[int, list[tuple[int, int]]]:
    """Return what groups would miss as (SKU, units); what is there stays locked for them."""
    levels = lock_levels(need.pair for need in needs)
    rows = execute(AVAILABLE, [column(list(levels.values()))])
    available = {(sku, warehouse): units for sku, warehouse, units in rows}
    return decide(needs, available, partial=False).short


def _write(needs: Sequence[Need], quantities: Mapping[int, int], *, now: datetime) -> None:
    served = {need.for_id: need for need in needs if need.for_id in quantities}
    if any(need.pair != served[need.for_id].pair for need in needs if need.for_id in served):
        raise ValueError("One thing needs one SKU from one warehouse.")
    rows = [served[i] for i in sorted(served)]
    [(written,)] = execute(
        RESERVE,
        {
            "type": rows[0].for_type,
            "ids": column([need.for_id for need in rows]),
            "skus": column([need.sku_id for need in rows]),
            "warehouses": column([need.warehouse_id for need in rows]),
            "units": column([quantities[need.for_id] for need in rows]),
            "now": now,
        },
    )
    if written != len(rows):
        raise ValueError("Something is promised another SKU or warehouse: release it first.")


@service
def release_stock(
    for_type: str,
    for_ids: Sequence[int],
    *,
    now: datetime,
    quantities: Mapping[int, int] | None = None,
    reason: str = "",
) -> int:
    """Give back reservations, whole or by `quantities`; return the units that became free."""
    ids = sorted(set(for_ids))
    lock_levels(execute(HELD, [for_type, column(ids)]))
    units = [None if quantities is None else quantities.get(i, 0) for i in ids]
    sent = {"type": for_type, "ids": column(ids), "units": column(units)}
    freed = execute(RELEASE, sent)
    tell_available(freed)
    return sum(row[3] for row in freed)
