"""Invoices and credit notes: once each, gapless, right to the cent."""

from decimal import Decimal

import pytest

from finance.models import CreditNote, DocumentSeries, Invoice, InvoiceLine
from finance.services.commands import OpenRefund, RefundResult
from finance.services.invoices import issue_credit_notes, issue_invoices
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal


def refund(order, amount: str, kind: str = "LINE") -> None:
    ids = open_refunds([OpenRefund(order.pk, kind, EUR(amount))], now=DELIVERED).created[0]
    send_refunds(ids, now=DELIVERED)
    record_refund_results([RefundResult(pk, "SUCCEEDED") for pk in ids], now=DELIVERED)


def test_delivered_orders_are_invoiced_once(sold, drain):
    orders = [sold("1"), sold("2")]
    drain()
    assert issue_invoices([o.pk for o in orders], now=DELIVERED) == []
    first = Invoice.objects.get(order=orders[0])
    assert (first.number, first.net_amount, first.tax_amount, first.gross_amount) == (
        "IN-00000001",
        EUR("110.00"),
        EUR("20.90"),
        EUR("130.90"),
    )
    lines = InvoiceLine.objects.filter(invoice_id=first.pk).order_by("position")
    assert list(lines.values_list("position", "gross_amount", "tax_amount")) == [
        (1, EUR("119.00"), EUR("19.00")),
        (2, EUR("11.90"), EUR("1.90")),
    ]
    assert DocumentSeries.objects.get(code="INVOICE").last_number == 2


def test_undelivered_orders_are_not_invoiced(place):
    assert issue_invoices([place().pk], now=DELIVERED) == []
    assert DocumentSeries.objects.get(code="INVOICE").last_number == 0


def test_refunds_leave_credit_notes(sold, drain):
    order = sold()
    drain()
    for amount in ("33.33", "44.44", "53.13"):
        refund(order, amount)
        drain()
    assert issue_credit_notes([order.pk], now=DELIVERED) == []
    rows = CreditNote.objects.order_by("sequence").values_list("number", "gross_amount")
    assert list(rows) == [
        ("CN-00000001", EUR("33.33")),
        ("CN-00000002", EUR("44.44")),
        ("CN-00000003", EUR("53.13")),
    ]
    assert sum(CreditNote.objects.values_list("tax_amount", flat=True)) == EUR("20.90")
    assert Invoice.objects.get().credited_amount == EUR("130.90")


def test_a_refund_before_the_invoice_is_credited_with_it(sold, drain):
    order = sold()
    refund(order, "30.90")
    drain()
    assert CreditNote.objects.get().gross_amount == EUR("30.90")


def test_several_refunds_are_credited_at_once(sold):
    order = sold()
    refund(order, "10.01")
    refund(order, "10.02", "GOODWILL")
    issue_invoices([order.pk], now=DELIVERED)
    assert len(issue_credit_notes([order.pk], now=DELIVERED)) == 2
    assert Invoice.objects.get().credited_amount == EUR("20.03")


def test_beyond_the_price_there_is_no_credit_note(place, pay, deliver_order, drain):
    order = place()
    pay(order, amount=EUR("30.00"))
    deliver_order(order)
    drain()
    refund(order, "6.20", "OVERPAYMENT")
    refund(order, "23.80", "GOODWILL")
    drain()
    assert [n.gross_amount for n in CreditNote.objects.all()] == [EUR("23.80")]
