"""Statements, invoices and credit notes on paper: every order behind every figure."""

import csv
import io
import re
import zlib
from base64 import a85decode
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backoffice.core.models import Company, User
from finance.models import CreditNote, Invoice, SellerStatement
from finance.papers.registry import paper
from finance.papers.sheet import Amount, Grid, Sheet, marked, write_pdf
from finance.selectors.statements import statement_entries
from finance.services.invoices import issue_credit_notes, issue_invoices
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from tests.finance.services.test_payouts import MONDAY, refund
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound", "actor")


FACES = re.compile(rb"/BaseFont /(\S+)(?:(?!endobj).)*?/Name /(F\d+)", re.S)
TOKEN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj|(?:^|\n)([qQ])(?=\n)", re.S)


def text_of(pdf: bytes) -> str:
    """Return what a PDF of ours shows: its streams, strings of both typefaces decoded."""
    song = {name for face, name in FACES.findall(pdf) if face.startswith(b"STSong")}
    found, faces = [], [b""]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        page = zlib.decompress(a85decode(stream.strip().removesuffix(b"~>")))
        for name, raw, state in TOKEN.findall(page):
            if state == b"q":
                faces.append(faces[-1])
            elif state == b"Q":
                faces.pop()
            elif name:
                faces[-1] = name
            else:
                plain = re.sub(rb"\\(\d{3}|.)", _byte, raw, flags=re.S)
                found.append(plain.decode("utf-16-be" if faces[-1] in song else "cp1252"))
    return " ".join(found)


def _byte(escape: re.Match) -> bytes:
    if len(escape[1]) == 3:
        return bytes([int(escape[1], 8)])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(
        escape[1], escape[1]
    )


@pytest.fixture
def statement(sold) -> SellerStatement:
    """A week in which Acme sold twice and gave a part of one order back."""
    orders = [sold("1", DELIVERED), sold("2", DELIVERED)]
    settle_orders([order.pk for order in orders], now=DELIVERED)
    refund(orders[0], "30.00", DELIVERED)
    [pk] = create_statements(now=MONDAY)
    return SellerStatement.objects.get(pk=pk)


def test_every_entry_has_its_order_and_they_add_up(statement):
    entries = list(statement_entries(statement.pk))
    assert [(e.kind, e.gross, e.charges, e.amount) for e in entries] == [
        ("SETTLEMENT", Decimal("119.00"), Decimal("12.40"), Decimal("87.60")),
        ("SETTLEMENT", Decimal("119.00"), Decimal("12.40"), Decimal("87.60")),
        ("REFUND_SHARE", Decimal("-27.27"), Decimal("-2.73"), Decimal("-20.19")),
    ]
    assert all(e.order_number for e in entries)
    assert sum(e.amount for e in entries) == statement.closing_amount - statement.opening_amount


def test_a_statement_is_written_in_the_sellers_language(statement):
    english = text_of(paper(statement))
    entries = list(statement_entries(statement.pk))
    for words in ("Closing balance", "155.01", "Every entry", entries[0].order_number):
        assert words in english, words
    statement.seller.language = "zh-hans"
    statement.seller.name = "杭州青禾"
    with translation.override("en"):
        chinese = text_of(paper(statement))
    assert "杭州青禾" in chinese
    assert "期末余额" in chinese
    assert "155.01" in chinese
    assert "Closing balance" not in chinese
    assert paper(statement) == paper(statement)


def test_an_invoice_and_its_credit_note(sold):
    Company.objects.update(name="Shop GmbH", tax_number="DE123456789")
    order = sold("1", DELIVERED)
    [pk] = issue_invoices([order.pk], now=DELIVERED)
    refund(order, "30.00", DELIVERED)
    [note] = issue_credit_notes([order.pk], now=MONDAY)
    invoice = Invoice.objects.get(pk=pk)
    said = text_of(paper(invoice))
    for words in (invoice.number, "130.90", "110.00", "20.90", "19 %", order.order_number):
        assert words in said, words
    said = text_of(paper(CreditNote.objects.get(pk=note)))
    for words in (invoice.number, "30.00", "4.79"):
        assert words in said, words


def test_staff_take_it_along(statement, client: Client):
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(boss)
    pages = [
        client.get(reverse("admin:finance_sellerstatement_paper", args=[statement.pk, kind]))
        for kind in ("pdf", "csv")
    ]
    assert pages[0].content.startswith(b"%PDF-")
    table = b"".join(pages[1].streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["amount"] for row in rows] == ["87.6000", "87.6000", "-20.1900"]
    assert all(row["order"] for row in rows)


def test_many_rows_go_over_many_pages():
    rows = [(str(n), "青", Amount(Decimal(n), "JPY")) for n in range(300)]
    sheet = Sheet("T", [], [], [("a", "b")], [Grid("G", ["#", "x", "y"], rows, [1, 1, 1])])
    pdf = write_pdf(sheet)
    assert pdf.count(b"/Type /Page\n") > 5
    assert marked("a<青&") == 'a&lt;<font name="STSong-Light">青</font>&amp;'
