"""What the clock finds out about parcels: silence, lateness, loss."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.sql import execute
from logistics.carriers.registry import tracking_adapters
from logistics.choices import ExceptionKind
from logistics.services.exceptions import OpenException, open_exceptions

NO_FIRST_SCAN_AFTER = timedelta(hours=48)
STUCK_AFTER = timedelta(hours=72)
LOST_AFTER = timedelta(days=10)
# A border takes its time: thrice as long until somebody worries.
ABROAD = 3
BATCH = 1_000

FIND = """
SELECT p.id, CASE
    WHEN t.first_scan_at IS NULL AND p.shipped_at < %(now)s - %(no_scan)s * f.factor
      THEN 'NO_FIRST_SCAN'
    WHEN t.last_scan_at < %(now)s - %(lost)s * f.factor THEN 'LOST'
    WHEN t.last_scan_at < %(now)s - %(stuck)s * f.factor THEN 'STUCK'
  END AS silence,
  p.promised_on < (%(now)s AT TIME ZONE a.time_zone)::date AS is_late
FROM logistics_parcel p
JOIN logistics_tracking t ON t.parcel_id = p.id
JOIN logistics_carrieraccount a ON a.id = p.account_id
JOIN logistics_shipment s ON s.id = p.shipment_id
JOIN orders_order o ON o.id = s.order_id
JOIN core_address d ON d.id = o.ship_to_id
LEFT JOIN inventory_warehouse w ON w.id = s.warehouse_id
LEFT JOIN core_address h ON h.id = w.address_id
CROSS JOIN LATERAL (SELECT CASE WHEN h.country <> '' AND h.country <> d.country
  THEN %(abroad)s ELSE 1 END AS factor) f
WHERE p.status IN ('IN_TRANSIT', 'OUT_FOR_DELIVERY', 'EXCEPTION') AND p.origin <> 'IMPORT'
  AND p.given_up_at IS NULL
  AND t.next_poll_at IS NOT NULL AND a.adapter = ANY(%(adapters)s) AND p.id > %(after)s
ORDER BY p.id LIMIT %(limit)s
"""


def _problems(rows: Sequence[tuple]) -> list[OpenException]:
    found = []
    for pk, silence, is_late in rows:
        if silence:
            found.append(OpenException(pk, silence, str(ExceptionKind(silence).label)))
        if is_late:
            found.append(OpenException(pk, ExceptionKind.LATE, str(ExceptionKind.LATE.label)))
    return found


@service
def detect_exceptions(*, now: datetime, after: int = 0, limit: int = BATCH) -> tuple[int, int]:
    """Look at a page of parcels on their way; return the new exceptions and the last parcel.

    Carriers that cannot be asked are never silent, and what was imported is left alone.
    """
    rows = execute(
        FIND,
        {
            "now": now,
            "no_scan": NO_FIRST_SCAN_AFTER,
            "stuck": STUCK_AFTER,
            "lost": LOST_AFTER,
            "abroad": ABROAD,
            "adapters": tracking_adapters(),
            "after": after,
            "limit": limit,
        },
    )
    problems = _problems(rows)
    opened = open_exceptions(problems, now=now) if problems else []
    return len(opened), rows[-1][0] if len(rows) == limit else 0
