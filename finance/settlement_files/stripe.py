"""Stripe: the itemised payout reconciliation, and balance transactions as CSV or JSON.

Reports and the dashboard's export are in major units, the interface's JSON in the smallest ones.
Net is gross less fee in every row; the items of a payout come to its amount.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import (
    currency_of,
    digits_of,
    minor,
    moment,
    scaled,
    shown,
)
from finance.settlement_files.base import (
    Format,
    Reading,
    RefusedError,
    Row,
    RowKind,
    WrongFormatError,
    changed_places,
)
from finance.settlement_files.text import (
    Record,
    Table,
    column_name,
    decode,
    read_rows,
    read_table,
    refuse_repeats,
    whole,
)

KINDS = {
    "charge": RowKind.PAYMENT,
    "payment": RowKind.PAYMENT,
    "refund": RowKind.REFUND,
    "payment_refund": RowKind.REFUND,
    "refund_failure": RowKind.REFUND,
    "dispute": RowKind.CHARGEBACK,
    "dispute_reversal": RowKind.CHARGEBACK,
    "fee": RowKind.FEE,
    "stripe_fee": RowKind.FEE,
    **dict.fromkeys(
        ("payout", "payout_reversal", "payout_cancel", "payout_failure"), RowKind.PAYOUT
    ),
}
PAYOUT = ("balance_transaction_id", "automatic_payout_id", "currency", "gross", "fee", "net")
# The interface counts these otherwise than ISO 4217 does.
JSON_DIGITS = {"ISK": 2, "UGX": 2, "MGA": 0}
TRANSACTION = "balance_transaction"
ACTIVITY = ("gross", "fee", "net", "currency")
DASHBOARD = ("amount", "fee", "net", "currency")


def read_payout(content: bytes) -> Reading:
    """Read an itemised payout reconciliation."""
    table = read_table(decode(content, "utf-8"), [*PAYOUT, "reporting_category"])
    rows, problems = _read(table)
    return Reading(rows, bool(rows), [*problems, *changed_places(rows), *_unpaid(rows)])


def read_balance(content: bytes) -> Reading:
    """Read balance transactions."""
    text = decode(content, "utf-8")
    if text.lstrip()[:1] in ("{", "["):
        rows, problems = _read_json(text)
    else:
        names = [column_name(n) for n in (text.lstrip().splitlines() or [""])[0].split(",")]
        needed = DASHBOARD if "amount" in names and "gross" not in names else ACTIVITY
        rows, problems = _read(read_table(text, needed))
    return Reading(rows, bool(rows), [*problems, *changed_places(rows)])


def _read(table: Table) -> tuple[list[Row], list[str]]:
    gross = table.first("gross", "amount")
    key = table.first("balance_transaction_id", "balance transaction id", "id")
    category = table.first("reporting_category", "reporting category", "type")
    if not key or not category:
        raise WrongFormatError(_("This is no such file: it lacks an id or a category of its rows."))
    source = table.first("source_id", "source")
    order = table.first("payment_metadata[order_number]", "payment_metadata[order_id]")
    payment = table.first("payment_intent_id", "charge_id")
    utc, local = table.first("created_utc", "created (utc)"), table.first("created")
    payout = table.first("automatic_payout_id", "payout_id", "transfer")

    def read(record: Record) -> Row:
        currency = currency_of(record["currency"])
        kind = KINDS.get(record[category].strip().lower(), RowKind.OTHER)
        if not record[category] or (record[source].startswith("po_") and kind != RowKind.PAYOUT):
            raise RefusedError(_("“%s” is no category of its source.") % record[category][:30])
        row = Row(
            number=record.number,
            raw=record.cells,
            kind=kind,
            currency=currency,
            gross=minor(record[gross], currency),
            fee=minor(record["fee"] or "0", currency),
            external_id=record[key],
            reference=record[order] if order and record[order] else record[source],
            payment_reference=record[payment] or record[source],
            category=record[category].strip().lower(),
            batch=record[payout],
            happened_at=moment(record[utc or local]),
        )
        return _checked(row, minor(record["net"], currency))

    rows = read_rows(table.records, read)
    return rows, refuse_repeats(table.records, lambda record: record[key] or whole(record))


def _checked(row: Row, net: int) -> Row:
    """Return a row whose net holds; a payout is what it pays, whatever its gross says."""
    if row.kind == RowKind.PAYOUT:
        # Its sign differs between reports: a payout goes to the bank, its reversals come back.
        paid = abs(net) if row.category in ("payout", "transfer") else -abs(net)
        return replace(row, gross=-paid, fee=0, paid=paid)
    if row.net != net:
        raise RefusedError(
            _("net is %(net)s, gross less fee is %(is)s.")
            % {"net": shown(net, row.currency), "is": shown(row.net, row.currency)}
        )
    return row


def _unpaid(rows: Sequence[Row]) -> list[str]:
    """Return a problem for each payout in the file that its items do not come to."""
    items: Counter[tuple[str, str]] = Counter()
    paid: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.batch:
            (paid if row.kind == RowKind.PAYOUT else items)[row.batch, row.currency] += row.net
    return [
        _("Payout %(id)s is %(paid)s, its rows come to %(sum)s.")
        % {
            "id": batch,
            "paid": shown(abs(amount), currency),
            "sum": shown(items[batch, currency], currency),
        }
        for (batch, currency), amount in paid.items()
        # The sign of a payout differs between reports; a reversed one pays nothing.
        if amount and abs(amount) != abs(items[batch, currency])
    ]


def _read_json(text: str) -> tuple[list[Row], list[str]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError(_("The JSON cannot be read: it is cut or damaged.")) from error
    if isinstance(data, dict):
        if data.get("has_more"):
            raise RefusedError(_("has_more is true: the list is not whole."))
        data = data.get("data")
    if not isinstance(data, list) or not all(
        isinstance(item, dict) and item.get("object", TRANSACTION) == TRANSACTION for item in data
    ):
        raise WrongFormatError(_("This is no list of balance transactions."))
    records = [
        Record(number, {str(k): _cell(v) for k, v in item.items()})
        for number, item in enumerate(data, 1)
    ]
    rows = read_rows(records, _json_row)
    return rows, refuse_repeats(records, lambda record: record["id"] or whole(record))


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    # What JSON can write and no text column can hold.
    return text.replace("\x00", "").encode(errors="replace").decode()


def _json_row(record: Record) -> Row:
    currency = currency_of(record["currency"])
    digits = JSON_DIGITS.get(currency, digits_of(currency))
    try:
        gross, fee, net = (
            scaled(int(record[name]), currency, digits=digits) for name in ("amount", "fee", "net")
        )
        created = datetime.fromtimestamp(int(record["created"]), UTC) if record["created"] else None
    except (ValueError, OverflowError, OSError) as error:
        raise RefusedError(_("an amount or the time is no whole number.")) from error
    category = record["reporting_category"] or record["type"]
    row = Row(
        number=record.number,
        raw=record.cells,
        kind=KINDS.get(category, RowKind.OTHER),
        currency=currency,
        gross=gross,
        fee=fee,
        external_id=record["id"],
        reference=record["source"],
        payment_reference=record["source"],
        category=category,
        happened_at=created,
    )
    return _checked(row, net)


def _is_payout(content: bytes) -> bool:
    return _columns(content) >= {*PAYOUT, "reporting_category"}


def _is_balance(content: bytes) -> bool:
    columns = _columns(content)
    if not columns:
        return b'"balance_transaction"' in content[:2000]
    activity = columns >= {*ACTIVITY, "balance_transaction_id", "reporting_category"}
    exported = columns >= {*DASHBOARD, "id", "type", "source"}
    return "automatic_payout_id" not in columns and (activity or exported)


def _columns(content: bytes) -> set[str]:
    try:
        head = (decode(content, "utf-8").lstrip().splitlines() or [""])[0]
    except RefusedError:
        return set()
    return set() if head[:1] in "{[" else {column_name(c) for c in head.replace('"', "").split(",")}


FORMATS = (
    Format("stripe-payout", gettext_lazy("Stripe: payout reconciliation"), read_payout, _is_payout),
    Format(
        "stripe-balance", gettext_lazy("Stripe: balance transactions"), read_balance, _is_balance
    ),
)
