"""The one statement that changes stock: levels, bins and moves together."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from backoffice.core.actor import current_unit
from backoffice.core.origins import inherited
from backoffice.core.sql import column, execute

MAKE_BINS = """
INSERT INTO inventory_binstock (sku_id, location_id, lot_id, stocked_at)
SELECT DISTINCT sku, location, lot, %s::timestamptz
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS b(sku, location, lot)
ORDER BY sku, location, lot ON CONFLICT (sku_id, location_id, lot_id) DO NOTHING
"""
# What comes in at a cost of its own is averaged in before what goes out takes the average.
WRITE = """
WITH entry AS (
  {source}
), delta AS (
  SELECT e.sku_id, e.warehouse_id, sum(e.quantity)::int AS units,
    sum(e.unreserved)::int AS unreserved,
    coalesce(sum(e.quantity) FILTER (WHERE o.kind = 'QUARANTINE'), 0)::int AS quarantined,
    sum(e.quantity) FILTER (WHERE e.quantity > 0 AND e.unit_cost IS NOT NULL) AS costed,
    sum(e.quantity * e.unit_cost) FILTER (WHERE e.quantity > 0) AS value
  FROM entry e JOIN inventory_location o ON o.id = e.location_id GROUP BY 1, 2
), levels AS (
  UPDATE inventory_stocklevel l SET
    on_hand = l.on_hand + d.units,
    reserved = l.reserved - d.unreserved,
    quarantined = l.quarantined + d.quarantined,
    average_cost = CASE WHEN d.costed > 0
      THEN round((l.on_hand * l.average_cost + d.value) / (l.on_hand + d.costed), 4)
      ELSE l.average_cost END
  FROM delta d WHERE l.sku_id = d.sku_id AND l.warehouse_id = d.warehouse_id
  RETURNING l.id, l.sku_id, l.warehouse_id, l.average_cost,
    d.units - d.quarantined + d.unreserved AS gained
), bins AS (
  UPDATE inventory_binstock b SET
    on_hand = b.on_hand + d.units,
    allocated = b.allocated - d.unallocated,
    stocked_at = CASE WHEN b.on_hand = 0 THEN %(now)s ELSE b.stocked_at END
  FROM (SELECT sku_id, location_id, lot_id, sum(quantity)::int AS units,
      sum(unallocated)::int AS unallocated FROM entry GROUP BY 1, 2, 3) d
  WHERE b.sku_id = d.sku_id AND b.location_id = d.location_id AND b.lot_id = d.lot_id
), moves AS (
  INSERT INTO inventory_stockmove (kind, sku_id, warehouse_id, location_id, lot_id, quantity,
    unit_cost, for_type, for_id, reason, actor_id, occurred_at, taken_at, recorded_at,
    origin)
  SELECT e.kind, e.sku_id, e.warehouse_id, e.location_id, e.lot_id, e.quantity,
    coalesce(e.unit_cost, l.average_cost), e.for_type, e.for_id, %(reason)s, %(actor)s,
    coalesce(e.occurred_at, %(now)s), e.taken_at, now(), e.origin
  FROM entry e JOIN levels l ON l.sku_id = e.sku_id AND l.warehouse_id = e.warehouse_id
  ORDER BY e.n
)
SELECT id, sku_id, warehouse_id, gained FROM levels
"""


# The types of an entry's fields, in their order, and that of its origin.
TYPES = (
    *("text", "bigint", "bigint", "bigint", "bigint", "int", "numeric", "text", "bigint"),
    *("timestamptz", "int", "int", "timestamptz", "text"),
)


class Entry(NamedTuple):
    """One ledger line with its bin and lot, and what it takes off promises and allocations."""

    kind: str
    sku_id: int
    warehouse_id: int
    location_id: int
    lot_id: int
    quantity: int
    unit_cost: Decimal | None = None
    for_type: str = ""
    for_id: int | None = None
    occurred_at: datetime | None = None
    unreserved: int = 0
    unallocated: int = 0
    taken_at: datetime | None = None


def write_entries(entries: Sequence[Entry], *, now: datetime) -> list[tuple[int, int, int, int]]:
    """Write entries of locked levels; return (level, SKU, warehouse, units more available)."""
    unit = current_unit()
    bins = {(e.sku_id, e.location_id, e.lot_id) for e in entries if e.quantity > 0}
    if bins:
        execute(MAKE_BINS, [now, *map(column, zip(*bins, strict=True))])
    origins = inherited([(e.for_type, e.for_id) for e in entries])
    fields = [*zip(*entries, strict=True), origins]
    source, parameters = _source(fields)
    parameters |= {"now": now, "reason": unit.reason[:300], "actor": unit.actor.user_id}
    rows = execute(WRITE.replace("{source}", source), parameters)
    return [(level, sku, warehouse, gained) for level, sku, warehouse, gained in rows]


def _source(fields: Sequence[Sequence[Any]]) -> tuple[str, dict[str, Any]]:
    """Return the query of entries given as columns; what all have in common is sent once."""
    names, arrays, shown, sent = [], [], [], {}
    for name, kind, values in zip((*Entry._fields, "origin"), TYPES, fields, strict=True):
        # One column is always sent row by row: it says how many there are.
        if name != "quantity" and len(set(values)) == 1:
            shown.append(f"%({name})s::{kind} AS {name}")
            sent[name] = values[0]
        else:
            names.append(name)
            arrays.append(f"%({name})s::{kind}[]")
            shown.append(name)
            sent[name] = column(values)
    return (
        f"SELECT {', '.join(shown)}, n FROM unnest({', '.join(arrays)})"  # noqa: S608
        f" WITH ORDINALITY AS e({', '.join(names)}, n)",
        sent,
    )
