"""Bins in the order in which they are picked: first expired first out, then first in first out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from backoffice.core.sql import column, execute
from inventory.choices import LocationKind
from inventory.services.levels import Pair

READ = """
SELECT b.sku_id, o.warehouse_id, b.location_id, b.lot_id, b.on_hand, b.allocated, o.kind,
  coalesce(t.expires_on < (%(now)s::timestamptz AT TIME ZONE w.time_zone)::date, false)
FROM unnest(%(skus)s::bigint[], %(warehouses)s::bigint[]) AS p(sku_id, warehouse_id)
JOIN inventory_binstock b ON b.sku_id = p.sku_id
JOIN inventory_location o ON o.id = b.location_id AND o.warehouse_id = p.warehouse_id
JOIN inventory_warehouse w ON w.id = o.warehouse_id
JOIN inventory_lot t ON t.id = b.lot_id
WHERE b.on_hand > 0
ORDER BY b.sku_id, o.warehouse_id, t.expires_on NULLS LAST, b.stocked_at, o.pick_order, b.id
"""


@dataclass(slots=True)
class Bin:
    """Units of a SKU and lot in one bin; `on_hand` and `allocated` fall as units are drawn."""

    sku_id: int
    warehouse_id: int
    location_id: int
    lot_id: int
    on_hand: int
    allocated: int
    kind: str
    is_expired: bool = False

    @property
    def pair(self) -> Pair:
        return self.sku_id, self.warehouse_id

    @property
    def key(self) -> tuple[int, int, int]:
        return self.sku_id, self.location_id, self.lot_id

    @property
    def free(self) -> int:
        return self.on_hand - self.allocated

    @property
    def is_promisable(self) -> bool:
        return self.kind != LocationKind.QUARANTINE


def read_bins(pairs: Iterable[Pair], *, now: datetime) -> dict[Pair, list[Bin]]:
    """Return the filled bins of locked levels in picking order."""
    ordered = sorted(set(pairs))
    found: dict[Pair, list[Bin]] = {pair: [] for pair in ordered}
    rows = execute(
        READ,
        {
            "skus": column([sku for sku, _warehouse in ordered]),
            "warehouses": column([warehouse for _sku, warehouse in ordered]),
            "now": now,
        },
    )
    for row in rows:
        bin_ = Bin(*row)
        found[bin_.pair].append(bin_)
    return found


def draw(
    bins: Sequence[Bin], units: int, *, units_of: Callable[[Bin], int]
) -> list[tuple[Bin, int]]:
    """Share units over bins in their order, from each at most `units_of`; may fall short."""
    drawn = []
    for bin_ in bins:
        if units <= 0:
            break
        share = min(units, units_of(bin_))
        if share > 0:
            drawn.append((bin_, share))
            units -= share
    return drawn
