"""Reads the UCI Online Retail file: invoices of a British gift shop; pure."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
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


class MissingReaderError(RuntimeError):
    """Parquet needs pyarrow, which only the development set installs."""


def read_rows(path: Path) -> list[Row]:
    """Read the file's rows."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingReaderError("Install pyarrow to read Parquet, or give a CSV.") from error
    return pyarrow.parquet.read_table(path).to_pylist()


def instant(local: datetime) -> datetime:
    """Return an invoice's local time as an instant."""
    return local.replace(tzinfo=ZONE).astimezone(UTC)


def facts(rows: list[Row]) -> Iterator[SourceFact]:
    """Return what the invoices say; an invoice is ordered, paid, sent and received in one moment.

    The file knows one time an invoice; invoices that begin with C give goods back.
    """
    invoices: dict[str, list[tuple[int, Row]]] = {}
    for number, row in enumerate(rows, 1):
        invoices.setdefault(row["InvoiceNo"], []).append((number, row))
    for invoice, lines in invoices.items():
        if invoice.startswith("C"):
            yield from _returns(invoice, lines)
        else:
            yield from _sale(invoice, lines)


def _sale(invoice: str, lines: list[tuple[int, Row]]) -> Iterator[SourceFact]:
    at = instant(lines[0][1]["InvoiceDate"])
    good = []
    for number, row in lines:
        refusal = _refusal(invoice, row)
        if refusal:
            body = {"row": _plain(row)}
            yield SourceFact(Stage.PLACE, f"{invoice}#{number}", invoice, at, body, refusal)
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


def _returns(invoice: str, lines: list[tuple[int, Row]]) -> Iterator[SourceFact]:
    for number, row in lines:
        refusal = ""
        if row["CustomerID"] is None:
            refusal = "return without a customer"
        elif row["Quantity"] >= 0:
            refusal = "return without a quantity"
        at = instant(row["InvoiceDate"])
        body = {"row": _plain(row)}
        yield SourceFact(Stage.RETURN, f"{invoice}#{number}", invoice, at, body, refusal)


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
