"""Stock levels by SKU and warehouse: found, made and locked in id order."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.sql import column, execute
from inventory.models import StockLevel

Pair = tuple[int, int]  # SKU, warehouse

FIND = """
SELECT l.id, l.sku_id, l.warehouse_id FROM unnest(%s::bigint[], %s::bigint[]) AS p(sku, warehouse)
JOIN inventory_stocklevel l ON l.sku_id = p.sku AND l.warehouse_id = p.warehouse
"""
MAKE = """
INSERT INTO inventory_stocklevel (sku_id, warehouse_id)
SELECT sku, warehouse FROM unnest(%s::bigint[], %s::bigint[]) AS p(sku, warehouse)
ORDER BY sku, warehouse ON CONFLICT (sku_id, warehouse_id) DO NOTHING
"""


class InsufficientStockError(Exception):
    """Less is there than was to be taken; `missing` maps (SKU, warehouse) to units."""

    def __init__(self, missing: dict[Pair, int]) -> None:
        self.missing = missing
        units = sum(missing.values())
        super().__init__(_("%(units)s units are missing from stock.") % {"units": units})


def _columns(pairs: Iterable[Pair]) -> list[Any]:
    ordered = sorted(set(pairs))
    return [column([sku for sku, _house in ordered]), column([house for _sku, house in ordered])]


def _found(columns: list[Any]) -> dict[Pair, int]:
    return {(sku, warehouse): pk for pk, sku, warehouse in execute(FIND, columns)}


def lock_levels(pairs: Iterable[Pair], *, make: bool = False) -> dict[Pair, int]:
    """Lock the levels of pairs, in id order; return their ids. `make` creates missing ones."""
    wanted = set(pairs)
    columns = _columns(wanted)
    found = _found(columns)
    if make and len(found) < len(wanted):
        execute(MAKE, columns)
        found = _found(columns)
    lock(StockLevel, found.values())
    return found


def tell_available(rows: Sequence[tuple[int, ...]]) -> None:
    """Emit `stock.available` for rows of (level, SKU, warehouse, units more)."""
    emit(
        "stock.available",
        [
            Fact(level, data={"sku_id": sku, "warehouse_id": warehouse, "units": units})
            for level, sku, warehouse, units in sorted(rows)
        ],
    )
