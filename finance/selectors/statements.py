"""What a seller's statement is made of: every entry, and the order behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from finance.choices import EntryKind

LINES = """
SELECT e.effective_on, CASE WHEN e.kind = 'REVERSAL' AND e.source_type = 'finance.payout'
    THEN 'PAYOUT' ELSE e.kind END, o.order_number, coalesce(t.number, ''),
  coalesce(s.gross_amount, -r.gross_amount), coalesce(s.tax_amount, -r.tax_amount),
  coalesce(s.charges_amount, -r.charges_amount), l.amount, e.id
FROM finance_statementline l
JOIN finance_journalentry e ON e.id = l.entry_id
LEFT JOIN finance_ordersettlement s ON e.kind = 'SETTLEMENT' AND s.id = e.source_id
LEFT JOIN finance_refundshare r ON e.kind = 'REFUND_SHARE' AND r.id = e.source_id
LEFT JOIN finance_payout t ON e.source_type = 'finance.payout' AND t.id = e.source_id
LEFT JOIN orders_order o ON o.id = coalesce(s.order_id, r.order_id)
WHERE l.statement_id = %s ORDER BY e.effective_on, e.id
"""
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One entry in the seller's favour: of an order its price, its tax and what was charged."""

    day: date
    kind: str
    order_number: str | None
    payout: str
    gross: Decimal | None
    tax: Decimal | None
    charges: Decimal | None
    amount: Decimal
    entry_id: int

    @property
    def label(self) -> Any:
        return EntryKind(self.kind).label

    @property
    def reference(self) -> str:
        return self.order_number or self.payout


def statement_entries(statement_id: int) -> Iterator[StatementEntry]:
    """Yield the entries of a statement by day; they add up to what it moved."""
    with connection.cursor() as cursor:
        cursor.execute(LINES, [statement_id])
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield StatementEntry(*row)
