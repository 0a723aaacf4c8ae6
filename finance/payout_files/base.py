"""What a batch of payouts is to the file that is made of it; pure, whatever the format."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from backoffice.core.extensions import Text


@dataclass(frozen=True, slots=True)
class Party:
    """Who pays or is paid, and where."""

    name: str
    account: str
    bank: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payout: the bank tells `reference`, its number, back; the seller reads `text`."""

    reference: str
    to: Party
    amount: Decimal
    text: str


@dataclass(frozen=True)
class Batch:
    """Payouts of one account on one day, in the account's currency."""

    reference: str
    payer: Party
    company_id: str
    currency: str
    execute_on: date
    made_at: datetime
    transfers: Sequence[Transfer]

    @cached_property
    def total(self) -> Decimal:
        """Return the control sum."""
        return sum((t.amount for t in self.transfers), Decimal(0))


@dataclass(frozen=True, slots=True)
class PayoutFormat:
    """A kind of file: `problems` says what keeps it from being written, whose it is and why."""

    suffix: str
    content_type: str
    problems: Callable[[Batch], Iterator[tuple[str, Text]]]
    write: Callable[[Batch], bytes]


def latin(text: str, allowed: str) -> str:
    """Return a text in the letters that a bank takes, without accents; the others are left out."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    kept = "".join(
        c if c in allowed or c.isascii() and c.isalnum() else " "
        for c in plain
        if not unicodedata.combining(c)
    )
    return " ".join(kept.split())
