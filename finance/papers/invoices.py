"""Invoices and credit notes on paper, in the customer's language."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from finance.models import CreditNote, Invoice
from finance.papers.parties import address_lines, sender, spoken
from finance.papers.sheet import Amount, Grid, Sheet, write_pdf
from finance.selectors.ledger import invoice_lines
from orders.models import Order


def invoice_pdf(invoice: Invoice) -> bytes:
    """Return an invoice as PDF."""
    with spoken(invoice.order.customer.language):
        return write_pdf(invoice_sheet(invoice))


def invoice_sheet(invoice: Invoice) -> Sheet:
    """Return what an invoice says, in the language that is spoken now."""
    currency = invoice.currency
    lines = invoice_lines(invoice.pk)
    rows = [
        (
            str(line.position),
            line.description,
            str(line.quantity),
            f"{(line.tax_rate * 100).normalize():f} %",
            Amount(line.net_amount, currency),
            Amount(line.tax_amount, currency),
            Amount(line.gross_amount, currency),
        )
        for line in lines
    ]
    sums = (invoice.net_amount, invoice.tax_amount, invoice.gross_amount)
    return Sheet(
        _("Invoice %s") % invoice.number,
        sender(),
        _buyer(invoice.order),
        [
            (_("Invoice date"), date_format(invoice.issued_on)),
            (_("Order"), f"{invoice.order.order_number} · {date_format(invoice.order.order_date)}"),
            (_("Currency"), currency),
        ],
        [
            Grid(
                _("Lines"),
                [
                    *("#", _("Description"), _("Quantity"), _("Tax rate"), _("Net"), _("Tax")),
                    _("Gross"),
                ],
                rows,
                [4, 32, 9, 9, 12, 11, 13],
                ("", _("Together"), "", "", *(Amount(value, currency) for value in sums)),
            )
        ],
    )


def credit_note_pdf(note: CreditNote) -> bytes:
    """Return a credit note as PDF."""
    with spoken(note.invoice.order.customer.language):
        return write_pdf(credit_note_sheet(note))


def credit_note_sheet(note: CreditNote) -> Sheet:
    """Return what a credit note says, in the language that is spoken now."""
    currency, invoice = note.currency, note.invoice
    sums = [
        (_("Net"), Amount(note.net_amount, currency)),
        (_("Tax"), Amount(note.tax_amount, currency)),
    ]
    return Sheet(
        _("Credit note %s") % note.number,
        sender(),
        _buyer(invoice.order),
        [
            (_("Date"), date_format(note.issued_on)),
            (_("For invoice"), f"{invoice.number} · {date_format(invoice.issued_on)}"),
            (_("Order"), invoice.order.order_number),
            (_("Reason"), f"{note.refund.get_kind_display()} {note.refund.reason}".strip()),
            (_("Currency"), currency),
        ],
        [
            Grid(
                _("Credited"),
                ["", _("Amount")],
                sums,
                [3, 1],
                (_("Gross"), Amount(note.gross_amount, currency)),
            )
        ],
    )


def _buyer(order: Order) -> list[str]:
    return address_lines(order.bill_to or order.ship_to)
