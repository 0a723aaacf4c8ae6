"""How long suppliers took, by what was received."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from backoffice.core.sql import execute

OBSERVED_DAYS = 365
MOST_RECEIPTS = 100  # the latest of a supplier

# From the close of the day before the order went out to the day that its goods came in.
OBSERVED = """
SELECT supplier_id, days FROM (
  SELECT o.supplier_id, greatest(1, (r.received_at AT TIME ZONE w.time_zone)::date
      - (o.sent_at AT TIME ZONE w.time_zone)::date + 1) AS days,
    row_number() OVER (PARTITION BY o.supplier_id ORDER BY r.received_at DESC, r.id DESC) AS n
  FROM inventory_receipt r JOIN inventory_purchaseorder o ON o.id = r.purchase_order_id
  JOIN inventory_warehouse w ON w.id = o.warehouse_id
  WHERE o.sent_at IS NOT NULL AND r.received_at >= %(since)s AND r.received_at < %(until)s
) AS observed WHERE n <= %(most)s
"""


def observed_lead_times(*, now: datetime) -> dict[int, NDArray[np.int64]]:
    """Return the lead times of each supplier's receipts in the last year, in days."""
    since = now - timedelta(days=OBSERVED_DAYS)
    found: dict[int, list[int]] = {}
    given = {"since": since, "until": now, "most": MOST_RECEIPTS}
    for supplier, days in execute(OBSERVED, given):
        found.setdefault(supplier, []).append(days)
    return {supplier: np.array(days, dtype=np.int64) for supplier, days in found.items()}
