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
from finance.accounts import CUSTOMERS, SALES, SELLER_PAYABLE, TAX
from finance.charges import CHARGES, charge_accounts, kept, sides, total
from finance.choices import EntryKind
from finance.services.ledger import accounts, posting
from finance.services.refund_shares import charge_refunds
from orders.models import Order

CHUNK = 1_000

# Keys travel as one text: a list of them is taken apart in Python.
ORDERS = "%(orders)s::bigint[]"
# Only lines of which something was cancelled have to know their currency's digits.
LIVE = (
    "CASE WHEN cancelled = 0 THEN {amount} ELSE round({amount} * (quantity - cancelled) / quantity,"
    " (SELECT currency_exponent(currency) FROM orders_order d WHERE d.id = l.order_id)) END"
)
# What of each order belongs to whom and has not been settled: a line's live units, in its
# currency's digits. The contract of the seller comes before everybody's, one for the currency
# before one for all. Outer joins lose no row, so that the planner expects as many as come.
SHARES = f"""
pair AS MATERIALIZED (
  SELECT l.*, o.currency, o.delivered_at, o.status, o.origin, currency_exponent(o.currency) AS e
  FROM (SELECT order_id, seller_id,
      count(*) FILTER (WHERE kind IN ('ITEM', 'KIT') AND kit_line_id IS NULL
        AND cancelled < quantity) AS lines,
      sum({LIVE.format(amount="gross_amount")}) AS gross,
      sum({LIVE.format(amount="tax_amount")}) AS tax
    FROM orders_orderline l WHERE order_id = ANY({ORDERS}) GROUP BY order_id, seller_id) l
  LEFT JOIN orders_order o ON o.id = l.order_id AND o.id = ANY({ORDERS})
  WHERE NOT EXISTS (SELECT FROM finance_ordersettlement b WHERE b.order_id = ANY({ORDERS})
    AND b.order_id = l.order_id AND b.seller_id IS NOT DISTINCT FROM l.seller_id)
), party AS MATERIALIZED (
  SELECT DISTINCT seller_id, currency FROM pair
), contract AS MATERIALIZED (
  SELECT coalesce(p.seller_id, 0) AS of_seller, p.currency AS of_currency, c.*,
    (%(now)s AT TIME ZONE c.time_zone)::date AS today
  FROM party p CROSS JOIN LATERAL (
    SELECT * FROM finance_commissioncontract f WHERE f.is_active AND f.currency IN ('', p.currency)
      AND (f.seller_id = p.seller_id OR f.seller_id IS NULL)
    ORDER BY f.seller_id NULLS LAST, f.currency DESC LIMIT 1) c
), share AS MATERIALIZED (
  SELECT p.*, c.id AS contract_id, c.time_zone, c.today, c.settlement_delay_days AS delay,
    (p.delivered_at AT TIME ZONE c.time_zone)::date AS delivered_on,
    {", ".join(f"{c.amount} AS {c.column}" for c in CHARGES)},
    p.status <> 'CANCELLED' AS is_open
  FROM pair p LEFT JOIN contract c
    ON c.of_seller = coalesce(p.seller_id, 0) AND c.of_currency = p.currency
)
"""
# The rounding rule: tax as on the lines, charges half away from zero; what is left of the gross
# amount is payable, so that the parts are the whole.
DUE = f"""
due AS MATERIALIZED (
  SELECT nextval('finance_ordersettlement_id_seq') AS id,
    nextval('finance_journalentry_id_seq') AS entry_id, s.*, delivered_on + delay AS settles_on,
    {total()} AS charged, gross - tax - {total()} AS payable
  FROM (SELECT * FROM share WHERE is_open AND delivered_on + delay <= today
    ORDER BY order_id, seller_id) s
), settled AS (
  INSERT INTO finance_ordersettlement (id, order_id, seller_id, contract_id, currency, lines,
    gross_amount, tax_amount, charges, charges_amount, payable_amount, delivered_on, settles_on,
    settled_at, origin)
  SELECT id, order_id, seller_id, contract_id, currency, lines, gross, tax, {kept()}, charged,
    payable, delivered_on, settles_on, %(now)s, {origin_sql("due")}
  FROM due
)
"""
HEADS = f"""
SELECT entry_id, 'settle:' || id AS key, '{EntryKind.SETTLEMENT}' AS kind,
  'finance.ordersettlement' AS source_type, id AS source_id, settles_on AS due_on,
  NULL::bigint AS reverses_id, '' AS reason, origin
FROM due WHERE gross <> 0 OR payable <> 0
"""
# What is payable comes last: number PAYABLE to the seller, the next as the platform's own sales.
PAYABLE = 3 + len(CHARGES)
LINES = f"""
SELECT d.entry_id, CASE WHEN v.n >= {PAYABLE} AND d.gross = 0 THEN 1 ELSE v.n END AS n,
  v.account_id, CASE WHEN v.n >= {PAYABLE} THEN d.seller_id END AS seller_id, d.order_id,
  d.currency, d.settles_on AS due_on,
  CASE v.n WHEN 1 THEN d.gross WHEN 2 THEN -d.tax {sides("-d", 3)}
    WHEN {PAYABLE} THEN CASE WHEN d.seller_id IS NOT NULL THEN -d.payable END
    ELSE CASE WHEN d.seller_id IS NULL THEN -d.payable END END AS amount
FROM due d CROSS JOIN ({accounts(CUSTOMERS, TAX, *charge_accounts(), SELLER_PAYABLE, SALES)}) AS v
"""
TOLD = """
SELECT id AS subject_id, order_id, jsonb_build_object('seller', seller_id, 'currency', currency,
  'gross', gross::text, 'payable', payable::text) AS data, NULL::timestamptz AS occurred_at, origin
FROM due
"""
SETTLE = f"""
WITH {SHARES}, {DUE}, {{ledger}}, {{events}}, later AS MATERIALIZED (
  SELECT order_id, min((delivered_on + delay)::timestamp AT TIME ZONE time_zone) AS due_at
  FROM share WHERE is_open AND delivered_on + delay > today GROUP BY order_id
), unqueued AS (
  DELETE FROM finance_settlementdue q WHERE q.order_id = ANY({ORDERS})
    AND NOT EXISTS (SELECT FROM later l WHERE l.order_id = q.order_id)
), postponed AS (
  INSERT INTO finance_settlementdue (order_id, due_at) SELECT order_id, due_at FROM later
  ORDER BY order_id ON CONFLICT (order_id) DO UPDATE SET due_at = excluded.due_at
)
SELECT ARRAY(SELECT id FROM due), ARRAY(SELECT DISTINCT r.order_id FROM finance_refund r
  WHERE r.order_id = ANY({ORDERS}) AND r.status = 'SUCCEEDED')
"""
QUEUE = f"""
WITH {SHARES}
INSERT INTO finance_settlementdue (order_id, due_at)
SELECT order_id, min((delivered_on + delay)::timestamp AT TIME ZONE time_zone) FROM share
WHERE is_open AND delivered_on IS NOT NULL GROUP BY order_id ORDER BY order_id
ON CONFLICT (order_id) DO NOTHING
"""
# What was settled and waits for nothing more is left alone, before it is locked.
UNSETTLED = f"""
SELECT unnest({ORDERS}) EXCEPT
SELECT order_id FROM finance_ordersettlement WHERE order_id = ANY({ORDERS}) UNION
SELECT order_id FROM finance_settlementdue WHERE order_id = ANY({ORDERS})
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
    execute(QUEUE, {"orders": _written(order_ids), "now": now})


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
        due = [row[0] for row in execute(UNSETTLED, {"orders": _written(order_ids)})]
        orders = lock(Order, due)
    result = Settled(orders=orders, claimed=len(due))
    if not orders:
        return result
    ledger, known = posting(HEADS, LINES)
    events, told = emit_selected("order.settled", TOLD)
    [(result.settlements, refunded)] = execute(
        SETTLE.format(ledger=ledger, events=events), {"orders": _written(orders), **known, **told}
    )
    if result.settlements and refunded:
        charge_refunds(refunded, now=now)
    return result


def _written(ids: Sequence[int]) -> str:
    return f"{{{','.join(map(str, ids))}}}"
