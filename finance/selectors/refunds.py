"""What is owed back to customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from backoffice.core.money import allocate, round_amount
from backoffice.core.sql import execute
from finance.services.commands import RefundPart

OWED = """
SELECT o.currency, count(DISTINCT o.id), count(*), sum(
  p.captured_amount - p.refunded_amount - p.pending_refund_amount)
FROM finance_payment p JOIN orders_order o ON o.id = p.order_id
WHERE p.order_id = ANY(%s) AND p.status = 'CAPTURED'
  AND p.captured_amount > p.refunded_amount + p.pending_refund_amount
GROUP BY o.currency ORDER BY o.currency
"""
RETURNED = """
SELECT rl.parent_id, l.id, l.gross_amount * (rl.sellable + rl.damaged) / l.quantity, o.currency
FROM orders_returnline rl JOIN orders_orderline l ON l.id = rl.order_line_id
JOIN orders_order o ON o.id = l.order_id
WHERE rl.parent_id = ANY(%s) AND rl.sellable + rl.damaged > 0 ORDER BY rl.parent_id, l.id
"""


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


def returned_parts(amounts: dict[int, Decimal]) -> dict[int, list[RefundPart]]:
    """Spread what each return is worth over the lines that came back."""
    lines: dict[int, list[tuple[int, Decimal, str]]] = {}
    for return_id, line_id, weight, currency in execute(RETURNED, [list(amounts)]):
        lines.setdefault(return_id, []).append((line_id, weight, currency))
    parts: dict[int, list[RefundPart]] = {}
    for return_id, rows in lines.items():
        shares = allocate(amounts[return_id], [max(w, Decimal(0)) for _, w, _ in rows], rows[0][2])
        parts[return_id] = [
            RefundPart(line_id, share)
            for (line_id, _, _), share in zip(rows, shares, strict=True)
            if share
        ]
    return parts
