from datetime import date

import pytest

from inventory.models import Allocation, Location, Lot, StockMove
from inventory.services.allocation import allocate_bins, release_bins
from inventory.services.levels import InsufficientStockError
from inventory.services.reservations import reserve_stock
from inventory.services.shipping import ShipItem, ship_stock
from tests.fixtures.inventory import LINE, bins, bring, held, level, need

pytestmark = pytest.mark.usefixtures("proven")


def item(sku, house, units, line, **changes):
    return ShipItem(LINE, line, sku.pk, house.pk, units, **changes)


def test_shipping_takes_promise_and_stock_together(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 3, line=1), need(a, house, 2, line=2)], now=now)

    shipped = ship_stock([item(a, house, 2, 1), item(a, house, 2, 2)], now=now)

    assert (shipped.entries, shipped.units) == (2, 4)
    assert held() == {1: 1}
    assert level(a, house) == (1, 1, 0)
    move = StockMove.objects.filter(for_id=1, for_type=LINE).get()
    assert (move.kind, move.quantity, move.unit_cost) == ("SHIPMENT", -2, 2)


def test_one_line_in_two_parcels(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 3, line=1)], now=now)

    ship_stock([item(a, house, 2, 1), item(a, house, 1, 1)], now=now)

    assert level(a, house) == (2, 0, 2)
    assert held() == {}


def test_units_beyond_the_promise_come_from_what_is_free(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 1, line=1), need(a, house, 2, line=2)], now=now)

    ship_stock([item(a, house, 3, 1)], now=now)

    assert held() == {2: 2}
    assert level(a, house) == (2, 2, 0)


def test_what_others_were_promised_is_refused(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 4, line=1)], now=now)

    with pytest.raises(InsufficientStockError) as caught:
        ship_stock([item(a, house, 2, 2)], now=now)

    assert caught.value.missing == {(a.pk, house.pk): 1}
    assert level(a, house) == (5, 4, 1)
    assert held() == {1: 4}


def test_the_bins_set_aside_are_the_ones_that_empty(goods, house, now):
    a = goods("A", 0)
    shelf = Location.objects.create(warehouse=house, code="S1")
    bring(a, house, 5)
    reserve_stock([need(a, house, 4, line=1)], now=now)
    allocate_bins([need(a, house, 4, line=1)], now=now)
    bring(a, house, 5, location_id=shelf.pk)

    ship_stock([item(a, house, 3, 1)], now=now)

    assert bins(a) == {("MAIN", ""): (2, 1), ("S1", ""): (5, 0)}
    assert Allocation.objects.values_list("quantity", flat=True).get() == 1
    assert held() == {1: 1}


def test_bins_set_aside_for_a_pick_line_serve_the_order_line(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 2, line=1)], now=now)
    pick = need(a, house, 2, line=77)
    allocate_bins([pick], now=now)

    ship_stock([item(a, house, 2, 1, picked_type=LINE, picked_id=77)], now=now)

    assert bins(a) == {("MAIN", ""): (3, 0)}
    assert level(a, house) == (3, 0, 3)


def test_first_expired_first_out_then_first_in(goods, house, now):
    a = goods("A", 0)
    late = Lot.objects.create(sku=a, code="L1", expires_on=date(2026, 12, 1))
    soon = Lot.objects.create(sku=a, code="L2", expires_on=date(2026, 4, 1))
    gone = Lot.objects.create(sku=a, code="L3", expires_on=date(2026, 3, 9))
    for lot in (late, soon, gone):
        bring(a, house, 2, lot_id=lot.pk)
    bring(a, house, 2)

    allocated = allocate_bins([need(a, house, 9, line=1)], now=now)

    codes = dict(Lot.objects.values_list("pk", "code"))
    assert [(codes[x.lot_id], x.quantity) for x in allocated] == [("L2", 2), ("L1", 2), ("", 2)]
    assert release_bins(LINE, [1], now=now) == 6
    assert Allocation.objects.count() == 0
    assert bins(a)["MAIN", "L2"] == (2, 0)


def test_quarantine_is_neither_set_aside_nor_shipped(goods, house, now):
    a = goods("A", 1)
    cage = Location.objects.create(warehouse=house, code="Q", kind="QUARANTINE")
    bring(a, house, 5, location_id=cage.pk)

    assert [x.quantity for x in allocate_bins([need(a, house, 3, line=1)], now=now)] == [1]
    with pytest.raises(InsufficientStockError):
        ship_stock([item(a, house, 2, 1)], now=now)
    assert level(a, house) == (6, 0, 1)


def test_the_statements_do_not_grow_with_the_items(
    goods, house, now, django_assert_max_num_queries
):
    skus = [goods(f"S{n}", 10) for n in range(20)]
    needs = [need(sku, house, 1, line=n) for n, sku in enumerate(skus)]
    reserve_stock(needs, now=now)
    allocate_bins(needs, now=now)

    with django_assert_max_num_queries(14):
        ship_stock([item(sku, house, 1, n) for n, sku in enumerate(skus)], now=now)

    assert held() == {}
