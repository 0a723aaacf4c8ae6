from decimal import Decimal
from functools import partial

import pytest

from backoffice.core.invariants import check_invariants
from inventory.models import BinStock, Location, StockCountLine, StockLevel, StockMove
from inventory.services.counted import Counted, count_stock
from inventory.services.counts import StartCount, start_counts
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, Transfer, post_moves, transfer_stock
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


def test_32_threads_of_all_sorts_on_20_skus(goods, house, now):
    """Receive, reserve, transfer and count at once: nothing waits for ever, nothing is oversold."""
    skus = [goods(f"S{n:02}", 10) for n in range(20)]
    shelf = Location.objects.create(warehouse=house, code="SHELF")
    main = Location.objects.get(warehouse=house, is_default=True)

    def work(worker):
        for turn in range(3):
            some = [skus[(worker * 7 + turn * 3 + n * 5) % 20] for n in range(4)]
            some = some if worker % 2 else some[::-1]
            kind = (worker + turn) % 4
            try:
                if kind == 0:
                    post_moves([Move("RECEIPT", s.pk, house.pk, 2) for s in some], now=now)
                elif kind == 1:
                    first = (worker * 10 + turn) * 10
                    needs = [need(s, house, 3, line=first + n) for n, s in enumerate(some)]
                    reserve_stock(needs, now=now)
                elif kind == 2:
                    moves = [Transfer(s.pk, 2, main.pk, shelf.pk) for s in some]
                    transfer_stock(moves, now=now)
                else:
                    count_one_less(house, some, now)
            except InsufficientStockError:
                continue  # Somebody else was first.

    results = at_once(*[partial(work, worker) for worker in range(32)])

    assert results == [None] * 32
    rows = StockLevel.objects.values_list("on_hand", "reserved")
    assert all(0 <= reserved <= on_hand for on_hand, reserved in rows)
    assert StockMove.objects.filter(kind="TRANSFER").exists()
    assert StockMove.objects.filter(kind="ADJUSTMENT").exists()
    assert check_invariants() == []


def count_one_less(house, some, now):
    """Count one unit less than the book had a moment ago in each bin."""
    command = StartCount(house.pk, sku_ids=[s.pk for s in some], tolerance_value=Decimal(10))
    for pk in start_counts([command], now=now).ids.get(0, ()):
        found = []
        for line in StockCountLine.objects.filter(stock_count=pk).order_by("position"):
            bin_ = BinStock.objects.get(sku=line.sku_id, location=line.location_id)
            found.append(Counted(max(0, bin_.on_hand - 1), line.pk))
        count_stock([pk], lines=found, now=now)


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
