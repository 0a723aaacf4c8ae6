from datetime import date
from decimal import Decimal

import pytest
from django.test.utils import CaptureQueriesContext

from backoffice.core.models import Address, Event
from orders.models import Customer, Order, OrderLine, Price, TaxRate
from orders.services.commands import AddressData, LineData
from orders.services.intake import place_orders
from tests.fixtures.orders import PLACED, order_command

pytestmark = pytest.mark.usefixtures("proven")


def test_places_an_order_with_its_lines_customer_and_event(place):
    order = place("A1")

    assert order.order_number == f"SO-{order.pk:08d}"
    assert (order.status, order.payment_status) == ("PENDING", "UNPAID")
    assert order.fulfilment_status == "UNFULFILLED"
    assert (order.net_amount, order.tax_amount) == (Decimal("20.00"), Decimal("3.80"))
    assert order.total_amount == Decimal("23.80")
    assert order.order_date == date(2026, 3, 10)
    assert (order.ordered_quantity, order.short_quantity) == (2, 0)
    line = OrderLine.objects.get(order=order)
    assert (line.quantity, line.is_stocked, line.description) == (2, False, "Untracked")
    assert Customer.objects.get().email == "ada@example.com"
    event = Event.objects.get(order_id=order.pk)
    assert (event.kind, event.data["total"]) == ("order.placed", "23.80")
    assert order.history.count() == 1


def test_the_same_order_again_changes_nothing(place, now):
    order = place("A1")

    again = place_orders([order_command("A1"), order_command("A1")], now=now)

    assert again.existing == {0: order.pk, 1: order.pk}
    assert (again.created, again.refused) == ({}, {})
    assert (Order.objects.count(), Event.objects.count(), Address.objects.count()) == (1, 1, 1)


def test_twice_in_one_batch_is_placed_once(actor, channel, service_sku, now):
    placed = place_orders([order_command("A1"), order_command("A1")], now=now)

    assert list(placed.created) == [0]
    assert placed.existing == {1: placed.created[0]}


@pytest.mark.parametrize(
    ("_case", "changes", "reason"),
    [
        ("unknown channel", {"channel": "nowhere"}, "Sales channel 'nowhere' is unknown."),
        ("unknown SKU", {"lines": [LineData(1, "NO")]}, "Line 1: SKU 'NO' is unknown."),
        ("no item", {"lines": []}, "The order has no item line."),
        ("no currency", {"currency": "XXX"}, "Currency 'XXX' is unknown."),
        ("bad country", {"ship_to": AddressData("Germany")}, "The ship-to country has to be"),
        (
            "no price",
            {"lines": [LineData(1, "S-UNTRACKED")]},
            "Line 1: there is no price in EUR.",
        ),
        (
            "no quantity",
            {"lines": [LineData(0, "S-UNTRACKED", unit_price=Decimal(1))]},
            "Line 1: quantity 0 is not possible.",
        ),
        ("wrong total", {"total": Decimal("23.79")}, "The channel's total 23.79 is not the sum"),
    ],
)
def test_refuses_with_the_reason_and_stores_nothing(
    actor, channel, service_sku, now, _case, changes, reason
):
    placed = place_orders([order_command("A1", **changes), order_command("A2")], now=now)

    assert placed.refused[0][0].startswith(reason)
    assert list(placed.created) == [1]
    assert Order.objects.count() == 1


def test_uses_the_shops_price_and_tax_rate(actor, channel, service_sku, now):
    for channel_of_price, price, start in (
        (None, "5.00", date(2026, 1, 1)),
        (channel, "4.00", date(2026, 2, 1)),
        (channel, "3.00", date(2026, 4, 1)),
    ):
        Price.objects.create(
            sku=service_sku,
            channel=channel_of_price,
            currency="EUR",
            unit_price=Decimal(price),
            valid_from=start,
        )
    TaxRate.objects.create(country="DE", rate=Decimal("0.25"), valid_from=date(2020, 1, 1))

    placed = place_orders([order_command("A1", lines=[LineData(1, "S-UNTRACKED")])], now=now)

    order = Order.objects.get(pk=placed.created[0])
    assert (order.net_amount, order.total_amount) == (Decimal("3.20"), Decimal("4.00"))


def test_the_order_date_is_the_channels_day(place):
    order = place("A1", placed_at=PLACED.replace(hour=23, minute=30))

    assert order.order_date == date(2026, 3, 11)


def test_statements_do_not_grow_with_the_orders(
    actor, channel, service_sku, now, django_assert_num_queries
):
    from django.db import connection

    with CaptureQueriesContext(connection) as few:
        place_orders([order_command(f"A{n}") for n in range(2)], now=now)
    with CaptureQueriesContext(connection) as many:
        place_orders([order_command(f"B{n}") for n in range(60)], now=now)

    assert len(many) <= len(few)
