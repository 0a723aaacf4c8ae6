"""The one shape of files of money: what a reader gives, what becomes of a file.

Amounts are integers in minor units. Gross is signed in our favour, a fee is positive where it
costs us, net is gross less fee.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from finance.choices import UNCOUNTED_ROWS
from finance.choices import FileControl as Control
from finance.choices import FileRowKind as RowKind


class RefusedError(Exception):
    """A file is not taken; says why."""


class WrongFormatError(RefusedError):
    """A file is none of this format."""


class UnreadableError(RefusedError):
    """Some of a file's rows cannot be read."""

    def __init__(self, problems: Sequence[str], count: int) -> None:
        super().__init__(in_short(problems))
        self.count = count


@dataclass(frozen=True, slots=True)
class Row:
    """One row in our words, beside the row as it came.

    `payment_reference` is the provider's id of the payment that it is about, `category` what the
    provider calls it, `paid` what it moves from the provider to our bank.
    """

    number: int
    raw: Mapping[str, str]
    kind: RowKind
    currency: str
    gross: int
    fee: int = 0
    external_id: str = ""
    reference: str = ""
    payment_reference: str = ""
    category: str = ""
    batch: str = ""
    paid: int = 0
    happened_at: datetime | None = None

    @property
    def net(self) -> int:
        """Return what is left after the fee."""
        return self.gross - self.fee


@dataclass(frozen=True, slots=True)
class Totals:
    """What the rows of one currency come to."""

    gross: int = 0
    fee: int = 0
    net: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """One statement of a bank account inside a file."""

    account: str
    number: str
    currency: str
    opening: int | None
    closing: int | None
    day: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found: its rows, whether a control was there, what does not hold."""

    rows: Sequence[Row]
    has_control: bool
    problems: Sequence[str] = ()
    accounts: Sequence[Account] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A file that was read, or the reason why it is refused whole."""

    rows: Sequence[Row] = ()
    totals: Mapping[str, Totals] = field(default_factory=dict)
    control: Control = Control.REFUSED
    reason: str = ""
    accounts: Sequence[Account] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Format:
    """One format of one outside system."""

    name: str
    label: str | Promise
    read: Callable[[bytes], Reading]
    recognises: Callable[[bytes], bool]
    is_bank: bool = False

    def parse(self, content: bytes) -> Statement:
        """Read a file; never raise for what is in it."""
        if is_empty(content):
            return Statement(reason=_("The file is empty."))
        try:
            reading = self.read(content)
        except UnreadableError as error:
            return Statement(reason=str(error), count=error.count)
        except RefusedError as error:
            return Statement(reason=str(error))
        if not reading.rows and not reading.problems and not reading.has_control:
            return Statement(reason=_("The file has no rows."))
        control = Control.PROVED if reading.has_control else Control.NONE
        return Statement(
            rows=reading.rows,
            totals=totals_of(reading.rows),
            control=Control.REFUSED if reading.problems else control,
            reason=in_short(reading.problems),
            accounts=reading.accounts,
            count=len(reading.rows),
        )


def in_short(problems: Sequence[str]) -> str:
    """Return the first problem and how many more there are."""
    if len(problems) < 2:
        return "".join(problems)
    return _("%(first)s And %(count)d more.") % {"first": problems[0], "count": len(problems) - 1}


def is_empty(content: bytes) -> bool:
    """Say whether there is nothing but marks and white space."""
    return not content.strip(b"\x00\xff\xfe\xef\xbb\xbf \t\r\n")


def changed_places(rows: Sequence[Row]) -> list[str]:
    """Return a problem where payments cost more than they leave: fee and net have changed places.

    Gross less one is the other whichever way round, so no row tells it by itself.
    """
    paid = [row for row in rows if row.kind == RowKind.PAYMENT and row.gross > 0]
    if sum(row.fee for row in paid) <= sum(row.net for row in paid):
        return []
    return [_("Payments cost more than they leave: fee and net may have changed places.")]


def totals_of(rows: Sequence[Row]) -> dict[str, Totals]:
    """Return the sums by currency of all rows that count."""
    gross: Counter[str] = Counter()
    fee: Counter[str] = Counter()
    for row in rows:
        if row.kind not in UNCOUNTED_ROWS:
            gross[row.currency] += row.gross
            fee[row.currency] += row.fee
    return {
        currency: Totals(gross[currency], fee[currency], gross[currency] - fee[currency])
        for currency in sorted(gross)
    }
