from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.models import Event
from inventory.services.reservations import Need, decide, release_stock, reserve_stock
from tests.fixtures.inventory import LINE, held, level, need

pytestmark = pytest.mark.usefixtures("proven")


def test_a_group_is_served_whole_or_not_at_all(goods, house, now):
    a, b = goods("A", 5), goods("B", 1)
    needs = [
        need(a, house, 3, line=1, group=10),
        need(b, house, 2, line=2, group=10),
        need(a, house, 4, line=3, group=20),
    ]

    reserved = reserve_stock(needs, now=now)

    assert reserved.quantities == {3: 4}
    assert reserved.short == {10: [(b.pk, 1)]}
    assert level(a, house) == (5, 4, 1)
    assert level(b, house) == (1, 0, 1)


def test_partial_takes_what_is_there(goods, house, now):
    a = goods("A", 5)

    reserved = reserve_stock(
        [need(a, house, 3, line=1), need(a, house, 4, line=2)], now=now, partial=True
    )

    assert reserved.quantities == {1: 3, 2: 2}
    assert reserved.short == {2: [(a.pk, 2)]}
    assert held() == {1: 3, 2: 2}


def test_demand_of_one_sku_on_two_lines_is_summed(goods, house, now):
    a = goods("A", 5)
    needs = [need(a, house, 3, line=1, group=1), need(a, house, 3, line=2, group=1)]

    reserved = reserve_stock(needs, now=now)

    assert reserved.quantities == {}
    assert reserved.short == {1: [(a.pk, 1)]}
    assert held() == {}


def test_a_pair_that_was_never_stocked_is_short(goods, house, new_sku, now):
    reserved = reserve_stock([need(new_sku("N"), house, 2, line=1)], now=now)

    assert [units for _sku, units in reserved.short[1]] == [2]


def test_a_second_call_adds_and_keeps_the_earlier_promise(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 2, line=1)], now=now)
    reserve_stock([need(a, house, 1, line=1)], now=now + timedelta(hours=1))

    assert held() == {1: 3}


def test_another_sku_for_the_same_thing_is_refused(goods, house, now):
    a, b = goods("A", 5), goods("B", 5)
    reserve_stock([need(a, house, 2, line=1)], now=now)

    with pytest.raises(ValueError, match="release it first"):
        reserve_stock([need(b, house, 1, line=1)], now=now)

    assert held() == {1: 2}
    assert level(b, house) == (5, 0, 5)


def test_release_gives_back_whole_or_part_and_tells(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 2, line=1), need(a, house, 3, line=2)], now=now)

    freed = release_stock(LINE, [1, 2], now=now, quantities={1: 1, 2: 3})

    assert freed == 4
    assert held() == {1: 1}
    assert level(a, house) == (5, 1, 4)
    last = Event.objects.filter(kind="stock.available").latest("pk")
    assert last.data == {"sku_id": a.pk, "warehouse_id": house.pk, "units": 4}


def test_releasing_more_or_again_gives_back_what_is_there(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 2, line=1)], now=now)

    assert release_stock(LINE, [1], now=now, quantities={1: 9}) == 2
    assert release_stock(LINE, [1], now=now) == 0
    assert level(a, house) == (5, 0, 5)


def test_the_statements_do_not_grow_with_the_needs(
    goods, house, now, django_assert_max_num_queries
):
    skus = [goods(f"S{n}", 10) for n in range(20)]
    needs = [need(sku, house, 1, line=n) for n, sku in enumerate(skus)]

    with django_assert_max_num_queries(10):
        reserve_stock(needs, now=now)

    assert len(held()) == 20


@given(
    stock=st.dictionaries(st.integers(1, 3), st.integers(0, 9)),
    wanted=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6))),
    partial=st.booleans(),
)
def test_sharing_never_gives_more_than_there_is(stock, wanted, partial):
    needs = [Need(LINE, n, group, sku, 1, units) for n, (group, sku, units) in enumerate(wanted)]
    available = {(sku, 1): units for sku, units in stock.items()}

    decided = decide(needs, available, partial=partial)

    given_by_sku: dict[int, int] = {}
    for n in needs:
        units = decided.quantities.get(n.for_id, 0)
        assert units <= n.quantity
        given_by_sku[n.sku_id] = given_by_sku.get(n.sku_id, 0) + units
        if n.group_id not in decided.short:
            assert units == n.quantity
        elif not partial:
            assert units == 0
    assert all(units <= stock.get(sku, 0) for sku, units in given_by_sku.items())
    if needs:
        first = needs[0].group_id
        demand: dict[int, int] = {}
        for n in needs:
            if n.group_id == first:
                demand[n.sku_id] = demand.get(n.sku_id, 0) + n.quantity
        fits = all(units <= stock.get(sku, 0) for sku, units in demand.items())
        assert (first not in decided.short) == fits
