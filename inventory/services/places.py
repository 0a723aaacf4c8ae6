"""Where stock lies when nobody says: the default bin of a warehouse, the row for "no lot"."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from backoffice.core.sql import execute

DEFAULTS = """
SELECT warehouse_id, id FROM inventory_location WHERE is_default AND warehouse_id = ANY(%s)
"""
MAKE_DEFAULTS = """
INSERT INTO inventory_location (warehouse_id, code, kind, is_default)
SELECT id, 'MAIN', 'STORAGE', true FROM unnest(%s::bigint[]) AS w(id) ORDER BY id
ON CONFLICT (warehouse_id, code) DO UPDATE SET is_default = true
WHERE inventory_location.kind = 'STORAGE'
"""
FIND_LOTS = """
SELECT t.sku_id, t.code, t.id FROM unnest(%s::bigint[], %s::text[]) AS k(sku_id, code)
JOIN inventory_lot t ON t.sku_id = k.sku_id AND t.code = k.code
"""
MAKE_LOTS = """
INSERT INTO inventory_lot (sku_id, code, expires_on)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::date[]) AS k(sku_id, code, expires_on)
ORDER BY 1, 2 ON CONFLICT (sku_id, code) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The warehouse and kind of a bin."""

    warehouse_id: int
    kind: str


def default_bins(warehouse_ids: Iterable[int]) -> dict[int, int]:
    """Return the default storage bin of each warehouse; a missing one is made."""
    wanted = sorted(set(warehouse_ids))
    found = dict(execute(DEFAULTS, [wanted]))
    missing = [w for w in wanted if w not in found]
    if missing:
        execute(MAKE_DEFAULTS, [missing])
        found = dict(execute(DEFAULTS, [wanted]))
    return found


def lots(wanted: Iterable[tuple[int, str, date | None]]) -> dict[tuple[int, str], int]:
    """Return the lots of (SKU, code, expiry) by SKU and code; missing ones are made."""
    expiry = {(sku, code): day for sku, code, day in wanted}
    keys = sorted(expiry)
    columns: list[list[object]] = [[sku for sku, _ in keys], [code for _, code in keys]]
    found = {(sku, code): pk for sku, code, pk in execute(FIND_LOTS, columns)}
    if len(found) < len(keys):
        execute(MAKE_LOTS, [*columns, [expiry[key] for key in keys]])
        found = {(sku, code): pk for sku, code, pk in execute(FIND_LOTS, columns)}
    return found


def no_lots(sku_ids: Iterable[int]) -> dict[int, int]:
    """Return the row for "no lot" of each SKU."""
    return {sku: pk for (sku, _code), pk in lots((sku, "", None) for sku in sku_ids).items()}


def places(location_ids: Iterable[int]) -> dict[int, Place]:
    """Return warehouse and kind of bins."""
    rows = execute(
        "SELECT id, warehouse_id, kind FROM inventory_location WHERE id = ANY(%s)",
        [sorted(set(location_ids))],
    )
    return {pk: Place(warehouse, kind) for pk, warehouse, kind in rows}
