"""A seller's statement on paper, with the order behind every figure."""

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from finance.models import SellerStatement
from finance.papers.parties import sender, spoken
from finance.papers.sheet import Amount, Grid, Sheet, shown, write_pdf
from finance.selectors.statements import statement_entries


def statement_pdf(statement: SellerStatement) -> bytes:
    """Return a statement as PDF, in the seller's language."""
    with spoken(statement.seller.language):
        return write_pdf(statement_sheet(statement))


def statement_sheet(statement: SellerStatement) -> Sheet:
    """Return what a statement says, in the language that is spoken now."""
    currency = statement.currency
    sums = [
        (_("Opening balance"), statement.opening_amount),
        (_("Sales"), statement.sales_amount),
        (_("Refunds"), statement.refunds_amount),
        (_("Payouts"), statement.payouts_amount),
        (_("Other"), statement.other_amount),
        (_("Reserve held"), -statement.held_amount),
        (_("Reserve released"), statement.released_amount),
    ]
    entries = [
        (
            entry.day.isoformat(),
            entry.label,
            entry.reference,
            *(Amount(a, currency) for a in (entry.gross, entry.tax, entry.charges)),
            Amount(entry.amount, currency),
        )
        for entry in statement_entries(statement.pk)
    ]
    head = [_("Date"), _("What"), _("Order or payout"), _("Gross"), _("Tax"), _("Charges")]
    return Sheet(
        _("Statement %s") % statement.number,
        sender(),
        [statement.seller.name, statement.seller.code],
        [
            (
                _("Period"),
                f"{date_format(statement.starts_on)} – {date_format(statement.ends_on)}",
            ),
            (_("Currency"), currency),
            (_("Closing balance"), f"{shown(statement.closing_amount, currency)} {currency}"),
        ],
        [
            Grid(
                _("Summary"),
                ["", _("Amount")],
                [(name, Amount(value, currency)) for name, value in sums],
                [3, 1],
                (_("Closing balance"), Amount(statement.closing_amount, currency)),
            ),
            Grid(
                _("Every entry"),
                [*head, _("Amount")],
                entries,
                [11, 16, 17, 12, 11, 11, 12],
                ("", _("Together"), "", "", "", "", Amount(_moved(statement), currency)),
            ),
        ],
        [_("Amounts are in your favour; what is charged or given back is negative.")],
    )


def _moved(statement: SellerStatement) -> Any:
    return statement.closing_amount - statement.opening_amount
