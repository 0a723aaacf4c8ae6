"""Settlement: what a delivered order brought whom, into the books, many orders at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backoffice.core.actor import current_unit, service
from backoffice.core.choices import Origin
from backoffice.core.events import emit_selected
from backoffice.core.locks import claim, lock
from backoffice.core.origins import origin_sql
from backoffice.core.sql import execute
from finance.accounts import COMMISSION, CUSTOMERS, FEES, SALES, SELLER_PAYABLE, TAX
from finance.choices import EntryKind
from finance.services.charges import charge_refunds
from finance.services.ledger import post_selected
from orders.models import Order

CHUNK = 1_000

# What of each order belongs to whom: a line's live units, in its currency's digits. The contract
# of the seller comes before everybody's, one for the currency before one for all.
PAIRS = """
pair AS MATERIALIZED (
  SELECT l.order_id, l.seller_id, o.currency, o.delivered_at, o.origin,
    currency_exponent(o.currency) AS e,
    count(*) FILTER (WHERE l.kind IN ('ITEM', 'KIT') AND l.kit_line_id IS NULL
      AND l.cancelled < l.quantity) AS lines,
    sum(CASE WHEN l.cancelled = 0 THEN l.gross_amount ELSE round(l.gross_amount
      * (l.quantity - l.cancelled) / l.quantity, currency_exponent(o.currency)) END) AS gross,
    sum(CASE WHEN l.cancelled = 0 THEN l.tax_amount ELSE round(l.tax_amount
      * (l.quantity - l.cancelled) / l.quantity, currency_exponent(o.currency)) END) AS tax
  FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
  WHERE o.id = ANY(%(orders)s) AND o.delivered_at IS NOT NULL AND o.status <> 'CANCELLED'
  GROUP BY l.order_id, l.seller_id, o.currency, o.delivered_at, o.origin
), contract AS MATERIALIZED (
  SELECT DISTINCT ON (p.seller_id, p.currency) p.seller_id, p.currency, c.id, c.time_zone,
    c.commission_rate, c.line_fee, c.settlement_delay_days AS delay
  FROM (SELECT DISTINCT seller_id, currency FROM pair) p
  JOIN finance_commissioncontract c ON c.is_active AND c.currency IN ('', p.currency)
    AND (c.seller_id = p.seller_id OR c.seller_id IS NULL)
  ORDER BY p.seller_id, p.currency, c.seller_id NULLS LAST, c.currency DESC
), share AS MATERIALIZED (
  SELECT p.*, c.id AS contract_id, c.time_zone,
    (p.delivered_at AT TIME ZONE c.time_zone)::date AS delivered_on,
    (p.delivered_at AT TIME ZONE c.time_zone)::date + c.delay AS settles_on,
    CASE WHEN p.seller_id IS NULL THEN 0 ELSE round(p.gross * c.commission_rate, p.e)
      END AS commission,
    CASE WHEN p.seller_id IS NULL THEN 0 ELSE round(p.lines * c.line_fee, p.e) END AS fee
  FROM pair p JOIN contract c ON c.seller_id IS NOT DISTINCT FROM p.seller_id
    AND c.currency = p.currency
)
"""
# The rounding rule: tax as on the lines, commission and fee half away from zero; what is left of
# the gross amount is payable, so that the parts are the whole.
SETTLE = f"""
WITH {PAIRS}, settled AS (
  INSERT INTO finance_ordersettlement (order_id, seller_id, contract_id, currency, lines,
    gross_amount, tax_amount, commission_amount, fee_amount, payable_amount, delivered_on,
    settles_on, settled_at, origin)
  SELECT order_id, seller_id, contract_id, currency, lines, gross, tax, commission, fee,
    gross - tax - commission - fee, delivered_on, settles_on, %(now)s,
    {origin_sql("share")}
  FROM share WHERE settles_on <= (%(now)s AT TIME ZONE time_zone)::date
  ORDER BY order_id, seller_id
  ON CONFLICT (order_id, seller_id) DO NOTHING
  RETURNING id
)
SELECT id, NULL::bigint AS order_id, NULL::timestamptz AS due_at FROM settled
UNION ALL
SELECT NULL, order_id, min(settles_on::timestamp AT TIME ZONE time_zone) FROM share
WHERE settles_on > (%(now)s AT TIME ZONE time_zone)::date GROUP BY order_id
"""
HEADS = f"""
SELECT s.id AS head, 'settle:' || s.id AS key, '{EntryKind.SETTLEMENT}' AS kind,
  'finance.ordersettlement' AS source_type, s.id AS source_id, s.settles_on AS due_on,
  NULL::bigint AS reverses_id, '' AS reason, s.origin
FROM finance_ordersettlement s WHERE s.id = ANY(%(ids)s)
"""
LINES = f"""
SELECT s.id AS head, v.n, v.account, v.seller_id, s.order_id, s.currency, v.amount
FROM finance_ordersettlement s CROSS JOIN LATERAL (VALUES
  (1, '{CUSTOMERS}', NULL::bigint, s.gross_amount),
  (2, '{TAX}', NULL, -s.tax_amount),
  (3, '{COMMISSION}', NULL, -s.commission_amount),
  (4, '{FEES}', NULL, -s.fee_amount),
  (CASE WHEN s.gross_amount = 0 THEN 1 ELSE 5 END,
    CASE WHEN s.seller_id IS NULL THEN '{SALES}' ELSE '{SELLER_PAYABLE}' END, s.seller_id,
    -s.payable_amount)
) AS v(n, account, seller_id, amount)
WHERE s.id = ANY(%(ids)s)
"""
TOLD = """
SELECT id AS subject_id, order_id, jsonb_build_object('seller', seller_id, 'currency', currency,
  'gross', gross_amount::text, 'payable', payable_amount::text) AS data,
  NULL::timestamptz AS occurred_at
FROM finance_ordersettlement WHERE id = ANY(%(ids)s)
"""
QUEUE = f"""
WITH {PAIRS}
INSERT INTO finance_settlementdue (order_id, due_at)
SELECT x.order_id, min(x.settles_on::timestamp AT TIME ZONE x.time_zone) FROM share x
WHERE NOT EXISTS (SELECT FROM finance_ordersettlement s WHERE s.order_id = x.order_id
  AND s.seller_id IS NOT DISTINCT FROM x.seller_id)
GROUP BY x.order_id ORDER BY x.order_id ON CONFLICT (order_id) DO NOTHING
"""
UNQUEUE = """
DELETE FROM finance_settlementdue WHERE order_id = ANY(%(orders)s) AND order_id <> ALL(%(later)s)
"""
POSTPONE = """
UPDATE finance_settlementdue q SET due_at = l.due_at
FROM unnest(%(later)s::bigint[], %(times)s::timestamptz[]) AS l(order_id, due_at)
WHERE q.order_id = l.order_id
"""


@dataclass(slots=True)
class Settled:
    """Which orders were looked at, and the settlements that came of it."""

    orders: list[int] = field(default_factory=list)
    settlements: list[int] = field(default_factory=list)
    claimed: int = 0


@service
def queue_settlements(order_ids: Sequence[int], *, now: datetime) -> None:
    """Put delivered orders in line for their settlement day."""
    execute(QUEUE, {"orders": list(order_ids)})


@service
def settle_orders(order_ids: Sequence[int] | None, *, now: datetime, reason: str = "") -> Settled:
    """Settle delivered orders whose day has come, or the next chunk of those in line.

    Settled twice is settled once. An order of several sellers is settled seller by seller, each
    by its own contract.
    """
    if order_ids is None:
        due = claim(
            # What was imported is settled by its import, at its own time.
            "SELECT order_id FROM finance_settlementdue q WHERE due_at <= %s AND EXISTS ("
            " SELECT FROM orders_order o WHERE o.id = q.order_id AND (o.origin = 'IMPORT') = %s)"
            f" ORDER BY due_at, order_id LIMIT {CHUNK}",
            [now, current_unit().actor.origin == Origin.IMPORT],
        )
        orders = lock(Order, due, skip_locked=True)
    else:
        due = list(order_ids)
        orders = lock(Order, due)
    result = Settled(orders=orders, claimed=len(due))
    if not orders:
        return result
    unit = current_unit()
    rows = execute(SETTLE, {"orders": orders, "now": now, "origin": unit.actor.origin})
    result.settlements = [pk for pk, _, _ in rows if pk is not None]
    later = {order_id: due_at for pk, order_id, due_at in rows if pk is None}
    if result.settlements:
        post_selected(HEADS, LINES, {"ids": result.settlements})
        emit_selected("order.settled", TOLD, {"ids": result.settlements})
        charge_refunds(orders, now=now)
    queue = {"orders": orders, "later": list(later), "times": list(later.values())}
    execute(UNQUEUE, queue)
    if later:
        execute(POSTPONE, queue)
    return result
