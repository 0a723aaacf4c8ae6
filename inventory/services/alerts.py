"""Stock alerts: raised where there is a cause, resolved where it is gone, taken and snoozed."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_actor, service
from backoffice.core.events import Fact, emit
from backoffice.core.models import User
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import Outcome
from inventory.demand import waiting_sql
from inventory.models import StockAlert, Warehouse
from inventory.states import STOCK_ALERT

WHY = _("Say why: who looks at it next will read it.")
PAST = _("Choose a moment that is still to come.")
NO_OWNER = _("There is no such colleague, or they are not active.")
# Every cause that holds now, with the numbers that make it one.
CAUSES = """
WITH waiting AS (
  SELECT sku_id, warehouse_id, sum(units)::int AS units FROM ({waiting}) AS w GROUP BY 1, 2
), policy AS (
  SELECT h.id AS warehouse_id, (%(now)s::timestamptz AT TIME ZONE h.time_zone)::date AS today,
    coalesce(p.over_days, c.over_days, 180) AS over_days,
    coalesce(p.slow_days, c.slow_days, 90) AS slow_days,
    coalesce(p.dead_days, c.dead_days, 180) AS dead_days,
    coalesce(p.expiring_days, c.expiring_days, 30) AS expiring_days,
    coalesce(p.variance_value, c.variance_value, 100) AS variance_value
  FROM inventory_warehouse h
  LEFT JOIN inventory_alertpolicy p ON p.warehouse_id = h.id AND p.is_active
  LEFT JOIN inventory_alertpolicy c ON c.warehouse_id IS NULL AND c.is_active
  WHERE h.id = ANY(%(houses)s)
), lead AS (
  SELECT DISTINCT ON (sku_id) sku_id, lead_time_days FROM inventory_supplieritem WHERE is_active
  ORDER BY sku_id, is_preferred DESC, price, id
), coming AS (
  SELECT x.sku_id, o.warehouse_id, sum(x.quantity - x.received)::int AS units,
    min(o.expected_on) AS expected_on
  FROM inventory_purchaseorderline x JOIN inventory_purchaseorder o ON o.id = x.purchase_order_id
  WHERE o.status IN ('APPROVED', 'SENT', 'PARTIALLY_RECEIVED') AND x.received < x.quantity
  GROUP BY 1, 2
), stock AS (
  SELECT l.sku_id, l.warehouse_id, p.over_days, p.slow_days, p.dead_days, l.on_hand,
    greatest(0, l.available - coalesce(w.units, 0)) AS free,
    l.on_hand * l.average_cost AS value, h.daily_demand AS daily, h.idle_days AS idle,
    h.days_of_cover AS cover, d.lead_time_days + 1 AS lead,
    coalesce(c.units, 0) AS coming, greatest(0, c.expected_on - p.today) AS days_to_come,
    c.expected_on, s.is_active
  FROM inventory_stocklevel l
  JOIN policy p ON p.warehouse_id = l.warehouse_id
  JOIN inventory_sku s ON s.id = l.sku_id
  JOIN inventory_stockhealth h ON h.sku_id = l.sku_id AND h.warehouse_id = l.warehouse_id
  LEFT JOIN waiting w ON w.sku_id = l.sku_id AND w.warehouse_id = l.warehouse_id
  LEFT JOIN lead d ON d.sku_id = l.sku_id
  LEFT JOIN coming c ON c.sku_id = l.sku_id AND c.warehouse_id = l.warehouse_id
), lots AS (
  SELECT b.sku_id, p.warehouse_id, sum(b.on_hand)::int AS units, min(t.expires_on) AS expires_on
  FROM inventory_lot t JOIN inventory_binstock b ON b.lot_id = t.id AND b.on_hand > 0
  JOIN inventory_location o ON o.id = b.location_id
  JOIN policy p ON p.warehouse_id = o.warehouse_id
  WHERE t.expires_on <= p.today + p.expiring_days GROUP BY 1, 2
), counted AS (
  SELECT DISTINCT ON (n.sku_id, c.warehouse_id, n.location_id, n.lot_id) n.sku_id, c.warehouse_id,
    n.difference
  FROM inventory_stockcountline n JOIN inventory_stockcount c ON c.id = n.stock_count_id
  WHERE n.status = 'POSTED'
  ORDER BY n.sku_id, c.warehouse_id, n.location_id, n.lot_id, n.counted_at DESC, n.id DESC
), variance AS (
  SELECT n.sku_id, n.warehouse_id, sum(n.difference)::int AS units,
    sum(abs(n.difference)) * l.average_cost AS value, p.variance_value
  FROM counted n JOIN policy p ON p.warehouse_id = n.warehouse_id
  JOIN inventory_stocklevel l ON l.sku_id = n.sku_id AND l.warehouse_id = n.warehouse_id
  GROUP BY 1, 2, l.average_cost, p.variance_value
), cause AS (
  SELECT 'OUT' AS kind, sku_id, warehouse_id, jsonb_build_object('daily', daily,
    'coming', coming, 'expected_on', expected_on) AS facts
  FROM stock WHERE is_active AND daily > 0 AND free = 0
  UNION ALL
  SELECT 'LATE', sku_id, warehouse_id, jsonb_build_object('units', free,
    'days', round(free / daily, 1), 'expected_on', expected_on, 'coming', coming)
  FROM stock WHERE is_active AND daily > 0 AND free > 0 AND coming > 0
    AND free / daily < days_to_come
  UNION ALL
  SELECT 'LOW', sku_id, warehouse_id, jsonb_build_object('units', free, 'coming', coming,
    'days', round((free + coming) / daily, 1), 'lead_time', lead)
  FROM stock WHERE is_active AND daily > 0 AND free > 0 AND lead IS NOT NULL
    AND (free + coming) / daily < lead
  UNION ALL
  SELECT CASE WHEN idle >= dead_days THEN 'DEAD' ELSE 'SLOW' END, sku_id, warehouse_id,
    jsonb_build_object('days', idle, 'units', on_hand, 'value', round(value, 2))
  FROM stock WHERE on_hand > 0 AND idle >= slow_days
  UNION ALL
  SELECT 'OVER', sku_id, warehouse_id, jsonb_build_object('days', round(free / daily),
    'units', free, 'limit', over_days, 'value', round(value, 2))
  FROM stock WHERE daily > 0 AND idle < slow_days AND free / daily > over_days
  UNION ALL
  SELECT 'EXPIRING', sku_id, warehouse_id, jsonb_build_object('units', units,
    'expires_on', expires_on) FROM lots
  UNION ALL
  SELECT 'VARIANCE', sku_id, warehouse_id, jsonb_build_object('units', units,
    'value', round(value, 2)) FROM variance WHERE value >= variance_value AND value > 0
)
SELECT c.kind, c.sku_id, c.warehouse_id, c.facts::text, a.id
FROM cause c LEFT JOIN inventory_stockalert a ON a.kind = c.kind AND a.sku_id = c.sku_id
  AND a.warehouse_id = c.warehouse_id AND a.status IN ('OPEN', 'SNOOZED')
ORDER BY c.kind, c.sku_id, c.warehouse_id
"""
WAKE = """
SELECT id FROM inventory_stockalert WHERE status = 'SNOOZED' AND snoozed_until <= %s ORDER BY id
"""


@service
def refresh_alerts(*, now: datetime, reason: str = "") -> tuple[int, int]:
    """Raise what has a cause and no alert, resolve what has an alert and no cause.

    What was snoozed long enough is open again. Return how many were raised and resolved.
    """
    # One at a time: a second run sees what the first one raised.
    execute("SELECT pg_advisory_xact_lock(hashtext('inventory.refresh_alerts'))")
    houses = list(Warehouse.objects.filter(is_active=True).values_list("pk", flat=True))
    rows = execute(CAUSES.format(waiting=waiting_sql()), {"now": now, "houses": houses})
    going = {row[4] for row in rows if row[4] is not None}
    new = [row for row in rows if row[4] is None]
    waiting = StockAlert.objects.filter(status__in=["OPEN", "SNOOZED"])
    gone = sorted(set(waiting.values_list("pk", flat=True)) - going)
    resolved = STOCK_ALERT.apply(gone, "resolve", values={"snoozed_until": None})
    awake = [row[0] for row in execute(WAKE, [now])]
    STOCK_ALERT.apply(awake, "wake", values={"snoozed_until": None})
    _raise(new)
    return len(new), len(resolved.moved)


def _raise(rows: Sequence[tuple]) -> None:
    if not rows:
        return
    columns = {
        "kind": [row[0] for row in rows],
        "sku_id": [row[1] for row in rows],
        "warehouse_id": [row[2] for row in rows],
        "facts": [json.loads(row[3]) for row in rows],
    }
    made = insert_rows(StockAlert, columns)
    emit(
        "stock_alert.raised",
        [
            Fact(pk, data={"kind": row[0], "sku_id": row[1], "warehouse_id": row[2]})
            for (pk,), row in zip(made, rows, strict=True)
        ],
    )


@service
def take_alerts(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Make alerts one's own."""
    return STOCK_ALERT.apply(ids, "take", values={"owner_id": current_actor().user_id})


@service
def assign_alerts(ids: Sequence[int], *, owner: str, now: datetime, reason: str = "") -> Outcome:
    """Give alerts to a colleague, named by their user name."""
    outcome = STOCK_ALERT.check(ids, "assign")
    user = User.objects.filter(username=owner, is_active=True, is_staff=True).first()
    if user is None:
        outcome.block(outcome.moved, NO_OWNER)
        return outcome
    STOCK_ALERT.move(outcome.moved, "assign", values={"owner_id": user.pk})
    return outcome


@service
def snooze_alerts(
    ids: Sequence[int], *, until: datetime, now: datetime, reason: str = ""
) -> Outcome:
    """Put alerts to sleep until a moment; they wake then if their cause is still there."""
    outcome = STOCK_ALERT.check(ids, "snooze")
    if until <= now:
        outcome.block(outcome.moved, PAST)
    elif not reason.strip():
        outcome.block(outcome.moved, WHY)
    data = {pk: {"until": until.isoformat()} for pk in outcome.moved}
    STOCK_ALERT.move(outcome.moved, "snooze", data=data, values={"snoozed_until": until})
    return outcome


@service
def wake_alerts(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Open snoozed alerts again before their time."""
    return STOCK_ALERT.apply(ids, "wake", values={"snoozed_until": None})
