"""Shopify Payments: the payouts export and the transactions export.

A payout's parts come to its total, a transaction's amount less its fee is its net. What failed or
was called off is paid again by a later payout, as its retried amount, and counts there.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from finance.settlement_files.amounts import currency_of, minor, moment, shown
from finance.settlement_files.base import (
    Format,
    Reading,
    RefusedError,
    Row,
    RowKind,
    changed_places,
)
from finance.settlement_files.text import (
    Record,
    decode,
    has_columns,
    read_rows,
    read_table,
    refuse_repeats,
    whole,
)

PAYOUTS = (
    "payout date",
    "status",
    "charges",
    "refunds",
    "adjustments",
    "fees",
    "total",
    "currency",
)
# What a payout may be made of, besides its fees; older exports have fewer.
PARTS = (
    *("charges", "refunds", "adjustments", "marketplace sales tax", "advances", "reserved funds"),
    *("retried amount", "chargebacks", "credits", "shop cash credits", "reserves"),
)
UNPAID = ("failed", "canceled", "cancelled")
TRANSACTIONS = ("transaction date", "type", "amount", "fee", "net", "currency")
KINDS = {
    "charge": RowKind.PAYMENT,
    "refund": RowKind.REFUND,
    "dispute": RowKind.CHARGEBACK,
    "chargeback": RowKind.CHARGEBACK,
    "payout": RowKind.PAYOUT,
}


def read_payouts(content: bytes) -> Reading:
    """Read the payouts export."""
    table = read_table(decode(content, "utf-8"), PAYOUTS)
    rows = read_rows(table.records, _payout)
    return Reading(rows, bool(rows), refuse_repeats(table.records, whole))


def _payout(record: Record) -> Row:
    currency = currency_of(record["currency"])
    gross = sum(minor(record[part] or "0", currency) for part in PARTS)
    fee = -minor(record["fees"] or "0", currency)
    total = minor(record["total"], currency)
    if gross - fee != total:
        raise RefusedError(
            _("the total is %(total)s, its parts come to %(sum)s.")
            % {"total": shown(total, currency), "sum": shown(gross - fee, currency)}
        )
    return Row(
        number=record.number,
        raw=record.cells,
        kind=RowKind.PAYOUT if record["status"].lower() in UNPAID else RowKind.OTHER,
        currency=currency,
        gross=gross,
        fee=fee,
        external_id=record["bank reference"],
        category=record["status"].lower(),
        batch=record["payout date"],
        paid=total if record["status"].lower() == "paid" else 0,
        happened_at=moment(record["payout date"]),
    )


def read_transactions(content: bytes) -> Reading:
    """Read the transactions export."""
    table = read_table(decode(content, "utf-8"), TRANSACTIONS)
    rows = read_rows(table.records, _transaction)
    problems = [*refuse_repeats(table.records, whole), *changed_places(rows)]
    return Reading(rows, bool(rows), problems)


def _transaction(record: Record) -> Row:
    currency = currency_of(record["currency"])
    gross, net = minor(record["amount"], currency), minor(record["net"], currency)
    fee, tax = minor(record["fee"] or "0", currency), minor(record["vat"] or "0", currency)
    # The tax on a fee stands beside it; whether the fee has it already depends on the country. Some
    # exports write the fee as what is taken off, with a minus.
    if gross - net not in (fee, fee + tax, -fee):
        raise RefusedError(
            _("net is %(net)s, gross less fee is %(is)s.")
            % {"net": shown(net, currency), "is": shown(gross - fee, currency)}
        )
    return Row(
        number=record.number,
        raw=record.cells,
        kind=KINDS.get(record["type"].lower(), RowKind.OTHER),
        currency=currency,
        gross=gross,
        fee=gross - net,
        external_id=record["checkout"],
        reference=record["order"],
        payment_reference=record["checkout"],
        category=record["type"].lower(),
        batch=record["payout id"],
        paid=-net if record["type"].lower() == "payout" else 0,
        happened_at=moment(record["transaction date"]),
    )


FORMATS = (
    Format(
        "shopify-payouts", gettext_lazy("Shopify: payouts"), read_payouts, has_columns(*PAYOUTS)
    ),
    Format(
        "shopify-transactions",
        gettext_lazy("Shopify: transactions"),
        read_transactions,
        has_columns(*TRANSACTIONS, "payout status"),
    ),
)
