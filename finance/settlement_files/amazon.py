"""Amazon's settlement report, flat file V2: a row for each part of an amount, signed for us.

The first row of a settlement has its total; the others, without the transfer, come to it. Amounts
are written as the marketplace does, so a file has one decimal mark, point or comma.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
)

# Reports of Japan are in Shift JIS; Latin 1 takes what is left.
ENCODINGS = ("utf-8", "cp932", "latin-1")
NEEDED = (
    "settlement-id",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "amount-type",
    "amount-description",
    "amount",
)
PRICES = ("itemprice", "promotion", "itemwithheldtax")
KINDS = {
    "order": RowKind.PAYMENT,
    "refund": RowKind.REFUND,
    "chargeback refund": RowKind.CHARGEBACK,
    "a-to-z guarantee refund": RowKind.CHARGEBACK,
    "transfer": RowKind.PAYOUT,
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the first row of a settlement says."""

    currency: str
    total: int


def read(content: bytes) -> Reading:
    """Read a report of one or several settlements."""
    table = read_table(decode(content, *ENCODINGS), NEEDED, "\t,;")
    mark = decimal_mark(
        [r[name] for r in table.records for name in ("amount", "total-amount") if r[name]]
    )
    settlements: dict[str, Settlement] = {}
    body = []
    for record in table.records:
        if record["total-amount"] and not record["transaction-type"]:
            if record["settlement-id"] in settlements:
                raise RefusedError(_("Line %d repeats a settlement.") % record.number)
            currency = currency_of(record["currency"])
            total = minor(record["total-amount"], currency, mark=mark)
            settlements[record["settlement-id"]] = Settlement(currency, total)
        else:
            body.append(record)
    rows = read_rows(body, lambda record: _row(record, settlements, mark))
    sums: Counter[str] = Counter()
    for row in rows:
        if row.kind != RowKind.PAYOUT:
            sums[row.batch] += row.net
    problems = [
        _("Settlement %(id)s says %(total)s, its rows come to %(sum)s.")
        % {
            "id": key,
            "total": shown(settlement.total, settlement.currency),
            "sum": shown(sums[key], settlement.currency),
        }
        for key, settlement in settlements.items()
        if sums[key] != settlement.total
    ]
    return Reading(_with_deposits(rows, settlements), bool(settlements), problems)


def _with_deposits(rows: Sequence[Row], settlements: Mapping[str, Settlement]) -> list[Row]:
    """Put each deposit that has no row of its own on its settlement's first row."""
    told = {row.batch for row in rows if row.kind == RowKind.PAYOUT}
    found: list[Row] = []
    for row in rows:
        total = settlements[row.batch].total
        # A negative total is carried over to the next settlement.
        if row.batch not in told and total > 0:
            row = replace(row, paid=total)
        told.add(row.batch)
        found.append(row)
    return found


def _row(record: Record, settlements: dict[str, Settlement], mark: str) -> Row:
    settlement = settlements.get(record["settlement-id"])
    if settlement is None:
        raise RefusedError(_("its settlement's first row, with the total, is missing."))
    currency = currency_of(record["currency"]) if record["currency"] else settlement.currency
    if currency != settlement.currency:
        raise RefusedError(_("its currency is not its settlement's."))
    amount = minor(record["amount"], currency, mark=mark)
    is_fee = _is_fee(record)
    kind = KINDS.get(record["transaction-type"].lower(), RowKind.OTHER)
    return Row(
        number=record.number,
        raw=record.cells,
        kind=RowKind.FEE if is_fee and kind == RowKind.OTHER else kind,
        currency=currency,
        gross=0 if is_fee else amount,
        fee=-amount if is_fee else 0,
        external_id=record["order-item-code"] or record["adjustment-id"],
        reference=record["order-id"],
        category=record["amount-description"] or record["transaction-type"],
        batch=record["settlement-id"],
        paid=-amount if kind == RowKind.PAYOUT else 0,
        happened_at=moment(record["posted-date-time"] or record["posted-date"]),
    )


def _is_fee(record: Record) -> bool:
    """Say whether an amount is Amazon's charge; prices, promotions and withheld tax never are."""
    kind = record["amount-type"].lower().replace(" ", "")
    if kind in PRICES:
        return False
    words = f"{kind} {record['transaction-type']} {record['amount-description']}".lower()
    return "fee" in words or kind == "costofadvertising"


def decimal_mark(amounts: Sequence[str]) -> str:
    """Return the one decimal mark of all amounts; refuse a file that has two.

    The last point or comma of an amount is its mark where two digits or fewer follow; three may be
    grouping, and count only where nothing else speaks.
    """
    sure, maybe = set(), set()
    for amount in amounts:
        marks = re.findall("[.,]", amount)
        if not marks:
            continue
        tail = len(amount.strip()) - 1 - max(amount.strip().rfind("."), amount.strip().rfind(","))
        if len(set(marks)) == 2 or (tail != 3 and len(marks) == 1):
            sure.add(marks[-1])
        else:
            maybe.add(marks[-1])
    if len(sure) > 1 or (not sure and len(maybe) > 1):
        raise RefusedError(_("The amounts have two decimal marks, point and comma."))
    return (sure or maybe or {"."}).pop()


FORMATS = (
    Format(
        "amazon-v2",
        gettext_lazy("Amazon: settlement report V2"),
        read,
        has_columns(*NEEDED, encodings=ENCODINGS),
    ),
)
