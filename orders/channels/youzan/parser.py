"""Reads what Youzan pushes of trades: pure.

`msg` is URL-encoded JSON within the JSON; amounts are gross, in yuan; instants have no zone and
are Beijing's. Names, phones and street may come encrypted (`$…$1$`): such an address is incomplete
here.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from backoffice.core.reading import UNFIT, load, text
from orders.channels.adapter import Message, Told
from orders.channels.reading import NOTHING, decimal, key, read_one, whole
from orders.choices import LineKind
from orders.services.commands import AddressData, CustomerData, LineData, PlaceOrder

BEIJING = ZoneInfo("Asia/Shanghai")
CLOSED = "TRADE_CLOSED"


def parse_message(message: Message) -> list[Told]:
    """Read a push; ValueError for one that is no trade. A test push says nothing."""
    data = load(message.body)
    if not isinstance(data, dict):
        raise ValueError("The message is no object.")
    if data.get("test"):
        return []
    try:
        trade = load(unquote_plus(data["msg"]))
        info = trade.get("full_order_info") or trade
        tid = key(info["order_info"]["tid"])
        version = _version(data, info["order_info"])
    except UNFIT as error:
        raise ValueError(f"This is no trade of Youzan: {error!r}") from error
    if not tid:
        raise ValueError("The trade has no tid.")
    return [read_one(tid, version, lambda: _order(tid, info, version, message))]


def _version(data: Mapping[str, Any], order: Mapping[str, Any]) -> datetime:
    if order.get("update_time"):
        return _moment(order["update_time"])
    # Milliseconds of the message, where the trade does not say when it was changed.
    return datetime.fromtimestamp(whole(data["version"], "version") / 1000, UTC)


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=BEIJING)


def plain(value: Any, longest: int) -> str:
    """Return a text; nothing where it is encrypted."""
    read = text(value, 4000)
    return "" if read.startswith("$") and read.endswith("$") else read[:longest]


def _order(tid: str, info: Mapping[str, Any], version: datetime, message: Message) -> Told:
    order, pay = info["order_info"], info["pay_info"]
    buyer, to = info.get("buyer_info") or {}, info.get("address_info") or {}
    payment = decimal(pay["payment"], "payment")
    command = PlaceOrder(
        channel=message.channel,
        external_id=tid,
        placed_at=_moment(order["created"]),
        customer=CustomerData(
            key(buyer.get("yz_open_id") or buyer.get("outer_user_id")) or f"order {tid}",
            plain(to.get("receiver_name"), 200),
            phone=plain(buyer.get("buyer_phone"), 40),
            language="zh-hans",
        ),
        ship_to=AddressData(
            "CN",
            plain(to.get("receiver_name"), 200),
            line1=plain(to.get("delivery_address"), 300),
            district=text(to.get("delivery_district"), 120),
            city=text(to.get("delivery_city"), 120),
            region=text(to.get("delivery_province"), 120),
            postal_code=text(to.get("delivery_postal_code"), 20),
            phone=plain(to.get("receiver_tel"), 40),
        ),
        lines=list(_lines(info, payment, message)),
        currency="CNY",
        total=payment,
    )
    return Told(
        tid,
        version,
        command,
        reference=tid[:60],
        is_cancelled=order.get("status") == CLOSED,
        paid=payment if order.get("pay_time") else NOTHING,
    )


def _lines(info: Mapping[str, Any], payment: Decimal, message: Message) -> Iterator[LineData]:
    rate = decimal(message.options.get("tax_rate", 0), "tax_rate")
    sum_of_items = NOTHING
    for item in info["orders"]:
        units, paid = whole(item["num"], "num"), decimal(item["payment"], "payment")
        sum_of_items += paid
        yield LineData(
            units,
            text(item.get("outer_sku_id") or item.get("outer_item_id"), 80)
            or f"sku:{key(item.get('sku_id'))}",
            LineKind.ITEM,
            round(paid / units, 4),
            rate,
            text(item.get("title"), 300),
            key(item["oid"]),
        )
    postage = decimal(info["pay_info"].get("post_fee") or 0, "post_fee")
    if postage:
        yield LineData(1, "", LineKind.SHIPPING, postage, rate, "运费", "post_fee")
    # What was taken off the order as a whole.
    gap = payment - postage - sum_of_items
    if gap:
        kind = LineKind.FEE if gap > 0 else LineKind.DISCOUNT
        yield LineData(1, "", kind, gap, rate, "优惠", "promotion")
