"""The books of a month for other programs: one small module each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from finance.choices import EntryKind
from finance.selectors.reports import Balance, BookLine, book_lines, last_day, month_balances


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the books: its balances, and its postings by entry as they are read."""

    first: date
    last: date
    balances: Sequence[Balance]
    lines: Iterable[BookLine]

    def entries(self) -> Iterator[list[BookLine]]:
        """Yield the lines of each entry together."""
        for _entry, lines in groupby(self.lines, key=lambda line: line.entry_id):
            yield list(lines)


@dataclass(frozen=True, slots=True)
class Export:
    """A program that takes books: how its file is called, encoded and written."""

    label: str
    suffix: str
    write: Callable[[Month], Iterator[str]]
    encoding: str = "utf-8"


def month_of(first: date) -> Month:
    """Return a month of the books, given its first day."""
    last = last_day(first)
    return Month(first, last, month_balances(first), book_lines(first, last))


def told(line: BookLine) -> str:
    """Return what an entry is about, in a few words."""
    return " ".join(filter(None, [str(EntryKind(line.entry_kind).label), line.order_number]))


def sides(amount: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Return an amount as debit or credit, both positive."""
    return (amount, None) if amount > 0 else (None, -amount)
