"""NACHA files of corporate credits (CCD): records of 94 characters, ten to a block."""

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text
from finance.payout_files.accounts import is_routing
from finance.payout_files.base import Batch, PayoutFormat, latin

LETTERS = " .,-&'/"
WIDTH, BLOCK = 94, 10
LONGEST_ACCOUNT = 17
# A credit to a checking account; a batch of credits only.
CREDIT, CREDITS_ONLY = "22", "220"
LARGEST = Decimal("99999999.99")

ONLY_USD = _("NACHA files pay in USD only.")
NO_ROUTING = _("NACHA needs the routing number of the bank.")
TOO_LONG = _("NACHA takes account numbers of up to 17 characters.")
TOO_MUCH = _("NACHA takes up to 99,999,999.99 a payment.")
NO_COMPANY = _("NACHA needs the company identification of ten digits on the payout account.")
NOT_LATIN = _("The name has no Latin letters, which NACHA needs.")


def problems(batch: Batch) -> Iterator[tuple[str, Text]]:
    """Yield what the bank would refuse."""
    if batch.currency != "USD":
        yield "", ONLY_USD
    if len(batch.company_id) != 10 or not batch.company_id.isdigit():
        yield "", NO_COMPANY
    for whose, party in [("", batch.payer), *((t.reference, t.to) for t in batch.transfers)]:
        if not is_routing(party.bank):
            yield whose, NO_ROUTING
        if len(party.account) > LONGEST_ACCOUNT:
            yield whose, TOO_LONG
        if not latin(party.name, LETTERS):
            yield whose, NOT_LATIN
    for transfer in batch.transfers:
        if transfer.amount > LARGEST:
            yield transfer.reference, TOO_MUCH


def _text(value: str, width: int) -> str:
    return latin(value, LETTERS).upper()[:width].ljust(width)


def _cents(amount: Decimal, width: int) -> str:
    return str(int(amount * 100)).zfill(width)


def write(batch: Batch) -> bytes:
    """Return the file: header, one batch, its control, filled up to whole blocks with nines."""
    bank = batch.payer.bank
    origin = bank[:8]
    made = batch.made_at
    entries = [
        "6"
        + CREDIT
        + t.to.bank
        + t.to.account.ljust(LONGEST_ACCOUNT)
        + _cents(t.amount, 10)
        + t.reference[:15].ljust(15)
        + _text(t.to.name, 22)
        + "  "
        + "0"
        + origin
        + str(n).zfill(7)
        for n, t in enumerate(batch.transfers, 1)
    ]
    # The sum of the banks' first eight digits, its last ten.
    hashed = str(sum(int(t.to.bank[:8]) for t in batch.transfers))[-10:].zfill(10)
    totals = hashed + _cents(Decimal(0), 12) + _cents(batch.total, 12)
    count = len(entries)
    lines = [
        "101"
        + f" {bank}"
        + batch.company_id
        + f"{made:%y%m%d%H%M}"
        + "A094101"
        + " " * 23
        + _text(batch.payer.name, 23)
        + " " * 8,
        "5"
        + CREDITS_ONLY
        + _text(batch.payer.name, 16)
        + batch.reference[-20:].ljust(20)
        + batch.company_id
        + "CCD"
        + _text("PAYOUT", 10)
        + f"{made:%y%m%d}"
        + f"{batch.execute_on:%y%m%d}"
        + "   1"
        + origin
        + "1".zfill(7),
        *entries,
        "8"
        + CREDITS_ONLY
        + str(count).zfill(6)
        + totals
        + batch.company_id
        + " " * 19
        + " " * 6
        + origin
        + "1".zfill(7),
    ]
    blocks = -(-(len(lines) + 1) // BLOCK)
    lines.append(
        "9" + "1".zfill(6) + str(blocks).zfill(6) + str(count).zfill(8) + totals + " " * 39
    )
    lines += ["9" * WIDTH] * (blocks * BLOCK - len(lines))
    return ("\n".join(lines) + "\n").encode("ascii")


NACHA = PayoutFormat("ach", "text/plain", problems, write)
