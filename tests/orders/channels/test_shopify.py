from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orders.channels.adapter import Message, Refunded
from orders.channels.registry import ADAPTERS
from orders.services.commands import AddressData, CustomerData
from tests.fixtures.channels import recorded, shopify_order

EUR = Decimal
AT = datetime(2026, 3, 10, 8, 5, tzinfo=UTC)


def read(data, topic="orders/updated"):
    import json

    message = Message(json.dumps(data), "web", AT, {"X-Shopify-Topic": topic})
    return ADAPTERS["shopify"].parse(message)


def test_a_recorded_order_is_read():
    (told,) = read(recorded("shopify_order.json"), "orders/create")

    assert (told.external_id, told.reference) == ("820982911946154500", "#9999")
    assert told.version == datetime(2026, 3, 10, 8, 0, 1, tzinfo=UTC)
    assert (told.paid, told.is_cancelled, told.refunds) == (EUR("44.70"), False, [])
    command = told.command
    assert (command.channel, command.currency, command.total) == ("web", "EUR", EUR("44.70"))
    assert command.placed_at == datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
    assert command.customer == CustomerData(
        "115310627314723950", "Jon Doe", "jon@example.com", "", "en"
    )
    assert command.ship_to == AddressData(
        *("DE", "Jon Doe", "", "Shipping Street 1", "3rd floor"),
        city="Berlin",
        region="Berlin",
        postal_code="10117",
        phone="+49 30 555",
    )
    assert command.bill_to.company == "Doe GmbH"
    lines = [(x.kind, x.sku, x.quantity, x.unit_price, x.tax_rate) for x in command.lines]
    assert lines == [
        ("ITEM", "IPOD-342", 2, EUR("19.90"), EUR("0.19")),
        ("ITEM", "variant:49148385", 1, EUR("5.00"), EUR("0.07")),
        ("SHIPPING", "", 1, EUR("4.90"), EUR("0.19")),
        ("DISCOUNT", "", 1, EUR("-1.00"), EUR("0.07")),
        ("DISCOUNT", "", 1, EUR("-4.00"), EUR("0.19")),
    ]
    assert [x.external_id for x in command.lines][:2] == ["466157049", "518995019"]


def test_units_taken_off_before_shipping_are_left_out_and_returned_ones_are_not():
    order = recorded("shopify_order.json")
    order["refunds"] = [
        {
            "id": 1,
            "refund_line_items": [
                {"line_item_id": 466157049, "quantity": 1, "restock_type": "cancel"},
                {"line_item_id": 518995019, "quantity": 1, "restock_type": "return"},
            ],
            "transactions": [],
        }
    ]

    (told,) = read(order)

    lines = [(x.kind, x.quantity, x.unit_price) for x in told.command.lines]
    assert lines[:2] == [("ITEM", 1, EUR("19.90")), ("ITEM", 1, EUR("5.00"))]
    assert lines[-1] == ("DISCOUNT", 1, EUR("-2.00"))
    assert (told.command.total, told.refunds) == (None, [])


def test_a_refund_is_a_part_of_the_story():
    (told,) = read(recorded("shopify_refund.json"), "refunds/create")

    assert (told.external_id, told.command) == ("820982911946154500", None)
    assert told.refunds == [Refunded("890088186047892300", EUR("4.00"))]


@pytest.mark.parametrize(
    ("changes", "paid", "cancelled"),
    [
        ({"financial_status": "authorized"}, "0", False),
        ({"financial_status": "partially_paid", "total_outstanding": "9.80"}, "30.00", False),
        ({"financial_status": "refunded"}, "39.80", False),
        ({"cancelled_at": "2026-03-10T09:00:00+01:00"}, "0", True),
    ],
)
def test_money_and_cancellation_are_read(changes, paid, cancelled):
    (told,) = read(shopify_order(**changes))

    assert (told.paid, told.is_cancelled) == (EUR(paid), cancelled)


def test_what_needs_no_shipping_is_taxed_at_the_bill_to():
    (told,) = read(shopify_order(shipping_address=None))

    assert told.command.ship_to.line1 == "Billing Street 2"


@pytest.mark.parametrize("data", [[], {}, {"id": 1}, {"id": 1, "updated_at": "soon"}, "x"])
def test_what_is_no_order_is_refused(data):
    with pytest.raises(ValueError, match=r"no order|no object"):
        read(data)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"total_price": "much"}, "total_price 'much' is no amount."),
        ({"line_items": None}, "'NoneType' object is not iterable"),
        ({"line_items": [{"id": 1, "quantity": 1.5}]}, "quantity 1.5 is no whole number."),
        ({"created_at": "10 March", "processed_at": None}, "'10 March'"),
    ],
)
def test_an_order_with_unfit_values_is_told_with_its_problem(changes, problem):
    (told,) = read(shopify_order(7, **changes))

    assert (told.external_id, told.command) == ("7", None)
    assert problem in told.problem


def test_a_deletion_cancels():
    (told,) = read({"id": 5}, "orders/delete")

    assert (told.external_id, told.command, told.is_cancelled) == ("5", None, True)
