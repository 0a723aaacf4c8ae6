"""What is owed back to customers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from backoffice.core.money import round_amount
from backoffice.core.sql import execute
from orders.choices import LineKind

OWED = """
SELECT o.currency, count(DISTINCT o.id), count(*), sum(
  p.captured_amount - p.refunded_amount - p.pending_refund_amount)
FROM finance_payment p JOIN orders_order o ON o.id = p.order_id
WHERE p.order_id = ANY(%s) AND p.status = 'CAPTURED'
  AND p.captured_amount > p.refunded_amount + p.pending_refund_amount
GROUP BY o.currency ORDER BY o.currency
"""
# Of each line: how many units live, what they cost, and what of that has not gone back.
PRICES = """
SELECT l.order_id, l.id, l.kind, l.quantity - l.cancelled, p.price, p.price - coalesce((
    SELECT sum(rl.amount) FROM finance_refundline rl JOIN finance_refund r ON r.id = rl.refund_id
    WHERE rl.order_line_id = l.id AND r.status NOT IN ('FAILED', 'CANCELLED')), 0)
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
CROSS JOIN LATERAL (SELECT CASE WHEN l.cancelled = 0 THEN l.gross_amount
    ELSE round(l.gross_amount * (l.quantity - l.cancelled) / l.quantity,
      currency_exponent(o.currency)) END AS price) p
WHERE l.order_id = ANY(%s) ORDER BY l.id
"""


@dataclass(frozen=True, slots=True)
class Refundable:
    """A line whose price, tax included, has not all gone back, and for how many units."""

    line_id: int
    units: int
    each: Decimal
    left: Decimal
    currency: str

    def amount(self, units: int) -> Decimal:
        """Return what some units cost; the last of them takes what is left."""
        if units >= self.units:
            return self.left
        return min(round_amount(self.each * units, self.currency), self.left)


def refundable_lines(order_id: int, currency: str) -> list[Refundable]:
    """Return the lines of goods of which something can go back."""
    found = []
    for _order, pk, kind, units, price, left in execute(PRICES, [[order_id]]):
        if left > 0 and units > 0 and kind != LineKind.SHIPPING:
            each = price / units
            open_units = min(units, math.ceil(round(left / each, 6)))
            found.append(Refundable(pk, open_units, each, left, currency))
    return found


@dataclass(frozen=True, slots=True)
class Owed:
    """How much of orders' money would go back, per currency."""

    currency: str
    orders: int
    refunds: int
    amount: Decimal


def owed_back(order_ids: Sequence[int]) -> list[Owed]:
    """Return what cancelling orders would give back."""
    return [
        Owed(currency, orders, refunds, round_amount(amount, currency))
        for currency, orders, refunds, amount in execute(OWED, [list(order_ids)])
    ]
