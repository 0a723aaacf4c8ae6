"""Invoices and credit notes: issued once, numbered without gaps.

An invoice is issued when everything of an order is delivered: its units are final then, it says
what settlement says, and what was cancelled on the way needs no credit note.
"""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.origins import origin_sql
from backoffice.core.sql import execute
from finance.models import DocumentSeries
from finance.services.days import company_day
from orders.models import Order

LIVE = """
SELECT l.order_id, o.currency, o.origin, sum(CASE WHEN l.cancelled = 0 THEN l.gross_amount
    ELSE round(l.gross_amount * (l.quantity - l.cancelled) / l.quantity, currency_exponent(
      o.currency)) END) AS gross,
  sum(CASE WHEN l.cancelled = 0 THEN l.tax_amount
    ELSE round(l.tax_amount * (l.quantity - l.cancelled) / l.quantity, currency_exponent(
      o.currency)) END) AS tax
FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
WHERE o.id = ANY(%(orders)s) AND o.delivered_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM finance_invoice i WHERE i.order_id = o.id)
GROUP BY l.order_id, o.currency, o.origin
HAVING bool_or(l.quantity > l.cancelled AND l.kit_line_id IS NULL)
"""
# A counter row, not a sequence: a rollback gives the number back.
NUMBERED = """
WITH given AS (
  SELECT g.*, row_number() OVER (ORDER BY {order}) AS n FROM ({source}) g
), counter AS (
  UPDATE finance_documentseries SET last_number = last_number + (SELECT count(*) FROM given)
  WHERE code = '{series}' AND EXISTS (SELECT FROM given)
  RETURNING prefix, last_number - (SELECT count(*) FROM given) AS base
)
"""
ISSUE = (
    NUMBERED.format(source=LIVE, series="INVOICE", order="order_id")
    + f"""
INSERT INTO finance_invoice (number, sequence, order_id, issued_on, currency, net_amount,
  tax_amount, gross_amount, created_at, created_by_id, updated_at, modified_by_id, origin)
SELECT c.prefix || lpad((c.base + g.n)::text, greatest(8, length((c.base + g.n)::text)), '0'),
  c.base + g.n, g.order_id, %(day)s, g.currency, g.gross - g.tax, g.tax, g.gross, %(now)s,
  %(actor)s, %(now)s, %(actor)s, {origin_sql("g")}
FROM given g CROSS JOIN counter c ORDER BY g.n
RETURNING id, order_id, number, gross_amount, currency
"""
)
LINES = """
INSERT INTO finance_invoiceline (invoice_id, position, order_line_id, description, quantity,
  unit_price, tax_rate, net_amount, tax_amount, gross_amount)
SELECT i.id, row_number() OVER (PARTITION BY i.id ORDER BY l.position), l.id, l.description,
  l.quantity - l.cancelled, l.unit_price, l.tax_rate, x.gross - x.tax, x.tax, x.gross
FROM finance_invoice i JOIN orders_orderline l ON l.order_id = i.order_id
CROSS JOIN LATERAL (SELECT
  CASE WHEN l.cancelled = 0 THEN l.gross_amount ELSE round(l.gross_amount
    * (l.quantity - l.cancelled) / l.quantity, currency_exponent(i.currency)) END AS gross,
  CASE WHEN l.cancelled = 0 THEN l.tax_amount ELSE round(l.tax_amount
    * (l.quantity - l.cancelled) / l.quantity, currency_exponent(i.currency)) END AS tax) x
WHERE i.id = ANY(%(ids)s) AND l.quantity > l.cancelled AND l.kit_line_id IS NULL
"""
# Tax goes back in proportion, as the difference of rounded running totals: all of it in the end.
# What a customer gets beyond the price is no part of it and of no note; a refund of lines gives
# back what its lines say.
REFUNDED = """
SELECT refund_id, invoice_id, currency, origin, gross, tax FROM (
SELECT r.id AS refund_id, i.id AS invoice_id, i.currency, i.origin, r.amount AS gross,
  round(i.tax_amount * (i.credited_amount + sum(r.amount) OVER w) / i.gross_amount, e.e)
    - round(i.tax_amount * (i.credited_amount + sum(r.amount) OVER w - r.amount)
      / i.gross_amount, e.e) AS tax,
  i.credited_amount + sum(r.amount) OVER w <= i.gross_amount AS is_within
FROM (SELECT f.id, f.order_id, CASE WHEN f.kind = 'GOODWILL' THEN f.amount ELSE (
    SELECT sum(l.amount) FROM finance_refundline l WHERE l.refund_id = f.id) END AS amount
  FROM finance_refund f WHERE f.order_id = ANY(%(orders)s) AND f.status = 'SUCCEEDED'
    AND f.kind NOT IN ('CANCELLATION', 'OVERPAYMENT')) r
JOIN finance_invoice i ON i.order_id = r.order_id AND i.gross_amount > 0
CROSS JOIN LATERAL (SELECT currency_exponent(i.currency) AS e) e
WHERE r.amount <> 0 AND NOT EXISTS (SELECT FROM finance_creditnote n WHERE n.refund_id = r.id)
WINDOW w AS (PARTITION BY r.order_id ORDER BY r.id)) x WHERE x.is_within
"""
CREDIT = (
    NUMBERED.format(source=REFUNDED, series="CREDIT_NOTE", order="refund_id")
    + f""", note AS (
  INSERT INTO finance_creditnote (number, sequence, invoice_id, refund_id, issued_on, currency,
    net_amount, tax_amount, gross_amount, created_at, created_by_id, updated_at, modified_by_id,
    origin)
  SELECT c.prefix || lpad((c.base + g.n)::text, greatest(8, length((c.base + g.n)::text)), '0'),
    c.base + g.n, g.invoice_id, g.refund_id, %(day)s, g.currency, g.gross - g.tax, g.tax, g.gross,
    %(now)s, %(actor)s, %(now)s, %(actor)s, {origin_sql("g")}
  FROM given g CROSS JOIN counter c ORDER BY g.n
  RETURNING id, invoice_id, number, gross_amount, currency
), credited AS (
  UPDATE finance_invoice i SET credited_amount = i.credited_amount + n.gross, updated_at = %(now)s,
    modified_by_id = %(actor)s
  FROM (SELECT invoice_id, sum(gross_amount) AS gross FROM note GROUP BY invoice_id) n
  WHERE i.id = n.invoice_id RETURNING i.id, i.order_id
)
SELECT n.id, i.order_id, n.number, n.gross_amount, n.currency
FROM note n JOIN credited i ON i.id = n.invoice_id ORDER BY n.id
"""
)


def _parameters(order_ids: Sequence[int], now: datetime) -> dict[str, object]:
    unit = current_unit()
    return {
        "orders": list(order_ids),
        "day": company_day(now),
        "now": now,
        "actor": unit.actor.user_id,
        "origin": unit.actor.origin,
    }


def _facts(rows: Sequence[tuple]) -> list[Fact]:
    return [
        Fact(pk, order_id, {"number": number, "gross": str(gross), "currency": currency})
        for pk, order_id, number, gross, currency in rows
    ]


@service
def issue_invoices(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Issue the invoices of delivered orders that have none; return them."""
    orders = lock(Order, order_ids)
    _series("INVOICE")
    rows = execute(ISSUE, _parameters(orders, now))
    ids = [row[0] for row in rows]
    execute(LINES, {"ids": ids})
    emit("invoice.issued", _facts(rows))
    return ids


@service
def issue_credit_notes(order_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Issue a credit note for each refund of invoiced orders that has none; return them."""
    orders = lock(Order, order_ids)
    _series("CREDIT_NOTE")
    rows = execute(CREDIT, _parameters(orders, now))
    emit("credit_note.issued", _facts(rows))
    return [row[0] for row in rows]


def _series(code: str) -> None:
    """Lock a series, so that days and numbers rise together."""
    lock(
        DocumentSeries, list(DocumentSeries.objects.filter(code=code).values_list("pk", flat=True))
    )
