"""Who bears a refund: the sellers and the platform, as they were settled."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute
from finance.accounts import CUSTOMERS, GOODWILL, SALES, SELLER_PAYABLE, TAX
from finance.charges import CHARGES, Charge, charge_accounts, kept, sides, total
from finance.choices import EntryKind, RefundStatus
from finance.models import Refund
from finance.services.days import company_day
from finance.services.ledger import accounts, posting
from orders.models import Order


def _settled(charge: Charge) -> str:
    """Return what of a settled charge goes back when all is refunded."""
    if not charge.given_back:
        return f"0 AS {charge.column}"
    amount = f"coalesce((s.charges ->> '{charge.code}')::numeric, 0)"
    return f"CASE WHEN c.{charge.given_back} THEN {amount} ELSE 0 END AS {charge.column}"


def _part(whole: str, name: str) -> str:
    """Return a refund's part, as the difference of two rounded running totals.

    Whatever the parts, a refund of everything gives back exactly what was settled.
    """
    return (
        f"CASE WHEN g = 0 THEN 0 ELSE round({whole} * upto / g, e)"
        f" - round({whole} * (upto - gross) / g, e) END AS {name}"
    )


SHARE = f"""
part AS (
  SELECT r.id AS refund_id, r.order_id, l.seller_id, sum(rl.amount) AS gross
  FROM finance_refund r JOIN finance_refundline rl ON rl.refund_id = r.id
  JOIN orders_orderline l ON l.id = rl.order_line_id
  WHERE r.order_id = ANY(%(orders)s) AND r.status = 'SUCCEEDED'
  GROUP BY r.id, r.order_id, l.seller_id
), before AS (
  SELECT order_id, seller_id, sum(gross_amount - goodwill_amount) AS gross
  FROM finance_refundshare WHERE order_id = ANY(%(orders)s) GROUP BY order_id, seller_id
), running AS (
  SELECT p.refund_id, p.order_id, p.seller_id, p.gross, s.currency, s.gross_amount AS g,
    s.tax_amount AS t, {", ".join(_settled(c) for c in CHARGES)},
    coalesce(b.gross, 0) + sum(p.gross) OVER (
      PARTITION BY p.order_id, p.seller_id ORDER BY p.refund_id) AS upto,
    currency_exponent(s.currency) AS e
  FROM part p
  JOIN finance_ordersettlement s ON s.order_id = p.order_id
    AND s.seller_id IS NOT DISTINCT FROM p.seller_id
  JOIN finance_commissioncontract c ON c.id = s.contract_id
  LEFT JOIN before b ON b.order_id = p.order_id AND b.seller_id IS NOT DISTINCT FROM p.seller_id
  WHERE NOT EXISTS (SELECT FROM finance_refundshare x WHERE x.refund_id = p.refund_id
    AND x.seller_id IS NOT DISTINCT FROM p.seller_id)
), split AS (
  SELECT refund_id, order_id, seller_id, currency, gross, {_part("t", "tax")},
    {", ".join(_part(c.column, c.column) for c in CHARGES)}
  FROM running
), given AS MATERIALIZED (
  SELECT nextval('finance_refundshare_id_seq') AS id,
    nextval('finance_journalentry_id_seq') AS entry_id, x.*
  FROM (
    SELECT *, gross - tax - {total()} AS payable, 0 AS goodwill FROM split
    UNION ALL
    SELECT r.id, r.order_id, NULL, r.currency, r.amount, 0, {", ".join("0" for _ in CHARGES)}, 0,
      r.amount
    FROM finance_refund r
    WHERE r.order_id = ANY(%(orders)s) AND r.status = 'SUCCEEDED' AND r.kind = 'GOODWILL'
      AND EXISTS (SELECT FROM finance_ordersettlement s WHERE s.order_id = r.order_id)
      AND NOT EXISTS (SELECT FROM finance_refundshare x WHERE x.refund_id = r.id)
    ORDER BY refund_id, seller_id) x
), shared AS (
  INSERT INTO finance_refundshare (id, refund_id, order_id, seller_id, currency, gross_amount,
    tax_amount, charges, charges_amount, payable_amount, goodwill_amount)
  SELECT id, refund_id, order_id, seller_id, currency, gross, tax, {kept()}, {total()}, payable,
    goodwill
  FROM given
)
"""
HEADS = f"""
SELECT g.entry_id, 'refund-share:' || g.id AS key, '{EntryKind.REFUND_SHARE}' AS kind,
  'finance.refundshare' AS source_type, g.id AS source_id, %(day)s::date AS due_on,
  NULL::bigint AS reverses_id, '' AS reason, r.origin
FROM given g JOIN finance_refund r ON r.id = g.refund_id WHERE g.gross <> 0
"""
PAYABLE = 4 + len(CHARGES)
LINES = f"""
SELECT g.entry_id, v.n, v.account_id, CASE WHEN v.n = {PAYABLE} THEN g.seller_id END AS seller_id,
  g.order_id, g.currency, %(day)s::date AS due_on,
  CASE v.n WHEN 1 THEN -g.gross WHEN 2 THEN g.tax WHEN 3 THEN g.goodwill {sides("g", 4)}
    WHEN {PAYABLE} THEN CASE WHEN g.seller_id IS NOT NULL THEN g.payable END
    ELSE CASE WHEN g.seller_id IS NULL THEN g.payable END END AS amount
FROM given g
CROSS JOIN ({accounts(CUSTOMERS, TAX, GOODWILL, *charge_accounts(), SELLER_PAYABLE, SALES)}) AS v
"""


@service
def charge_refunds(order_ids: Sequence[int], *, now: datetime) -> int:
    """Charge refunds that succeeded to those who were settled for the order, each once."""
    orders = lock(Order, order_ids)
    paid = Refund.objects.filter(order_id__any=orders, status=RefundStatus.SUCCEEDED)
    refunded = sorted(set(paid.values_list("order_id", flat=True)))
    if not refunded:
        return 0
    ledger, known = posting(HEADS, LINES)
    sql = f"WITH {SHARE}, {ledger} SELECT count(*) FROM given"
    [(shares,)] = execute(sql, {"orders": refunded, "day": company_day(now), **known})
    return shares
