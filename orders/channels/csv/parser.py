"""Orders as a plain CSV: one row per line, the order's columns repeated; pure.

Columns: `order,placed_at,currency,customer,name,email,language,recipient,line1,line2,city,region,
postal_code,country,phone,sku,kind,quantity,unit_price,tax_rate,total`, what else may be given of an
order, and, for a replay of the past, `paid_at,shipped_at,delivered_at,cancelled_at`. Only `order,
placed_at, country, sku, quantity` are needed; names count, not positions.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from orders.channels.adapter import Message, Told
from orders.choices import LineKind
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder
from orders.services.given import OPTIONAL, read_given

NEEDED = ("order", "placed_at", "country", "sku", "quantity")
MOMENTS = ("paid_at", "shipped_at", "delivered_at", "cancelled_at")
KNOWN = (
    *NEEDED,
    *("currency", "customer", "name", "email", "language", "recipient", "line1", "line2", "city"),
    *("region", "postal_code", "phone", "kind", "unit_price", "tax_rate", "total"),
    *OPTIONAL,
    *MOMENTS,
)

Row = Mapping[str, str]


class ColumnsError(ValueError):
    """The header lacks a needed column or has an unknown one."""


@dataclass(slots=True)
class ParsedOrder:
    """One order of the file with the numbers of its rows, or the reasons why it is refused."""

    key: str
    rows: list[int]
    command: PlaceOrder | None = None
    moments: dict[str, datetime] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


def parse_orders(lines: Iterable[str], *, channel: str) -> Iterator[ParsedOrder]:
    """Read a file; rows of one order stand together or apart."""
    reader = csv.DictReader(lines)
    header = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in KNOWN]
    if missing or unknown:
        raise ColumnsError(
            f"Missing columns: {', '.join(missing) or 'none'}; unknown columns:"
            f" {', '.join(unknown) or 'none'}. Known are {', '.join(KNOWN)}."
        )
    reader.fieldnames = header
    groups: dict[str, list[tuple[int, Row]]] = {}
    for number, row in enumerate(reader, 2):
        values = {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}
        groups.setdefault(values["order"], []).append((number, values))
    for key, rows in groups.items():
        yield parse_order(key, rows, channel=channel)


def parse_told(lines: Iterable[str], message: Message) -> list[Told]:
    """Read a pushed file; the later file counts, since rows have no time of their last change."""
    return [
        Told(
            order.key[:120],
            message.received_at,
            order.command,
            problem="" if order.command else " ".join(order.reasons)[:300],
        )
        for order in parse_orders(lines, channel=message.channel)
        if order.key
    ]


def parse_order(key: str, rows: Sequence[tuple[int, Row]], *, channel: str) -> ParsedOrder:
    """Read the rows of one order, each with its number in the file."""
    parsed = ParsedOrder(key, [number for number, _ in rows])
    first = rows[0][1]
    if not key:
        parsed.reasons.append("The column order is empty.")
    placed_at = _moment(parsed, first, "placed_at", needed=True)
    for name in MOMENTS:
        moment = _moment(parsed, first, name)
        if moment:
            parsed.moments[name] = moment
    total = _decimal(parsed, rows[0], "total")
    given = {name: _given(parsed, first, name) for name in OPTIONAL if first.get(name)}
    lines = [_line(parsed, row) for row in rows]
    if parsed.reasons or placed_at is None:
        return parsed
    parsed.command = PlaceOrder(
        channel=channel,
        external_id=key,
        placed_at=placed_at,
        currency=first.get("currency", ""),
        total=total,
        **given,
        customer=CustomerData(
            external_id=first.get("customer") or first.get("email") or f"order {key}",
            name=first.get("name", ""),
            email=first.get("email", ""),
            phone=first.get("phone", ""),
            language=first.get("language") or "en",
        ),
        ship_to=AddressData(
            recipient=first.get("recipient") or first.get("name", ""),
            **{
                name: first.get(name, "")
                for name in ("line1", "line2", "city", "region", "postal_code", "country", "phone")
            },
        ),
        lines=lines,
    )
    return parsed


def _line(parsed: ParsedOrder, row: tuple[int, Row]) -> LineData:
    number, values = row
    quantity = values.get("quantity", "")
    if not quantity.isdecimal():
        parsed.reasons.append(f"Row {number}: quantity {quantity!r} is no whole number.")
        quantity = "1"
    return LineData(
        quantity=int(quantity),
        sku=values.get("sku", ""),
        kind=values.get("kind") or LineKind.ITEM,
        unit_price=_decimal(parsed, row, "unit_price"),
        tax_rate=_decimal(parsed, row, "tax_rate"),
    )


def _decimal(parsed: ParsedOrder, row: tuple[int, Row], name: str) -> Decimal | None:
    number, values = row
    text = values.get(name, "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value.as_tuple().exponent < -5:  # type: ignore[operator]
        parsed.reasons.append(f"Row {number}: {name} {text!r} is no amount like 12.34.")
        return None
    return value


def _given(parsed: ParsedOrder, values: Row, name: str) -> Any:
    try:
        return read_given(name, values[name])
    except ValidationError as error:
        parsed.reasons.append(f"{name} {values[name]!r}: {' '.join(error.messages)}")
        return None


def _moment(
    parsed: ParsedOrder, values: Row, name: str, *, needed: bool = False
) -> datetime | None:
    text = values.get(name, "")
    if not text and not needed:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        parsed.reasons.append(
            f"{name} {text!r} is no ISO 8601 time like 2026-01-31T12:00:00+01:00."
        )
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
