from functools import partial

import pytest

from backoffice.core.invariants import check_invariants
from inventory.models import StockLevel
from inventory.services.moves import Move, post_moves
from inventory.services.reservations import release_stock, reserve_stock
from tests.fixtures.inventory import LINE, bring, held, level, need
from tests.fixtures.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_32_buyers_of_the_last_unit(goods, house, now):
    a = goods("A", 1)

    results = at_once(
        *[partial(reserve_stock, [need(a, house, 1, line=n)], now=now) for n in range(1, 33)]
    )

    assert sum(len(r.quantities) for r in results) == 1
    assert sum(len(r.short) for r in results) == 31
    assert level(a, house) == (1, 1, 0)
    assert check_invariants() == []


def test_opposite_sku_order_does_not_deadlock(goods, house, now):
    a, b = goods("A", 40), goods("B", 40)
    calls = []
    for n in range(1, 17):
        pair = [need(a, house, 1, line=2 * n, group=n), need(b, house, 1, line=2 * n + 1, group=n)]
        calls.append(partial(reserve_stock, pair if n % 2 else pair[::-1], now=now))

    results = at_once(*calls)

    assert [len(r.quantities) for r in results] == [2] * 16
    assert level(a, house) == level(b, house) == (40, 16, 24)
    assert check_invariants() == []


def test_first_stock_of_a_new_pair_from_eight_at_once(new_sku, house, now):
    sku = new_sku("N")

    results = at_once(*[partial(bring, sku, house, 1)] * 8)

    assert results == [None] * 8
    assert level(sku, house) == (8, 0, 8)
    assert StockLevel.objects.count() == 1
    assert check_invariants() == []


def test_reserving_releasing_and_losing_at_once_stay_consistent(goods, house, now):
    a = goods("A", 10)
    for n in range(1, 6):
        reserve_stock([need(a, house, 1, line=n)], now=now)

    at_once(
        *[partial(reserve_stock, [need(a, house, 2, line=10 + n)], now=now) for n in range(4)],
        *[partial(release_stock, LINE, [n], now=now) for n in range(1, 4)],
        *[partial(post_moves, [Move("ADJUSTMENT", a.pk, house.pk, -2)], now=now)] * 3,
    )

    on_hand, reserved, available = level(a, house)
    assert on_hand == 4
    assert reserved == sum(held().values())
    assert available >= 0
    assert check_invariants() == []
