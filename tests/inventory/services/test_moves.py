from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from backoffice.core.models import Event
from inventory.choices import MoveKind
from inventory.models import Location, StockLevel, StockMove, Warehouse
from inventory.services.allocation import allocate_bins
from inventory.services.levels import InsufficientStockError
from inventory.services.moves import Move, Transfer, post_moves, transfer_stock
from inventory.services.reservations import reserve_stock
from tests.fixtures.inventory import LINE, bins, bring, held, level, need

pytestmark = pytest.mark.usefixtures("proven")


def cost(sku, house):
    return StockLevel.objects.values_list("average_cost", flat=True).get(sku=sku, warehouse=house)


def test_receipts_average_the_cost_and_losses_go_at_it(goods, house, now):
    a = goods("A", 10, cost="2")
    bring(a, house, 5, cost="5")
    assert cost(a, house) == Decimal("3.0000")

    bring(a, house, -3)

    loss = StockMove.objects.latest("pk")
    assert (loss.kind, loss.quantity, loss.unit_cost) == ("ADJUSTMENT", -3, Decimal("3.0000"))
    assert cost(a, house) == Decimal("3.0000")
    assert level(a, house) == (12, 0, 12)


def test_a_return_without_cost_leaves_the_average(goods, house, now):
    a = goods("A", 4, cost="2.5")
    post_moves([Move(MoveKind.RETURN, a.pk, house.pk, 2)], now=now)

    assert cost(a, house) == Decimal("2.5000")
    assert StockMove.objects.latest("pk").unit_cost == Decimal("2.5000")


def test_the_default_bin_is_made_once(goods, house, now):
    a = goods("A", 4)
    goods("B", 4)

    place = Location.objects.get(warehouse=house)
    assert (place.code, place.kind, place.is_default) == ("MAIN", "STORAGE", True)
    assert bins(a) == {("MAIN", ""): (4, 0)}


def test_a_loss_releases_the_latest_promises_first(goods, house, now):
    a = goods("A", 10)
    for n in (1, 2, 3):
        reserve_stock([need(a, house, 3, line=n)], now=now + timedelta(minutes=n))

    bring(a, house, -5)

    assert held() == {1: 3, 2: 2}
    assert level(a, house) == (5, 5, 0)
    lost = Event.objects.get(kind="stock.reservations_lost")
    assert lost.data["lost"] == [
        {"for_type": LINE, "for_id": 3, "quantity": 3},
        {"for_type": LINE, "for_id": 2, "quantity": 1},
    ]


def test_a_loss_beyond_what_is_there_changes_nothing(goods, house, now):
    a = goods("A", 3)
    reserve_stock([need(a, house, 2, line=1)], now=now)

    with pytest.raises(InsufficientStockError) as caught:
        bring(a, house, -4)

    assert caught.value.missing == {(a.pk, house.pk): 1}
    assert level(a, house) == (3, 2, 1)
    assert held() == {1: 2}
    assert StockMove.objects.count() == 1


def test_a_loss_in_a_bin_releases_its_latest_allocations(goods, house, now):
    a = goods("A", 10)
    reserve_stock([need(a, house, 4, line=1), need(a, house, 4, line=2)], now=now)
    allocate_bins([need(a, house, 4, line=1)], now=now)
    allocate_bins([need(a, house, 4, line=2)], now=now + timedelta(minutes=1))

    bring(a, house, -3)

    assert bins(a) == {("MAIN", ""): (7, 7)}
    lost = Event.objects.get(kind="stock.allocations_lost")
    assert lost.data["lost"] == [{"for_type": LINE, "for_id": 2, "quantity": 1}]


def test_a_damaged_return_is_written_off_from_the_bin_it_came_to(goods, house, now):
    shelf = Location.objects.create(warehouse=house, code="S1")
    a = goods("A", 0)
    bring(a, house, 5, location_id=shelf.pk)

    post_moves(
        [
            Move(MoveKind.RETURN, a.pk, house.pk, 3, for_type="r", for_id=1),
            Move(MoveKind.WRITE_OFF, a.pk, house.pk, -1, for_type="r", for_id=1),
        ],
        now=now,
    )

    assert bins(a) == {("S1", ""): (5, 0), ("MAIN", ""): (2, 0)}


def test_quarantine_takes_units_from_what_can_be_promised(goods, house, now):
    a = goods("A", 5)
    reserve_stock([need(a, house, 3, line=1)], now=now)
    cage = Location.objects.create(warehouse=house, code="Q", kind="QUARANTINE")
    main = Location.objects.get(code="MAIN")

    transfer_stock([Transfer(a.pk, 4, main.pk, cage.pk)], now=now)

    assert level(a, house) == (5, 1, 0)
    assert held() == {1: 1}
    assert bins(a) == {("MAIN", ""): (1, 0), ("Q", ""): (4, 0)}

    transfer_stock([Transfer(a.pk, 4, cage.pk, main.pk)], now=now)

    assert level(a, house) == (5, 1, 4)
    assert Event.objects.filter(kind="stock.available").latest("pk").data["units"] == 4


def test_a_transfer_to_another_warehouse_takes_its_cost_along(goods, house, now):
    a = goods("A", 5, cost="2")
    other = Warehouse.objects.create(code="LIS", name="Lisbon", time_zone="Europe/Lisbon")
    shelf = Location.objects.create(warehouse=other, code="S1")
    bring(a, other, 1, cost="4", location_id=shelf.pk)

    transfer_stock([Transfer(a.pk, 3, Location.objects.get(code="MAIN").pk, shelf.pk)], now=now)

    assert level(a, house) == (2, 0, 2)
    assert level(a, other) == (4, 0, 4)
    assert cost(a, other) == Decimal("2.5000")


def test_a_bin_of_another_warehouse_is_refused(goods, house, now):
    a = goods("A", 5)
    other = Warehouse.objects.create(code="LIS", name="Lisbon")
    shelf = Location.objects.create(warehouse=other, code="S1")

    with pytest.raises(ValueError, match="another warehouse"):
        bring(a, house, 1, location_id=shelf.pk)

    assert level(a, house) == (5, 0, 5)


def test_the_ledger_refuses_change(goods, house):
    goods("A", 5)
    for change in (lambda q: q.update(quantity=1), lambda q: q._raw_delete(q.db)):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(StockMove.objects.all())


def test_what_comes_in_is_told_with_actor_and_reason(goods, house, now, actor):
    a = goods("A", 0)
    post_moves(
        [Move(MoveKind.ADJUSTMENT, a.pk, house.pk, 2)], now=now, reason="found behind the shelf"
    )

    move = StockMove.objects.get()
    assert (move.reason, move.actor_id) == ("found behind the shelf", actor.user_id)
    assert (move.occurred_at, move.origin) == (now, "LIVE")
