from functools import partial

import pytest

from backoffice.core.invariants import check_invariants
from inventory.models import StockLevel
from orders.models import Order
from orders.services.holds import place_holds
from orders.services.intake import place_orders
from orders.services.lifecycle import cancel_orders, confirm_orders
from tests.fixtures.orders import lines, order_command
from tests.fixtures.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_last_unit_is_sold_once_to_32_buyers(place, stocked, now):
    sku = stocked("A", 1)
    orders = [place(str(n), lines=lines(("A", 1))) for n in range(32)]

    outcomes = at_once(*[partial(confirm_orders, [o.pk], now=now) for o in orders])

    assert sum(len(o.moved) for o in outcomes) == 1
    assert StockLevel.objects.values_list("on_hand", "reserved").get(sku=sku) == (1, 1)
    assert Order.objects.filter(status="CONFIRMED").count() == 1
    assert check_invariants() == []


def test_opposite_line_order_does_not_deadlock(place, stocked, now):
    stocked("A", 100)
    stocked("B", 100)
    one = [place(f"x{n}", lines=lines(("A", 1), ("B", 1))) for n in range(8)]
    two = [place(f"y{n}", lines=lines(("B", 1), ("A", 1))) for n in range(8)]

    outcomes = at_once(*[partial(confirm_orders, [o.pk], now=now) for o in [*one, *two]])

    assert sum(len(o.moved) for o in outcomes) == 16
    assert check_invariants() == []


def test_the_same_order_from_eight_callers_is_placed_once(channel, service_sku, actor, now):
    results = at_once(*[partial(place_orders, [order_command("A1")], now=now)] * 8)

    assert sum(len(r.created) for r in results) == 1
    assert {*results[0].created.values(), *results[0].existing.values()} == {Order.objects.get().pk}
    assert check_invariants() == []


def test_of_confirm_cancel_and_hold_the_sum_is_consistent(place, stocked, now):
    stocked("A", 10)
    for n in range(6):
        order = place(str(n), lines=lines(("A", 1)))
        at_once(
            partial(confirm_orders, [order.pk], now=now),
            partial(cancel_orders, [order.pk], now=now),
            partial(place_holds, [order.pk], now=now, reason="wait"),
        )
    assert check_invariants() == []
    assert not Order.objects.filter(status="CANCELLED", reserved_quantity__gt=0).exists()
