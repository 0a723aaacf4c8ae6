"""A seller's statement as a table, with the order behind every figure."""

from collections.abc import Iterator, Sequence
from typing import Any

from finance.models import SellerStatement
from finance.selectors.statements import statement_entries

HEADER = "date,kind,order,payout,gross,tax,charges,amount,currency,entry".split(",")


def statement_rows(statement: SellerStatement) -> Iterator[Sequence[Any]]:
    """Yield a statement's entries as the lines of a file."""
    for e in statement_entries(statement.pk):
        numbers = (e.gross, e.tax, e.charges, e.amount)
        yield (e.day, e.kind, e.order_number, e.payout, *numbers, statement.currency, e.entry_id)
