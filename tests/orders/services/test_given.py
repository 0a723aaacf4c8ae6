"""A field that command and model share is stored, checked and taken in everywhere."""

from dataclasses import replace
from datetime import date

import pytest

from orders.api.serializers import OrderInput, OrderSerializer
from orders.channels.csv.parser import KNOWN, parse_orders
from orders.models import Order
from orders.services.given import GIVEN, OPTIONAL
from orders.services.intake import place_orders
from tests.fixtures.orders import order_command

HEADER = "order,placed_at,country,sku,quantity,priority,promised_on"


def test_what_is_given():
    assert list(GIVEN) == ["external_id", "placed_at", "priority", "promised_on"]
    assert set(OPTIONAL) < set(OrderSerializer().fields) & set(OrderInput().fields) & set(KNOWN)


def test_it_is_stored(place):
    order = place(priority=-7, promised_on=date(2026, 3, 20))

    order.refresh_from_db()
    assert (order.priority, order.promised_on) == (-7, date(2026, 3, 20))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"priority": 101}, "priority: Ensure this value is less than or equal to 100."),
        ({"priority": "soon"}, "priority: “soon” value must be an integer."),
        (
            {"external_id": "x" * 121},
            "external id: Ensure this value has at most 120 characters (it has 121).",
        ),
    ],
)
def test_what_the_model_refuses_is_refused_alone(actor, channel, service_sku, now, changes, reason):
    bad = replace(order_command("bad"), **changes)

    placed = place_orders([bad, order_command("good")], now=now)

    assert placed.refused == {0: [reason]}
    assert Order.objects.get().pk == placed.created[1]


def test_the_api_takes_what_the_model_takes():
    fields = OrderInput().fields
    priority, promised = fields["priority"], fields["promised_on"]
    assert (priority.min_value, priority.max_value, priority.required) == (-100, 100, False)
    assert (promised.required, fields["placed_at"].required) == (False, True)
    assert fields["external_id"].max_length == 120


def test_a_csv_takes_it():
    rows = [HEADER, "1,2026-03-10T08:00Z,DE,A,1,5,2026-03-20", "2,2026-03-10T08:00Z,DE,A,1,x,soon"]

    good, bad = parse_orders(rows, channel="web")

    assert good.command
    assert (good.command.priority, good.command.promised_on) == (5, date(2026, 3, 20))
    assert bad.reasons == [
        "priority 'x': “x” value must be an integer.",
        "promised_on 'soon': “soon” value has an invalid date format."
        " It must be in YYYY-MM-DD format.",
    ]
