"""Reads what WooCommerce says of orders: pure.

Its line totals are net and after discounts; instants `…_gmt` have no zone and are UTC.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from backoffice.core.reading import UNFIT, load, text
from orders.channels.adapter import Message, Refunded, Told
from orders.channels.reading import NOTHING, address, decimal, key, read_one, utc, whole
from orders.choices import LineKind
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder

GONE = {"cancelled", "failed", "trash"}
NAMES = {
    "company": "company",
    "line1": "address_1",
    "line2": "address_2",
    "city": "city",
    "region": "state",
    "postal_code": "postcode",
    "country": "country",
    "phone": "phone",
}


def parse_message(message: Message) -> list[Told]:
    """Read a message by its topic; ValueError for one that is no order."""
    data = load(message.body)
    if not isinstance(data, dict):
        raise ValueError("The message is no object.")
    try:
        if message.headers.get("X-WC-Webhook-Topic") == "order.deleted":
            return [Told(key(data["id"]), message.received_at, is_cancelled=True)]
        external_id, version = key(data["id"]), version_of(data)
    except UNFIT as error:
        raise ValueError(f"This is no order of WooCommerce: {error!r}") from error
    if not external_id:
        raise ValueError("The order has no id.")
    # A checkout that nobody finished is no order yet.
    if data.get("status") == "checkout-draft":
        return []
    return [read_one(external_id, version, lambda: _order(data, message))]


def version_of(data: Mapping[str, Any]) -> datetime:
    """Return when an order was changed last."""
    return utc(data["date_modified_gmt"])


def _order(data: Mapping[str, Any], message: Message) -> Told:
    external_id, total = key(data["id"]), decimal(data["total"], "total")
    billing, shipping = data.get("billing") or {}, data.get("shipping") or {}
    # Without a line the customer gave no other address than the bill-to.
    ship_to = _address(shipping if shipping.get("address_1") else billing)
    email = text(billing.get("email"), 254)
    command = PlaceOrder(
        channel=message.channel,
        external_id=external_id,
        placed_at=utc(data["date_created_gmt"]),
        customer=CustomerData(
            _customer_key(data) or email or f"order {external_id}",
            _name(billing) or ship_to.recipient,
            email,
            text(billing.get("phone"), 40),
        ),
        ship_to=ship_to,
        bill_to=_address(billing),
        lines=list(_lines(data, includes_tax=message.prices_include_tax)),
        currency=text(data.get("currency"), 20),
        total=total,
    )
    refunds = [
        Refunded(key(r["id"]), abs(decimal(r["total"])))
        for r in data.get("refunds") or ()
        if decimal(r["total"])
    ]
    return Told(
        external_id,
        version_of(data),
        command,
        reference=f"#{text(data.get('number'), 59) or external_id}",
        is_cancelled=data.get("status") in GONE,
        paid=total if data.get("date_paid_gmt") else NOTHING,
        refunds=refunds,
    )


def _customer_key(data: Mapping[str, Any]) -> str:
    # Guests all have the id 0.
    return key(data["customer_id"]) if data.get("customer_id") else ""


def _lines(data: Mapping[str, Any], *, includes_tax: bool) -> Iterator[LineData]:
    percents = {
        key(t["rate_id"]): decimal(t["rate_percent"]) / 100
        for t in data.get("tax_lines") or ()
        if t.get("rate_percent") is not None
    }
    groups = (
        (LineKind.ITEM, "line_items", "name"),
        (LineKind.SHIPPING, "shipping_lines", "method_title"),
        (LineKind.FEE, "fee_lines", "name"),
    )
    for kind, group, title in groups:
        for item in data.get(group) or ():
            net, tax = decimal(item["total"]), decimal(item.get("total_tax") or 0)
            units = whole(item["quantity"]) if kind == LineKind.ITEM else 1
            if kind != LineKind.ITEM and not net:
                continue
            amount = net + tax if includes_tax else net
            yield LineData(
                units,
                _sku(item) if kind == LineKind.ITEM else "",
                LineKind.DISCOUNT if net < 0 else kind,
                round(amount / units, 4),
                _rate(item, net, tax, percents),
                text(item.get(title), 300),
                key(item["id"]),
            )


def _sku(item: Mapping[str, Any]) -> str:
    thing = item.get("variation_id") or item.get("product_id")
    return text(item.get("sku"), 80) or f"product:{key(thing)}"


def _rate(
    item: Mapping[str, Any], net: Decimal, tax: Decimal, percents: Mapping[str, Decimal]
) -> Decimal:
    """Return the rate that the shop names, or the one that the amounts make."""
    if not tax or not net:
        return NOTHING
    named = [key(t["id"]) for t in item.get("taxes") or () if t.get("total") not in ("", None)]
    if named and all(name in percents for name in named):
        return sum((percents[name] for name in named), NOTHING)
    return round(tax / net, 5)


def _name(source: Mapping[str, Any]) -> str:
    return text(f"{source.get('first_name') or ''} {source.get('last_name') or ''}".strip(), 200)


def _address(source: Mapping[str, Any]) -> AddressData:
    return address({**source, "recipient": _name(source)}, recipient="recipient", **NAMES)
