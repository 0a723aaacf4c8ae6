import json
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import quote_plus

import pytest

from backoffice.core.signing import signature_of
from orders.channels.adapter import Message, Refunded
from orders.channels.registry import ADAPTERS
from orders.channels.woocommerce.parser import version_of
from tests.fixtures.channels import DATA, recorded

EUR = Decimal
AT = datetime(2026, 3, 10, 8, 5, tzinfo=UTC)


def read(adapter, body, **more):
    body = body if isinstance(body, str) else json.dumps(body)
    return ADAPTERS[adapter].parse(Message(body, "web", AT, **more))


def lines(told):
    return [(x.kind, x.sku, x.quantity, x.unit_price, x.tax_rate) for x in told.command.lines]


def test_every_folder_is_an_adapter():
    assert list(ADAPTERS) == ["amazon", "csv", "generic", "shopify", "woocommerce", "youzan"]


@pytest.mark.parametrize(
    ("includes_tax", "first", "second", "shipping"),
    [(True, "11.90", "1.3333", "4.90"), (False, "10.00", "1.12", "4.12")],
)
def test_a_recorded_order_of_woocommerce_is_read(includes_tax, first, second, shipping):
    (told,) = read(
        "woocommerce", recorded("woocommerce_order.json"), prices_include_tax=includes_tax
    )

    assert (told.external_id, told.reference) == ("727", "#727")
    assert told.version == datetime(2026, 3, 10, 8, 0, 5, tzinfo=UTC)
    assert (told.paid, told.refunds) == (EUR("32.70"), [Refunded("728", EUR("10.00"))])
    assert lines(told) == [
        ("ITEM", "IPOD-342", 2, EUR(first), EUR("0.19")),
        ("ITEM", "product:23", 3, EUR(second), EUR("0.19048")),
        ("SHIPPING", "", 1, EUR(shipping), EUR("0.19")),
    ]
    # Nothing was given for shipping: the bill-to is where it goes.
    to = told.command.ship_to
    assert (to.recipient, to.line1, to.country) == ("Ada Lovelace", "Street 1", "DE")
    assert told.command.customer.external_id == "ada@example.com"


@pytest.mark.parametrize("status", ["cancelled", "failed", "trash"])
def test_an_end_at_woocommerce_cancels(status):
    (told,) = read("woocommerce", recorded("woocommerce_order.json") | {"status": status})

    assert told.is_cancelled


def test_what_nobody_finished_is_no_order_of_woocommerce():
    draft = recorded("woocommerce_order.json") | {"status": "checkout-draft"}

    assert read("woocommerce", draft) == []
    assert version_of(draft) == datetime(2026, 3, 10, 8, 0, 5, tzinfo=UTC)


def test_a_recorded_report_of_amazon_is_read():
    good, bad = read("amazon", (DATA / "amazon_report.txt").read_text())

    assert (good.external_id, good.version, good.paid) == ("302-1111111-1111111", AT, EUR("32.96"))
    assert lines(good) == [
        ("ITEM", "IPOD-342", 3, EUR("9.99"), EUR("0.19023")),
        ("SHIPPING", "", 1, EUR("4.99"), EUR("0.19093")),
        ("DISCOUNT", "", 1, EUR("-2.00"), EUR("0.19023")),
    ]
    assert good.command.lines[0].description == 'IPod "Nano"'
    assert (good.command.ship_to.recipient, good.command.ship_to.city) == ("Jürgen Groß", "Köln")
    assert (bad.command, bad.problem) == (
        None,
        "This cannot be read: quantity-purchased 'one' is no amount.",
    )


@pytest.mark.parametrize(
    ("text", "encoding", "options"),
    [
        ("Jürgen", "utf-8", {}),
        ("Jürgen", "utf-8-sig", {"encoding": "cp932"}),
        ("Jürgen Groß €", "cp1252", {}),
        ("山田太郎", "cp932", {"encoding": "cp932"}),
        ("张三", "gb18030", {"encoding": "gb18030"}),
    ],
)
def test_reports_come_in_the_encoding_of_their_marketplace(text, encoding, options):
    assert ADAPTERS["amazon"].decode(text.encode(encoding), options) == text
    assert ADAPTERS["amazon"].option_problems(options) == []


def test_a_file_that_is_no_report_is_refused():
    with pytest.raises(ValueError, match="lacks order-item-id, purchase-date"):
        read("amazon", "order-id\tsku\n1\tA\n")
    assert ADAPTERS["amazon"].option_problems({"encoding": "morse"}) == [
        "The only option is “encoding”: cp1252, cp932, gb18030."
    ]


def youzan(**changes):
    trade = {
        "order_info": {
            "tid": "E20260310143713093806201",
            "created": "2026-03-10 14:37:14",
            "update_time": "2026-03-10 15:20:36",
            "pay_time": "2026-03-10 14:37:23",
            "status": "WAIT_SELLER_SEND_GOODS",
        },
        "pay_info": {"total_fee": "120.00", "post_fee": "8.00", "payment": "118.00"},
        "buyer_info": {"yz_open_id": "lDWyZB", "buyer_phone": "$eTS8t8hAECdXKgNtV6DIfw==$1$"},
        "address_info": {
            "receiver_name": "张三",
            "receiver_tel": "13800000000",
            "delivery_province": "四川省",
            "delivery_city": "成都市",
            "delivery_district": "青羊区",
            "delivery_address": "人民路 1 号",
            "delivery_postal_code": "",
        },
        "orders": [
            {"oid": "1", "outer_sku_id": "IPOD-342", "title": "茶", "num": 2, "payment": "112.00"}
        ],
    }
    for part, values in changes.items():
        trade[part] = {**trade[part], **values}
    msg = quote_plus(json.dumps({"full_order_info": trade}, ensure_ascii=False))
    return {"msg": msg, "msg_id": "m1", "type": "trade_TradePaid", "version": 1773127236000}


def test_a_push_of_youzan_is_read():
    (told,) = read("youzan", youzan(), options={"tax_rate": "0.13"})

    assert told.external_id == "E20260310143713093806201"
    assert told.version == datetime(2026, 3, 10, 7, 20, 36, tzinfo=UTC)
    assert (told.paid, told.command.currency, told.command.customer.phone) == (EUR(118), "CNY", "")
    assert lines(told) == [
        ("ITEM", "IPOD-342", 2, EUR("56.00"), EUR("0.13")),
        ("SHIPPING", "", 1, EUR("8.00"), EUR("0.13")),
        ("DISCOUNT", "", 1, EUR("-2.00"), EUR("0.13")),
    ]
    to = told.command.ship_to
    assert (to.country, to.region, to.district, to.line1) == (
        "CN",
        "四川省",
        "青羊区",
        "人民路 1 号",
    )


def test_an_encrypted_address_of_youzan_is_no_address():
    (told,) = read("youzan", youzan(address_info={"delivery_address": "$kZgIwkQL5Q0O6==$1$"}))

    assert told.command.ship_to.line1 == ""


def test_a_closed_trade_is_cancelled_and_a_test_says_nothing():
    (told,) = read("youzan", youzan(order_info={"status": "TRADE_CLOSED"}))

    assert told.is_cancelled
    assert read("youzan", youzan() | {"test": True}) == []


def test_youzan_signs_with_md5_over_id_body_and_secret():
    adapter, now = ADAPTERS["youzan"], AT
    body = '{"msg":"张"}'.encode()
    # printf '%s' 'id{"msg":"张"}secret' | md5sum
    headers = {"Event-Sign": "22e5d728ad11099a6799d6800a8474de"}
    assert adapter.is_authentic(body, headers, "id", "secret", now=now)
    assert not adapter.is_authentic(body + b" ", headers, "id", "secret", now=now)
    assert not adapter.is_authentic(body, headers, "", "secret", now=now)
    assert dict(adapter.answer) == {"code": 0, "msg": "success"}
    assert adapter.push_id(json.dumps({"msg_id": "m1"}).encode(), {}) == "m1"


MAPPING = {
    "orders": "data.orders",
    "lines": "positions",
    "fields": {"id": "no", "placed_at": "at", "country": "to.iso", "line1": "to.street"},
    "line_fields": {"sku": "article.code", "unit_price": "article.price", "quantity": "n"},
}


def test_any_json_is_read_by_its_mapping():
    order = {
        "no": 7,
        "updated_at": "2026-03-10T09:00:00Z",
        "at": "2026-03-10T08:00:00+01:00",
        "to": {"iso": "de", "street": "Road 1"},
        "city": "Bonn",
        "status": "Cancelled",
        "positions": [{"article": {"code": "A", "price": 2.5}, "n": 3}],
    }

    (told,) = read("generic", {"data": {"orders": [order]}}, options=MAPPING)

    assert (told.external_id, told.is_cancelled) == ("7", True)
    assert told.version == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert told.command.placed_at == datetime(2026, 3, 10, 7, tzinfo=UTC)
    to = told.command.ship_to
    assert (to.country, to.line1, to.city) == ("DE", "Road 1", "Bonn")
    assert [(x.kind, x.sku, x.quantity, x.unit_price) for x in told.command.lines] == [
        ("ITEM", "A", 3, EUR("2.5"))
    ]


def test_a_mapping_that_finds_nothing_is_said():
    with pytest.raises(ValueError, match="finds no order with an id"):
        read("generic", {"id": ""})
    assert (
        read("generic", {"id": 1})[0].problem == "This cannot be read: the mapping finds no lines"
    )
    problems = ADAPTERS["generic"].option_problems({"fields": {"colour": "x"}, "line": "y"})
    assert problems[0].startswith("'colour' is no field; there are city, company,")
    assert problems[1] == "There is no option line."


def test_a_file_of_rows_is_read():
    body = "order,placed_at,country,sku,quantity\n1,2026-03-10T08:00:00Z,DE,A,2\n2,soon,DE,A,1\n"

    good, bad = read("csv", body)

    assert (good.external_id, good.version, lines(good)) == (
        *("1", AT),
        [("ITEM", "A", 2, None, None)],
    )
    assert "placed_at 'soon' is no ISO 8601 time" in bad.problem
    with pytest.raises(ValueError, match="Missing columns"):
        read("csv", "order\n1\n")


def test_signatures_of_channels_without_their_own():
    for name in ("amazon", "csv", "generic"):
        headers = {"X-Signature-Sha256": f"sha256={signature_of(b'x', 'shh')}"}
        assert ADAPTERS[name].is_authentic(b"x", headers, "", "shh", now=AT)
        assert not ADAPTERS[name].is_authentic(b"y", headers, "", "shh", now=AT)
        assert not ADAPTERS[name].is_authentic(b"x", headers, "", "", now=AT)
