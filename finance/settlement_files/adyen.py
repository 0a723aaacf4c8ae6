"""Adyen's settlement details report: one batch, whose rows and payout come to zero.

Debit and credit are unsigned pairs. What counts is the currency that is settled (NC); fees stand
in columns of their own and are already taken off the net. Where gross and net are in one currency,
each row proves itself.
"""

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, minor, moment, shown
from finance.settlement_files.base import Format, Reading, RefusedError, Row, RowKind
from finance.settlement_files.text import (
    Record,
    decode,
    has_columns,
    read_rows,
    read_table,
    refuse_repeats,
    whole,
)

NEEDED = (
    "type",
    "gross currency",
    "gross debit (gc)",
    "gross credit (gc)",
    "net currency",
    "net debit (nc)",
    "net credit (nc)",
    "batch number",
)
# The parts of the fee; a report may have their sum instead.
PARTS = ("commission (nc)", "markup (nc)", "scheme fees (nc)", "interchange (nc)")
SUM = "payment fees (nc)"
KINDS = {
    "settled": RowKind.PAYMENT,
    "settledbulk": RowKind.PAYMENT,
    "refunded": RowKind.REFUND,
    "refundedreversed": RowKind.REFUND,
    "refundedbulk": RowKind.REFUND,
    "chargeback": RowKind.CHARGEBACK,
    "secondchargeback": RowKind.CHARGEBACK,
    "chargebackreversed": RowKind.CHARGEBACK,
    **dict.fromkeys(("fee", "misccosts", "invoicededuction", "paymentcost"), RowKind.FEE),
    **dict.fromkeys(("merchantpayout", "balancetransfer", "batchclosed"), RowKind.PAYOUT),
}

# Bookings with a reference of their own beside that of their payment.
REFERRING = (RowKind.REFUND, RowKind.CHARGEBACK)


def read(content: bytes) -> Reading:
    """Read a settlement details report."""
    table = read_table(decode(content, "utf-8"), NEEDED)
    rows = read_rows(table.records, _row)
    repeats = refuse_repeats(table.records, _identity)
    return Reading(rows, bool(rows), [*repeats, *_open_batches(rows)])


def _row(record: Record) -> Row:
    currency = currency_of(record["net currency"])
    net = _amount(record, "net credit (nc)", currency) - _amount(record, "net debit (nc)", currency)
    kind = KINDS.get(record["type"].replace(" ", "").lower(), RowKind.OTHER)
    fee = sum(_amount(record, part, currency) for part in PARTS)
    fee = fee or _amount(record, SUM, currency)
    if kind == RowKind.FEE:
        fee = -net
    gross = net + fee
    _check_gross(record, kind, currency, gross)
    return Row(
        number=record.number,
        raw=record.cells,
        kind=kind,
        currency=currency,
        gross=gross,
        fee=fee,
        external_id=(record["modification reference"] if kind in REFERRING else "")
        or record["psp reference"],
        reference=record["merchant reference"],
        payment_reference=record["psp reference"],
        category=record["type"],
        batch=record["batch number"],
        paid=-net if record["type"].lower() == "merchantpayout" else 0,
        happened_at=moment(record["creation date"], record["timezone"]),
    )


def _check_gross(record: Record, kind: RowKind, currency: str, gross: int) -> None:
    given = record["gross debit (gc)"] or record["gross credit (gc)"]
    if not given or kind == RowKind.FEE or currency_of(record["gross currency"]) != currency:
        return
    own = _amount(record, "gross credit (gc)", currency) - _amount(
        record, "gross debit (gc)", currency
    )
    if own != gross:
        raise RefusedError(
            _("gross is %(gross)s, net with its fees is %(is)s.")
            % {"gross": shown(own, currency), "is": shown(gross, currency)}
        )


def _amount(record: Record, column: str, currency: str) -> int:
    return minor(record[column] or "0", currency)


def _identity(record: Record) -> object:
    """Return what a booking is known by: several of them may belong to one payment."""
    if record["psp reference"] or record["type"].lower() == "merchantpayout":
        return whole(record)
    return None


def _open_batches(rows: Sequence[Row]) -> list[str]:
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        sums[row.batch, row.currency] += row.net
    closed = {row.batch for row in rows if row.kind == RowKind.PAYOUT}
    unclosed = sorted({row.batch for row in rows} - closed)
    return [
        *(_("Batch %s has no payout that closes it.") % batch for batch in unclosed),
        *_unequal(sums),
    ]


def _unequal(sums: Counter[tuple[str, str]]) -> list[str]:
    return [
        _("Batch %(batch)s does not come to zero: %(sum)s %(currency)s are left.")
        % {"batch": batch, "sum": shown(left, currency), "currency": currency}
        for (batch, currency), left in sums.items()
        if left
    ]


FORMATS = (
    Format(
        "adyen-settlement",
        gettext_lazy("Adyen: settlement details"),
        read,
        has_columns(*NEEDED),
    ),
)
