"""The past of SKUs in warehouses, by the warehouses' own days."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from inventory.demand import asked_sql, known_types
from inventory.planning.demand import Demand, Lines, read_demand
from inventory.selectors.columns import read_columns
from inventory.services.levels import Pair

# Two years: the season is that of a year ago, seen from half a year ago.
WINDOW_DAYS = 730
LEAST_DAYS = 28

# What a floor above tells counts when it was asked for, other shipments when they left.
ASKED = """
SELECT sku_id, warehouse_id, asked_at AS at, units FROM ({asked}) AS a UNION ALL
SELECT sku_id, warehouse_id, occurred_at, -quantity FROM inventory_stockmove
WHERE kind = 'SHIPMENT' AND quantity < 0 AND for_type <> ALL(%(known)s)
  AND warehouse_id = ANY(%(houses)s) AND sku_id = ANY(%(skus)s)
  AND occurred_at >= %(since)s AND occurred_at < %(until)s
"""
MOVED = """
SELECT m.sku_id, m.warehouse_id, m.occurred_at AS at, m.quantity AS units
FROM inventory_stockmove m
JOIN inventory_location o ON o.id = m.location_id AND o.kind <> 'QUARANTINE'
WHERE m.warehouse_id = ANY(%(houses)s) AND m.sku_id = ANY(%(skus)s) AND m.occurred_at >= %(since)s
"""
TYPES = {"sku_id": "int8", "warehouse_id": "int8", "at": "timestamptz", "units": "int4"}


def demand_history(
    pairs: Sequence[Pair],
    free: NDArray[np.int64],
    zones: Mapping[int, ZoneInfo],
    *,
    now: datetime,
    days: int = WINDOW_DAYS,
) -> Demand:
    """Return the demand of pairs on the closed days before today, a row for each pair.

    `free` is what lies in each now, outside quarantine. The days before anything is known of any
    are left out.
    """
    # Stock of today less today's changes is what the past is reckoned back from.
    window = _Window(pairs, zones, now, days)
    asked = window.lines(ASKED.format(asked=asked_sql()), last=days - 1)
    moved = window.lines(MOVED, last=days)
    found = read_demand(asked, moved, free, days)
    first = min(int(found.born.min(initial=days)), days - LEAST_DAYS)
    return Demand(
        found.daily[:, first:],
        found.is_censored[:, first:],
        found.born - first,
        found.bulk_lines,
        found.bulk_units,
    )


class _Window:
    """The days that are looked at, in each warehouse's own time."""

    def __init__(
        self, pairs: Sequence[Pair], zones: Mapping[int, ZoneInfo], now: datetime, days: int
    ) -> None:
        self.days = days
        skus, houses = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        self.spread = int(houses.max(initial=0)) + 1
        keys = skus * self.spread + houses
        self.order = np.argsort(keys)
        self.keys = keys[self.order]
        self.midnights = {pk: _midnights(zones[pk], now, days) for pk in set(houses.tolist())}
        first = min((m[0] for m in self.midnights.values()), default=0)
        self.parameters = {
            "houses": sorted(self.midnights),
            "skus": np.unique(skus).tolist(),
            "since": datetime.fromtimestamp(int(first) / 1e6, tz=now.tzinfo),
            "until": now,
            "known": known_types(),
        }

    def lines(self, sql: str, *, last: int) -> Lines:
        """Return the lines of the pairs on the days up to and with `last`."""
        read = read_columns(sql, self.parameters, TYPES)
        keys = read["sku_id"] * self.spread + read["warehouse_id"]
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        day = np.full(len(keys), -1)
        for house, midnights in self.midnights.items():
            of_house = read["warehouse_id"] == house
            day[of_house] = np.searchsorted(midnights, read["at"][of_house], side="right") - 1
        is_ours = (self.keys[at] == keys) & (day >= 0) & (day <= last)
        return Lines(self.order[at], day, read["units"]).only(is_ours)


def _midnights(zone: ZoneInfo, now: datetime, days: int) -> NDArray[np.int64]:
    """Return when each day began, today last, microseconds since 1970; shape (days + 1,)."""
    today = now.astimezone(zone).date()
    starts = (
        datetime.combine(today - timedelta(days=age), time(), tzinfo=zone)
        for age in range(days, -1, -1)
    )
    return np.array([round(start.timestamp() * 1e6) for start in starts], dtype=np.int64)
