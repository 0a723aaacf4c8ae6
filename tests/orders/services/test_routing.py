"""Orders get the warehouses that serve them best, and lose none of what they have."""

import pytest

from backoffice.core.invariants import check_invariants
from backoffice.core.models import Address, Event
from inventory.models import StockLevel, Warehouse
from orders.models import ChannelWarehouse, Lane, OrderLine
from orders.services.lifecycle import confirm_orders
from orders.services.rerouting import plan_reroutes, reroute_orders
from orders.services.routing import read_options
from tests.fixtures.orders import add_stock, lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def houses(channel) -> dict[str, Warehouse]:
    """Two German warehouses and a French one that serve the channel, in this order."""
    found = {}
    for position, (code, country) in enumerate([("N", "DE"), ("S", "DE"), ("F", "FR")]):
        address = Address.objects.create(country=country, city=code)
        house = Warehouse.objects.create(code=code, name=f"House {code}", address=address)
        ChannelWarehouse.objects.create(channel=channel, warehouse=house, position=position)
        found[code] = house
    channel.routes_orders = True
    channel.save()
    return found


@pytest.fixture
def goods(stocked, houses):
    """Make a SKU with units in some of the warehouses."""

    def run(code: str, **units: int):
        sku = stocked(code, 0)
        for house, count in units.items():
            add_stock(sku, houses[house].pk, count)
        return sku

    return run


def sent_from(order) -> list[str | None]:
    rows = OrderLine.objects.filter(order=order, is_stocked=True).order_by("position")
    return list(rows.values_list("warehouse__code", flat=True))


def test_one_parcel_is_better_than_two_near_ones(place, goods, now):
    goods("A", N=5, F=5)
    goods("B", S=5, F=5)
    order = place("1", lines=lines(("A", 1), ("B", 2)))

    assert sent_from(order) == [None, None]
    assert confirm_orders([order.pk], now=now).moved == [order.pk]

    assert sent_from(order) == ["F", "F"]
    told = Event.objects.get(kind="order.routed").data
    assert (told["lines"], told["waiting"]) == (2, 0)
    assert [(o["chosen"], o["in_stock"], o["distance"]) for o in told["options"]] == [
        (0, 1, 1),
        (0, 1, 1),
        (2, 2, 2),
    ]
    assert check_invariants() == []


@pytest.mark.parametrize(("weight", "way"), [(1, ["N", "S"]), (0, ["F", "F"])])
def test_weights_of_the_channel_decide(place, goods, houses, channel, now, weight, way):
    channel.cost_weight = weight
    channel.save()
    goods("A", N=5, F=5)
    goods("B", S=5, F=5)
    for code, cost in (("N", 1), ("S", 1), ("F", 30)):
        Lane.objects.create(
            warehouse=houses[code], country="DE", service="STD", cost=cost, currency="EUR"
        )
    order = place("1", lines=lines(("A", 1), ("B", 2)))

    confirm_orders([order.pk], now=now)

    assert sent_from(order) == way


def test_cost_comes_before_distance_and_an_unknown_way_is_the_dearest(
    place, goods, houses, channel, now
):
    goods("A", N=5, S=5, F=5)
    for code, cost in (("S", 9), ("F", 3)):
        Lane.objects.create(
            warehouse=houses[code], country="DE", service="STD", cost=cost, currency="EUR"
        )
    # Another currency says nothing of what it costs.
    Lane.objects.create(warehouse=houses["N"], country="DE", service="STD", cost=1, currency="USD")
    order = place("1", lines=lines(("A", 1)))

    options = {o.warehouse_id: o for o in read_options([order.pk])[order.pk]}
    confirm_orders([order.pk], now=now)

    assert sent_from(order) == ["F"]
    assert options[houses["N"].pk].cost is None
    assert [round(options[houses[code].pk].score, 2) for code in "NSF"] == [20.0, 20.0, 15.0]


def test_what_is_equal_goes_by_position(place, goods, now):
    goods("A", N=5, S=5)
    order = place("1", lines=lines(("A", 1)))

    confirm_orders([order.pk], now=now)

    assert sent_from(order) == ["N"]


def test_an_order_that_cannot_be_whole_takes_nothing(place, goods, now):
    sku = goods("A", N=1, S=1)
    order = place("1", lines=lines(("A", 3)))

    outcome = confirm_orders([order.pk], now=now)

    assert outcome.blocked == {order.pk: ["3 × A missing from stock."]}
    assert sent_from(order) == [None]
    assert not StockLevel.objects.filter(sku=sku, reserved__gt=0).exists()
    assert not Event.objects.filter(kind="order.routed").exists()


def test_a_backorder_takes_what_there_is_and_routes_the_rest_later(place, goods, channel, now):
    from orders.services.reservations import fill_backorders

    channel.allows_backorders = True
    channel.save()
    goods("A", S=5)
    late = goods("B", N=0)
    order = place("1", lines=lines(("A", 1), ("B", 1)))
    confirm_orders([order.pk], now=now)
    assert sent_from(order) == ["S", None]

    for house in ("N", "S"):
        add_stock(late, Warehouse.objects.get(code=house).pk, 1)
    fill_backorders([late.pk], now=now)

    # A parcel leaves there anyway.
    assert sent_from(order) == ["S", "S"]
    assert check_invariants() == []


def test_a_channel_that_nothing_serves_says_so(place, stocked, channel, now):
    stocked("A", 5)
    channel.routes_orders = True
    channel.save()
    order = place("1", lines=lines(("A", 1)))

    outcome = confirm_orders([order.pk], now=now)

    assert outcome.blocked == {order.pk: ["The line has no warehouse: give its channel one."]}


def test_statements_do_not_grow_with_orders(place, goods, now, django_assert_max_num_queries):
    goods("A", N=50, S=50)
    few = [place(f"f{n}", lines=lines(("A", 1))).pk for n in range(2)]
    many = [place(f"m{n}", lines=lines(("A", 1))).pk for n in range(20)]
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as two:
        confirm_orders(few, now=now)
    with CaptureQueriesContext(connection) as twenty:
        confirm_orders(many, now=now)

    assert len(twenty) == len(two)


def test_a_better_way_is_taken_anew_and_shown_before(place, goods, houses, now):
    goods("A", N=1)
    other = goods("B", S=5)
    order = place("1", lines=lines(("A", 1), ("B", 1)))
    confirm_orders([order.pk], now=now)
    assert sent_from(order) == ["N", "S"]
    add_stock(other, houses["N"].pk, 5)

    [plan] = plan_reroutes([order.pk])
    assert (plan.before, plan.after) == (["House N", "House S"], ["House N"])
    assert sent_from(order) == ["N", "S"]
    outcome = reroute_orders([order.pk], now=now)

    assert (outcome.moved, sent_from(order)) == ([order.pk], ["N", "N"])
    again = reroute_orders([order.pk], now=now)
    assert str(again.blocked[order.pk][0]) == "Its warehouses are the best there are."
    assert check_invariants() == []


def test_only_orders_that_wait_for_their_release_are_routed_anew(place, goods, now):
    goods("A", N=5)
    order = place("1", lines=lines(("A", 1)))

    outcome = reroute_orders([order.pk], now=now)

    assert str(outcome.blocked[order.pk][0]) == "Only possible in state Confirmed."
