"""Reads what Shopify says of orders and refunds: pure.

Amounts are taken in the shop's currency, not the customer's (`presentment_currency`). Order
messages carry the whole order, refunds included, so that the newest alone counts.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from backoffice.core.reading import UNFIT, load, moment, text
from orders.channels.adapter import Message, Refunded, Told
from orders.channels.reading import (
    NOTHING,
    address,
    decimal,
    discounts,
    key,
    language,
    read_one,
    whole,
)
from orders.choices import LineKind
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder

PAID = {"paid", "partially_refunded", "refunded"}
NAMES = {
    "recipient": "name",
    "company": "company",
    "line1": "address1",
    "line2": "address2",
    "city": "city",
    "region": "province",
    "postal_code": "zip",
    "country": "country_code",
    "phone": "phone",
}


def parse_message(message: Message) -> list[Told]:
    """Read a message by its topic; ValueError for one that is neither order nor refund."""
    data = load(message.body)
    if not isinstance(data, dict):
        raise ValueError("The message is no object.")
    topic = message.headers.get("X-Shopify-Topic", "")
    try:
        if topic.startswith("refunds/"):
            return [_refund(data)]
        if topic == "orders/delete":
            return [Told(key(data["id"]), message.received_at, is_cancelled=True)]
        external_id, version = key(data["id"]), moment(data["updated_at"])
    except UNFIT as error:
        raise ValueError(f"This is no order of Shopify: {error!r}") from error
    if not external_id:
        raise ValueError("The order has no id.")
    return [read_one(external_id, version, lambda: _order(data, message))]


def _refund(data: Mapping[str, Any]) -> Told:
    at = moment(data.get("processed_at") or data["created_at"])
    return Told(key(data["order_id"]), at, refunds=list(_refunds([data])))


def _refunds(refunds: list[Any]) -> Iterator[Refunded]:
    for refund in refunds:
        done = [
            decimal(t["amount"])
            for t in refund.get("transactions") or ()
            if t.get("kind") == "refund" and t.get("status") == "success"
        ]
        if sum(done, NOTHING):
            yield Refunded(key(refund["id"]), sum(done, NOTHING))


def _order(data: Mapping[str, Any], message: Message) -> Told:
    external_id, total = key(data["id"]), decimal(data["total_price"], "total_price")
    status = text(data.get("financial_status"), 40)
    paid = total if status in PAID else NOTHING
    if status == "partially_paid":
        paid = total - decimal(data.get("total_outstanding") or 0)
    removed = _removed(data)
    command = PlaceOrder(
        channel=message.channel,
        external_id=external_id,
        placed_at=moment(data.get("processed_at") or data["created_at"]),
        customer=_customer(data),
        ship_to=_ship_to(data),
        bill_to=_address(data.get("billing_address")) if data.get("billing_address") else None,
        lines=list(_lines(data, removed)),
        currency=text(data.get("currency"), 20),
        # What was taken off before shipping is in no total that Shopify still tells.
        total=None if removed else total,
    )
    return Told(
        external_id,
        moment(data["updated_at"]),
        command,
        reference=text(data.get("name"), 60),
        is_cancelled=bool(data.get("cancelled_at")),
        paid=paid,
        refunds=list(_refunds(data.get("refunds") or [])),
    )


def _removed(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the units by line that were taken off before they shipped."""
    removed: dict[str, int] = {}
    # A cancelled order takes everything off: it is cancelled as a whole.
    for refund in () if data.get("cancelled_at") else data.get("refunds") or ():
        for item in refund.get("refund_line_items") or ():
            if item.get("restock_type") == "cancel":
                line = key(item["line_item_id"])
                removed[line] = removed.get(line, 0) + whole(item["quantity"])
    return removed


def _rate(taxes: Any) -> Decimal:
    return sum((decimal(t["rate"], "tax rate") for t in taxes or ()), NOTHING)


def _lines(data: Mapping[str, Any], removed: Mapping[str, int]) -> Iterator[LineData]:
    off: list[tuple[Decimal, Decimal]] = []
    for item in data["line_items"]:
        line, rate = key(item["id"]), _rate(item.get("tax_lines"))
        ordered = whole(item["quantity"])
        left = ordered - removed.get(line, 0)
        if left <= 0:
            continue
        given = [decimal(d["amount"]) for d in item.get("discount_allocations") or ()]
        off.append((rate, sum(given, NOTHING) * left / ordered))
        yield LineData(
            left,
            text(item.get("sku"), 80) or f"variant:{key(item.get('variant_id'))}",
            LineKind.ITEM,
            decimal(item["price"], "price"),
            rate,
            text(item.get("name") or item.get("title"), 300),
            line,
        )
    for item in data.get("shipping_lines") or ():
        price, rate = decimal(item["price"], "shipping price"), _rate(item.get("tax_lines"))
        given = [decimal(d["amount"]) for d in item.get("discount_allocations") or ()]
        off.append((rate, sum(given, NOTHING)))
        if price:
            title = text(item.get("title"), 300)
            yield LineData(1, "", LineKind.SHIPPING, price, rate, title, key(item.get("id")))
    if tip := decimal(data.get("total_tip_received") or 0):
        yield LineData(1, "", LineKind.FEE, tip, NOTHING, "Tip", "tip")
    codes = [text(code.get("code"), 60) for code in data.get("discount_codes") or ()]
    yield from discounts(off, ", ".join(codes) or "Discount")


def _customer(data: Mapping[str, Any]) -> CustomerData:
    known = data.get("customer") or {}
    email = text(data.get("email") or data.get("contact_email") or known.get("email"), 254)
    name = f"{known.get('first_name') or ''} {known.get('last_name') or ''}".strip()
    return CustomerData(
        key(known.get("id")) or email or f"order {key(data['id'])}",
        text(name, 200) or _ship_to(data).recipient,
        email,
        text(data.get("phone") or known.get("phone"), 40),
        language(data.get("customer_locale")),
    )


def _address(source: Any) -> AddressData:
    return address(source, **NAMES)


def _ship_to(data: Mapping[str, Any]) -> AddressData:
    # What needs no shipping has no ship-to: the bill-to says where it is taxed.
    return _address(data.get("shipping_address") or data.get("billing_address"))
