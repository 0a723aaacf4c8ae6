"""Reads any JSON by a mapping that staff write: pure.

The mapping names, for each of our fields, a path of names with dots into the message; `orders` and
`lines` lead to lists. What is not mapped is looked for under our own name.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.core.reading import UNFIT, load, text
from orders.channels.adapter import Message, Told
from orders.channels.reading import (
    NOTHING,
    address,
    decimal,
    key,
    read_one,
    unknown_options,
    utc,
    whole,
)
from orders.choices import LineKind
from orders.services.commands import CustomerData, LineData, PlaceOrder

ORDER = {
    *("id", "updated_at", "placed_at", "currency", "total", "paid", "status", "reference"),
    *("customer_id", "customer_name", "email", "language", "recipient", "company", "line1"),
    *("line2", "district", "city", "region", "postal_code", "country", "phone"),
}
LINE = {"sku", "quantity", "unit_price", "tax_rate", "kind", "description", "line_id"}
ADDRESS = {
    name: name
    for name in (
        *("recipient", "company", "line1", "line2", "district", "city", "region"),
        *("postal_code", "country", "phone"),
    )
}
CANCELLED = ("cancelled", "canceled")


def mapping_problems(options: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with a mapping."""
    fields = options.get("fields", {})
    lines = options.get("line_fields", {})
    problems = [
        _("%(name)r is no field; there are %(all)s.")
        % {"name": name, "all": ", ".join(sorted(known))}
        for given, known in ((fields, ORDER), (lines, LINE))
        for name in given
        if name not in known
    ]
    unknown = sorted(set(options) - {"orders", "lines", "fields", "line_fields", "cancelled"})
    return problems + unknown_options(unknown)


def at(source: Any, path: str) -> Any:
    """Follow a path into a message; None where it leads nowhere."""
    for name in path.split(".") if path else ():
        if isinstance(source, list) and name.isdecimal() and int(name) < len(source):
            source = source[int(name)]
        elif isinstance(source, dict):
            source = source.get(name)
        else:
            return None
    return source


def parse_message(message: Message) -> list[Told]:
    """Read a message of one order or of many; ValueError where the mapping finds none."""
    data = at(load(message.body), message.options.get("orders", ""))
    found = data if isinstance(data, list) else [data]
    orders = [(one, _values(one, message, "fields", ORDER)) for one in found]
    if not orders or not all(key(values.get("id")) for _one, values in orders):
        raise ValueError("The mapping finds no order with an id in this message.")
    told = []
    for one, values in orders:
        try:
            version = utc(values["updated_at"]) if values.get("updated_at") else None
        except UNFIT as error:
            raise ValueError(f"updated_at is no ISO 8601 time: {error}") from error
        told.append(_read(one, values, version or message.received_at, message))
    return told


def _read(one: Any, values: Mapping[str, Any], version: datetime, message: Message) -> Told:
    return read_one(key(values["id"]), version, lambda: _order(one, values, version, message))


def _values(one: Any, message: Message, option: str, names: set[str]) -> dict[str, Any]:
    paths = message.options.get(option, {})
    return {name: at(one, paths.get(name, name)) for name in names}


def _order(one: Any, values: Mapping[str, Any], version: datetime, message: Message) -> Told:
    external_id = key(values["id"])
    lines = at(one, message.options.get("lines", "lines"))
    if not isinstance(lines, list) or not lines:
        raise ValueError("the mapping finds no lines")
    email = text(values["email"], 254)
    command = PlaceOrder(
        channel=message.channel,
        external_id=external_id,
        placed_at=utc(values["placed_at"] or version.isoformat()),
        customer=CustomerData(
            key(values["customer_id"]) or email or f"order {external_id}",
            text(values["customer_name"] or values["recipient"], 200),
            email,
            text(values["phone"], 40),
            "zh-hans" if text(values["language"], 10).lower().startswith("zh") else "en",
        ),
        ship_to=address(values, **ADDRESS),
        lines=[_line(_values(line, message, "line_fields", LINE)) for line in lines],
        currency=text(values["currency"], 20),
        total=_maybe(values["total"], "total"),
    )
    ends = message.options.get("cancelled", CANCELLED)
    return Told(
        external_id,
        version,
        command,
        reference=text(values["reference"], 60),
        is_cancelled=text(values["status"], 60).lower() in [str(end).lower() for end in ends],
        paid=_maybe(values["paid"], "paid") or NOTHING,
    )


def _maybe(value: Any, name: str) -> Decimal | None:
    return None if value in (None, "") else decimal(value, name)


def _line(values: Mapping[str, Any]) -> LineData:
    return LineData(
        whole(values["quantity"] if values["quantity"] is not None else 1),
        text(values["sku"], 80),
        text(values["kind"], 10).upper() or LineKind.ITEM,
        _maybe(values["unit_price"], "unit_price"),
        _maybe(values["tax_rate"], "tax_rate"),
        text(values["description"], 300),
        key(values["line_id"]),
    )
