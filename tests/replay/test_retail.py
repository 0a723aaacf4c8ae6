from datetime import UTC, datetime

import pyarrow
import pyarrow.parquet
import pytest
from django.core.management import call_command

from backoffice.core.models import Event, InboundMessage, OutboundMessage
from backoffice.replay.facts import Stage
from backoffice.replay.retail.parser import facts, read_rows
from orders.models import Order, OrderLine

NAMES = "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country".split()
DAY = datetime(2011, 7, 1, 12)
# Bought twice; three of four given back; more than was bought; never bought; a fee; adjustments.
ROWS = [
    ("5001", "a ", "Mug", 2, DAY, 1.5, 7.0, "France"),
    ("5001", "POST", "Postage", 1, DAY, 18.0, 7.0, "France"),
    ("5002", "A", "Mug", 2, DAY.replace(day=5), 1.5, 7.0, "France"),
    ("5002", "B", None, 1, DAY.replace(day=5), 0.0, None, "Utopia"),
    ("C5003", "A", "Mug", -3, DAY.replace(day=9), 1.5, 7.0, "France"),
    ("C5004", "A", "Mug", -3, DAY.replace(day=10), 1.5, 7.0, "France"),
    ("C5005", "B", None, -1, DAY.replace(day=11), 2.0, 7.0, "France"),
    ("C5006", "A", "Mug", -1, DAY.replace(day=11), 1.5, None, "France"),
    ("A5007", "A", "Adjust bad debt", 1, DAY, -9.0, None, "France"),
    ("5001", "A", "Mug", 1, DAY, 1.5, 7.0, "France"),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "retail.parquet"
    columns = {name: [row[n] for row in ROWS] for n, name in enumerate(NAMES)}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_every_line_is_sold_returned_or_refused(file):
    found = list(facts(read_rows(file)))

    sales = [f for f in found if f.stage is Stage.PLACE and not f.refusal]
    # An invoice that goes on further down is one order; the time is London's.
    assert [(f.order, [r["quantity"] for r in f.body["rows"]]) for f in sales] == [
        ("5001", [2, 1, 1]),
        ("5002", [2]),
    ]
    assert sales[0].at == datetime(2011, 7, 1, 11, tzinfo=UTC)
    single = [f for f in found if "row" in f.body]
    assert {f.external_id: f.refusal for f in single} == {
        "5002#4": "stock correction without price and customer",
        "A5007#9": "invoice number of an adjustment, not of a sale",
        "C5003#5": "",
        "C5004#6": "",
        "C5005#7": "",
        "C5006#8": "return without a customer",
    }
    assert sum(len(f.body["rows"]) for f in sales) + len(single) == len(ROWS)


def counts():
    return [m.objects.count() for m in (Order, OrderLine, Event, InboundMessage)]


def test_invoices_become_orders_and_returns_once(actor, file, proven, capsys):
    call_command("import_orders", file)
    first = counts()
    call_command("import_orders", file)

    assert counts() == first
    assert capsys.readouterr().out.count("New rows: none") == 1
    assert Order.objects.filter(origin="IMPORT", status="COMPLETED").count() == 2
    # Newest first: two of the second purchase, one of the first, then what is left of it.
    returned = OrderLine.objects.filter(sku__code="A").order_by("order__external_id", "position")
    assert list(returned.values_list("quantity", "returned")) == [(2, 2), (1, 1), (2, 2)]
    refused = InboundMessage.objects.filter(source="retail.return", status="REFUSED")
    assert dict(refused.values_list("external_id", "reason")) == {
        "C5004#6": "some of its units find no earlier sale to this customer",
        "C5005#7": "no earlier sale of it to this customer",
        "C5006#8": "return without a customer",
    }
    assert not Event.objects.exclude(origin="IMPORT").exists()
    assert not OutboundMessage.objects.exists()
