"""Closings of stock: what was on hand every four weeks, late moves included."""

from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.sql import execute

EVERY = timedelta(days=28)
# Whatever began before this moment has ended and is seen; what begins later is recorded later.
HORIZON = """
SELECT least(now(), min(xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""
LAST = "SELECT max(taken_at), max(recorded_before) FROM inventory_stockclosing"
FIRST_MOVE = "SELECT min(occurred_at) FROM inventory_stockmove WHERE recorded_at < %s"
# Moves that were recorded since, for a time before a closing, belong into it.
CATCH_UP = """
INSERT INTO inventory_stockclosingline AS l (closing_id, sku_id, warehouse_id, on_hand)
SELECT c.id, m.sku_id, m.warehouse_id, sum(m.quantity)::int
FROM inventory_stockmove m JOIN inventory_stockclosing c ON c.taken_at >= m.occurred_at
WHERE m.recorded_at >= %(since)s AND m.recorded_at < %(horizon)s
GROUP BY 1, 2, 3 HAVING sum(m.quantity) <> 0
ON CONFLICT (closing_id, sku_id, warehouse_id) DO UPDATE SET on_hand = l.on_hand + excluded.on_hand
"""
KNOWN = "UPDATE inventory_stockclosing SET recorded_before = %s"
MAKE = """
INSERT INTO inventory_stockclosing (taken_at, recorded_before) VALUES (%s, %s) RETURNING id
"""
FILL = """
INSERT INTO inventory_stockclosingline (closing_id, sku_id, warehouse_id, on_hand)
SELECT %(new)s, sku_id, warehouse_id, sum(units)::int FROM (
  SELECT sku_id, warehouse_id, on_hand AS units FROM inventory_stockclosingline l
  JOIN inventory_stockclosing c ON c.id = l.closing_id AND c.taken_at = %(last)s
  UNION ALL
  SELECT sku_id, warehouse_id, quantity FROM inventory_stockmove
  WHERE occurred_at > %(last)s AND occurred_at <= %(at)s AND recorded_at < %(horizon)s
) u GROUP BY 2, 3 HAVING sum(units) <> 0
"""


@service
def close_stock(*, now: datetime, reason: str = "") -> int:
    """Keep what was on hand every four weeks until now; return how many closings are new."""
    execute("SELECT pg_advisory_xact_lock(hashtext('inventory.close_stock'))")
    [(horizon,)] = execute(HORIZON)
    [(last, since)] = execute(LAST)
    if last is None:
        [(first,)] = execute(FIRST_MOVE, [horizon])
        if first is None:
            return 0
        last = first - timedelta(microseconds=1)
    else:
        execute(CATCH_UP, {"since": since, "horizon": horizon})
        execute(KNOWN, [horizon])
    made = 0
    while last + EVERY <= now:
        [(new,)] = execute(MAKE, [last + EVERY, horizon])
        execute(FILL, {"new": new, "last": last, "at": last + EVERY, "horizon": horizon})
        last += EVERY
        made += 1
    return made
