"""Payouts as a plain table, for banks whose pages take CSV."""

from collections.abc import Iterator

from backoffice.core.exports import csv_lines
from backoffice.core.extensions import Text
from finance.payout_files.base import Batch, PayoutFormat

HEADER = "payout,holder,account,bank_code,amount,currency,execute_on,reference".split(",")


def problems(batch: Batch) -> Iterator[tuple[str, Text]]:
    """Yield nothing: a table takes whatever there is."""
    return iter(())


def write(batch: Batch) -> bytes:
    """Return one line per payout."""
    rows = [
        (
            t.reference,
            t.to.name,
            t.to.account,
            t.to.bank,
            t.amount,
            batch.currency,
            batch.execute_on,
            t.text,
        )
        for t in batch.transfers
    ]
    return "".join(csv_lines(HEADER, rows)).encode()


CSV = PayoutFormat("csv", "text/csv", problems, write)
