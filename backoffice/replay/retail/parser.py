"""Reads the UCI Online Retail file: invoices of a British gift shop; pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from backoffice.replay.facts import SourceFact, Stage

ZONE = ZoneInfo("Europe/London")
SHIPPING = {"POST", "DOT", "C2"}
COUNTRIES = {
    "United Kingdom": "GB",
    "France": "FR",
    "Australia": "AU",
    "Netherlands": "NL",
    "Germany": "DE",
    "Norway": "NO",
    "EIRE": "IE",
    "Switzerland": "CH",
    "Spain": "ES",
    "Poland": "PL",
    "Portugal": "PT",
    "Italy": "IT",
    "Belgium": "BE",
    "Lithuania": "LT",
    "Japan": "JP",
    "Iceland": "IS",
    "Channel Islands": "JE",
    "Denmark": "DK",
    "Cyprus": "CY",
    "Sweden": "SE",
    "Austria": "AT",
    "Israel": "IL",
    "Finland": "FI",
    "Bahrain": "BH",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Singapore": "SG",
    "Lebanon": "LB",
    "United Arab Emirates": "AE",
    "Saudi Arabia": "SA",
    "Czech Republic": "CZ",
    "Canada": "CA",
    "Brazil": "BR",
    "USA": "US",
    "RSA": "ZA",
    "Malta": "MT",
}
# ISO 3166 keeps ZZ for users: a country that the file does not name.
NOWHERE = "ZZ"

Row = dict[str, Any]
# Rows that are Python objects at a time; the rest stays in columns, a tenth of their size.
BATCH = 10_000


class MissingReaderError(RuntimeError):
    """Parquet needs pyarrow, which only the development set installs."""


def read_rows(path: Path) -> Iterator[Row]:
    """Read the file's rows with their `number` in it, those of an invoice together."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingReaderError("Install pyarrow to read Parquet, or give a CSV.") from error
    table = pyarrow.parquet.read_table(path)
    table = table.append_column("number", pyarrow.array(range(1, table.num_rows + 1)))
    table = table.sort_by([("InvoiceNo", "ascending"), ("number", "ascending")])
    for batch in table.to_batches(max_chunksize=BATCH):
        yield from batch.to_pylist()


def instant(local: datetime) -> datetime:
    """Return an invoice's local time as an instant."""
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def facts(rows: Iterable[Row]) -> Iterator[SourceFact]:
    """Return what the invoices say; an invoice is ordered, paid, sent and received in one moment.

    The file knows one time an invoice; invoices that begin with C give goods back.
    """
    for invoice, lines in groupby(rows, key=lambda row: row["InvoiceNo"]):
        if invoice.startswith("C"):
            yield from _returns(invoice, lines)
        else:
            yield from _sale(invoice, list(lines))


def _sale(invoice: str, lines: list[Row]) -> Iterator[SourceFact]:
    at = instant(lines[0]["InvoiceDate"])
    good = []
    for row in lines:
        refusal = _refusal(invoice, row)
        if refusal:
            key, body = f"{invoice}#{row['number']}", {"row": _plain(row)}
            yield SourceFact(Stage.PLACE, key, invoice, at, body, refusal)
        else:
            good.append(_plain(row))
    if good:
        yield SourceFact(Stage.PLACE, invoice, invoice, at, {"rows": good})
        for stage in (Stage.PAY, Stage.HAND_OVER, Stage.DELIVER):
            yield SourceFact(stage, invoice, invoice, at)


def _refusal(invoice: str, row: Row) -> str:
    if not invoice.isdecimal():
        return "invoice number of an adjustment, not of a sale"
    if row["Quantity"] <= 0:
        return "negative quantity on an invoice that is no return"
    if row["UnitPrice"] < 0:
        return "negative price"
    if not row["UnitPrice"] and row["CustomerID"] is None:
        return "stock correction without price and customer"
    return ""


def _returns(invoice: str, lines: Iterable[Row]) -> Iterator[SourceFact]:
    for row in lines:
        refusal = ""
        if row["CustomerID"] is None:
            refusal = "return without a customer"
        elif row["Quantity"] >= 0:
            refusal = "return without a quantity"
        at = instant(row["InvoiceDate"])
        body = {"row": _plain(row)}
        key = f"{invoice}#{row['number']}"
        yield SourceFact(Stage.RETURN, key, invoice, at, body, refusal)


def _plain(row: Row) -> dict[str, Any]:
    customer = row["CustomerID"]
    return {
        "sku": row["StockCode"].strip().upper(),
        "description": (row["Description"] or "").strip(),
        "quantity": row["Quantity"],
        "price": str(Decimal(str(row["UnitPrice"]))),
        "customer": str(int(customer)) if customer is not None else "",
        "country": COUNTRIES.get(row["Country"], NOWHERE),
    }
