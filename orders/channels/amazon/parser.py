"""Reads Amazon's order reports: one tab-separated row per item; pure.

`item-price`, `shipping-price` and the promotions are amounts of the whole row, not of a unit. Where
prices include tax they contain it, else the tax stands beside them (option of the sales channel).
Encodings differ by marketplace; what is not UTF-8 is in the connection's `encoding`.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from orders.channels.adapter import Message, Told
from orders.channels.reading import NOTHING, address, decimal, discounts, read_one, utc, whole
from orders.choices import LineKind
from orders.services.commands import CustomerData, LineData, PlaceOrder

NEEDED = ("order-id", "order-item-id", "purchase-date", "sku", "quantity-purchased", "item-price")
NAMES = {
    "recipient": "recipient-name",
    "line1": "ship-address-1",
    "line2": "ship-address-2",
    "district": "ship-address-3",
    "city": "ship-city",
    "region": "ship-state",
    "postal_code": "ship-postal-code",
    "country": "ship-country",
    "phone": "ship-phone-number",
}
# Europe and America, Japan, China.
ENCODINGS = ("cp1252", "cp932", "gb18030")
Row = Mapping[str, str]


def decode(body: bytes, encoding: str) -> str:
    """Return a report's text: UTF-8 where it is, else in the marketplace's encoding."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode(encoding)


def option_problems(options: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a connection's options."""
    if options.get("encoding", "cp1252") in ENCODINGS and not set(options) - {"encoding"}:
        return []
    return [_("The only option is “encoding”: %(all)s.") % {"all": ", ".join(ENCODINGS)}]


def parse_report(message: Message) -> list[Told]:
    """Read a report; ValueError for a file that is none. The later report counts."""
    reader = csv.DictReader(
        message.body.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE, restval=""
    )
    missing = [name for name in NEEDED if name not in (reader.fieldnames or [])]
    if missing:
        raise ValueError(f"This is no order report of Amazon: it lacks {', '.join(missing)}.")
    orders: dict[str, list[Row]] = {}
    for row in reader:
        values = {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}
        if values["order-id"]:
            orders.setdefault(values["order-id"][:120], []).append(values)
    return [_told(key, rows, message) for key, rows in orders.items()]


def _told(key: str, rows: Sequence[Row], message: Message) -> Told:
    at = message.received_at
    return read_one(key, at, lambda: _order(key, rows, message, at))


def _order(key: str, rows: Sequence[Row], message: Message, at: datetime) -> Told:
    first = rows[0]
    buyer = first.get("buyer-email", "")
    command = PlaceOrder(
        channel=message.channel,
        external_id=key,
        placed_at=utc(first["purchase-date"]),
        customer=CustomerData(
            buyer or f"order {key}",
            first.get("buyer-name", "")[:200],
            buyer[:254],
            first.get("buyer-phone-number", "")[:40],
        ),
        ship_to=address(first, **NAMES),
        lines=list(_lines(rows, includes_tax=message.prices_include_tax)),
        currency=first.get("currency", ""),
    )
    # What is in a report is paid.
    return Told(key, at, command, reference=key[:60], paid=_paid(rows, message))


def _paid(rows: Sequence[Row], message: Message) -> Decimal:
    plus = ["item-price", "shipping-price"]
    plus += [] if message.prices_include_tax else ["item-tax", "shipping-tax"]
    minus = ("item-promotion-discount", "ship-promotion-discount")
    kept = [row for row in rows if whole(row["quantity-purchased"]) > 0]
    return sum((_amount(row, name) for row in kept for name in plus), NOTHING) - sum(
        (abs(_amount(row, name)) for row in kept for name in minus), NOTHING
    )


def _lines(rows: Sequence[Row], *, includes_tax: bool) -> Iterator[LineData]:
    off: list[tuple[Decimal, Decimal]] = []
    shipping: dict[Decimal, Decimal] = {}
    for row in rows:
        units = whole(row["quantity-purchased"], "quantity-purchased")
        if units <= 0:
            # Amazon keeps a cancelled item with no units.
            continue
        amount = decimal(row["item-price"], "item-price")
        rate = _rate(amount, _amount(row, "item-tax"), includes_tax=includes_tax)
        yield LineData(
            units,
            row["sku"][:80],
            LineKind.ITEM,
            round(amount / units, 4),
            rate,
            row.get("product-name", "")[:300],
            row["order-item-id"][:120],
        )
        off.append((rate, abs(_amount(row, "item-promotion-discount"))))
        cost = _amount(row, "shipping-price")
        if cost:
            share = _rate(cost, _amount(row, "shipping-tax"), includes_tax=includes_tax)
            shipping[share] = shipping.get(share, NOTHING) + cost
            off.append((share, abs(_amount(row, "ship-promotion-discount"))))
    for rate, cost in sorted(shipping.items()):
        yield LineData(1, "", LineKind.SHIPPING, cost, rate, "Shipping", "shipping")
    yield from discounts(off, "Promotion")


def _amount(row: Row, name: str) -> Decimal:
    return decimal(row[name], name) if row.get(name) else NOTHING


def _rate(amount: Decimal, tax: Decimal, *, includes_tax: bool) -> Decimal:
    net = amount - tax if includes_tax else amount
    return round(tax / net, 5) if tax and net else NOTHING
