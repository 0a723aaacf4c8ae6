from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from inventory.models import (
    BinStock,
    CountPlan,
    Location,
    StockCount,
    StockCountLine,
    StockHealth,
    StockMove,
)
from inventory.services import counted, counts
from inventory.services.allocation import allocate_bins
from inventory.services.classes import classify_stock
from inventory.services.counted import Counted, approve_counts, count_stock, recount
from inventory.services.counts import StartCount, cancel_counts, plan_counts, start_counts
from inventory.services.picks import mark_picked
from inventory.services.places import no_lots
from inventory.services.reservations import reserve_stock
from inventory.services.shipping import ShipItem, ship_stock
from tests.fixtures.inventory import LINE, bins, bring, level, need

pytestmark = pytest.mark.usefixtures("proven")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def started(house, now):
    """Draw up one count of everything in the house; no difference but one unit is tolerated."""

    def run(**options):
        options = {"tolerance_value": Decimal(2)} | options
        result = start_counts([StartCount(house.pk, **options)], now=now)
        assert result.refused == {}
        [[pk]] = result.ids.values()
        return StockCount.objects.get(pk=pk)

    return run


@pytest.fixture
def somebody(db):
    user = User.objects.create(username="second", is_staff=True)
    return partial(acting, user.pk)


def count(stock_count, *units, at=None, now):
    lines = stock_count.lines.filter(status="OPEN").order_by("position")
    found = [Counted(n, line.pk, at=at) for n, line in zip(units, lines, strict=False)]
    return count_stock([stock_count.pk], lines=found, now=now)


def told(stock_count):
    stock_count.refresh_from_db()
    rows = stock_count.lines.order_by("position")
    return stock_count.status, list(rows.values_list("status", "counted", "expected", "difference"))


def test_what_is_within_tolerance_is_posted_at_once(goods, house, started, now):
    a, b = goods("A", 5), goods("B", 7)
    stock_count = started()

    assert count(stock_count, 5, 6, now=now).moved == [stock_count.pk]

    assert told(stock_count) == ("DONE", [("POSTED", 5, 5, 0), ("POSTED", 6, 7, -1)])
    assert (level(a, house), level(b, house)) == ((5, 0, 5), (6, 0, 6))
    move = StockMove.objects.get(for_type=counted.LINE)
    line = stock_count.lines.get(sku=b)
    assert (move.kind, move.quantity, move.for_id) == ("ADJUSTMENT", -1, line.pk)
    assert set(BinStock.objects.values_list("counted_at", flat=True)) == {now}
    assert [
        e.kind for e in Event.objects.filter(kind__startswith="stock_count").order_by("pk")
    ] == [*("stock_count.started", "stock_count.counted", "stock_count.finished")]


def test_more_than_that_waits_for_a_second_person(goods, house, started, somebody, now):
    a = goods("A", 9)
    stock_count = started()
    count(stock_count, 6, now=now)
    assert told(stock_count) == ("REVIEW", [("REVIEW", 6, 9, -3)])
    assert level(a, house) == (9, 0, 9)

    mine = approve_counts([stock_count.pk], now=now)
    with somebody():
        theirs = approve_counts([stock_count.pk], now=now)

    assert mine.blocked == {stock_count.pk: [counted.SAME_PERSON]}
    assert theirs.moved == [stock_count.pk]
    assert told(stock_count) == ("DONE", [("POSTED", 6, 9, -3)])
    assert level(a, house) == (6, 0, 6)


def test_a_recount_is_blind_and_two_who_agree_are_believed(goods, house, started, somebody, now):
    a = goods("A", 9)
    stock_count = started()
    count(stock_count, 6, now=now)
    assert recount([stock_count.pk], now=now).moved == [stock_count.pk]
    assert told(stock_count) == ("OPEN", [("OPEN", None, None, None)])
    count(stock_count, 6, now=now)
    assert told(stock_count)[0] == "REVIEW"

    recount([stock_count.pk], now=now)
    with somebody():
        count(stock_count, 6, now=now)

    assert told(stock_count) == ("DONE", [("POSTED", 6, 9, -3)])
    assert stock_count.lines.get().turn == 3
    assert level(a, house) == (6, 0, 6)


def test_stock_moves_while_it_is_counted(goods, house, started, somebody, now):
    """Counted at one minute; before and after it units come, go and are picked."""
    a = goods("A", 9)
    stock_count = started()
    reserve_stock([need(a, house, 2, line=1), need(a, house, 1, line=2)], now=now)
    allocate_bins([need(a, house, 2, line=1), need(a, house, 1, line=2)], now=now)
    mark_picked(LINE, [1], now=now + 0.5 * MINUTE)
    mark_picked(LINE, [2], now=now + 2 * MINUTE)
    items = [ShipItem(LINE, n, a.pk, house.pk, units) for n, units in ((1, 2), (2, 1))]
    ship_stock(items[:1], now=now + 3 * MINUTE)
    bring(a, house, 5, at=now + 3 * MINUTE)

    # In the bin at one minute lay 9 − 2 picked = 7.
    count(stock_count, 4, at=now + MINUTE, now=now + 4 * MINUTE)

    assert told(stock_count) == ("REVIEW", [("REVIEW", 4, 7, -3)])
    ship_stock(items[1:], now=now + 5 * MINUTE)
    bring(a, house, -1, at=now + 0.2 * MINUTE)
    with somebody():
        approve_counts([stock_count.pk], now=now + 6 * MINUTE)
    # One of the three was told of late: the ledger has it by itself.
    assert told(stock_count) == ("DONE", [("POSTED", 4, 6, -2)])
    assert level(a, house) == (9 - 2 - 1 + 5 - 1 - 2, 0, 8)


def test_a_loss_leaves_alone_what_was_picked(goods, house, started, somebody, now):
    a = goods("A", 5)
    for line in (1, 2):
        reserve_stock([need(a, house, 2, line=line)], now=now)
        allocate_bins([need(a, house, 2, line=line)], now=now)
    mark_picked(LINE, [2], now=now)
    stock_count = started()

    count(stock_count, 1, now=now + MINUTE)
    with somebody():
        approve_counts([stock_count.pk], now=now + MINUTE)

    assert level(a, house) == (3, 3, 0)
    assert bins(a) == {("MAIN", ""): (3, 3)}
    [lost] = Event.objects.filter(kind="stock.allocations_lost")
    assert lost.data["lost"] == [{"for_type": LINE, "for_id": 1, "quantity": 1}]


def test_what_lies_there_unexpected_is_added(goods, house, new_sku, started, now):
    a, stray = goods("A", 5), goods("S", 0)
    bin_ = Location.objects.get(warehouse=house)
    lot = no_lots([stray.pk])[stray.pk]
    stock_count = started(tolerance_value=Decimal(0))
    found = [Counted(5, stock_count.lines.get().pk), Counted(1, None, stray.pk, bin_.pk, lot)]

    assert count_stock([stock_count.pk], lines=found, now=now).moved == [stock_count.pk]

    assert told(stock_count) == ("DONE", [("POSTED", 5, 5, 0), ("POSTED", 1, 0, 1)])
    assert (level(a, house), level(stray, house)) == ((5, 0, 5), (1, 0, 1))


def test_sending_twice_counts_once(goods, house, started, now):
    a = goods("A", 5)
    goods("B", 1)
    stock_count = started()
    line = stock_count.lines.get(sku=a).pk

    first = count_stock([stock_count.pk], lines=[Counted(4, line)], now=now)
    again = count_stock([stock_count.pk], lines=[Counted(4, line)], now=now)
    other = count_stock([stock_count.pk], lines=[Counted(3, line)], now=now)

    assert first.moved == again.moved == [stock_count.pk]
    assert other.blocked == {stock_count.pk: [counted.COUNTED]}
    assert level(a, house) == (4, 0, 4)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda line, now: [Counted(-1, line)], counted.NEGATIVE),
        (lambda line, now: [Counted(1, line), Counted(1, line)], counted.TWICE),
        (lambda line, now: [Counted(1, 0)], counted.NO_LINE),
        (lambda line, now: [Counted(1, None, 1, 1, 1)], counted.NO_LINE),
        (lambda line, now: [Counted(1, line, at=now + MINUTE)], counted.WRONG_TIME),
        (lambda line, now: [Counted(1, line, at=now - MINUTE)], counted.WRONG_TIME),
    ],
)
def test_what_cannot_be_counted_is_refused(goods, started, now, make, why):
    goods("A", 5)
    stock_count = started()

    outcome = count_stock([stock_count.pk], lines=make(stock_count.lines.get().pk, now), now=now)

    assert outcome.blocked == {stock_count.pk: [why]}
    assert told(stock_count) == ("OPEN", [("OPEN", None, None, None)])


def test_less_is_left_than_the_difference(goods, house, started, somebody, now):
    a = goods("A", 9)
    stock_count = started()
    count(stock_count, 2, now=now)
    bring(a, house, -5, at=now + MINUTE)

    with somebody():
        outcome = approve_counts([stock_count.pk], now=now + 2 * MINUTE)

    assert outcome.blocked == {stock_count.pk: [counted.MOVED]}
    assert level(a, house) == (4, 0, 4)


def test_a_bin_is_in_one_count_at_a_time_until_it_is_called_off(goods, house, started, now):
    goods("A", 5)
    stock_count = started()

    refused = start_counts([StartCount(house.pk), StartCount(0)], now=now).refused
    assert refused == {0: [counts.NOTHING], 1: [counts.NO_WAREHOUSE]}
    cancel_counts([stock_count.pk], now=now)
    assert told(stock_count) == ("CANCELLED", [("DROPPED", None, None, None)])
    assert start_counts([StartCount(house.pk)], now=now).refused == {}


def test_long_walks_are_cut_in_walking_order(goods, house, now):
    a = goods("A", 0)
    for n in range(43):
        place = Location.objects.create(warehouse=house, code=f"B{n:02}", pick_order=100 - n)
        bring(a, house, 1, location_id=place.pk)

    [ids] = start_counts([StartCount(house.pk)], now=now).ids.values()

    first, second = StockCount.objects.order_by("pk")
    assert [first.pk, second.pk] == ids
    codes = first.lines.order_by("position").values_list("location__code", flat=True)
    assert list(codes)[:2] == ["B42", "B41"]
    assert (first.lines.count(), second.lines.count()) == (40, 3)


def test_a_plan_counts_its_share_of_every_day(goods, house, now):
    for n in range(4):
        goods(f"A{n}", 5)
    plan = CountPlan.objects.create(warehouse=house, every_days=2)

    assert len(plan_counts([house.pk], now=now)) == 1
    assert plan_counts([house.pk], now=now) == []
    first = StockCount.objects.get()
    assert (first.plan, first.lines.count()) == (plan, 2)
    count(first, 5, 5, now=now)
    tomorrow = now + timedelta(days=1)
    plan_counts([house.pk], now=tomorrow)

    rest = StockCountLine.objects.filter(status="OPEN").values_list("sku__code", flat=True)
    assert sorted(rest) == ["A2", "A3"]
    # What waits is not drawn up again, however often the day turns.
    assert plan_counts([house.pk], now=now + timedelta(days=2)) != []
    assert StockCountLine.objects.filter(status="OPEN").count() == 4


def test_a_plan_takes_its_class(goods, house, now):
    for code, units in (("A", 90), ("B", 8), ("C", 2)):
        sku = goods(code, units + 5)
        ship_stock([ShipItem(LINE, sku.pk, sku.pk, house.pk, units)], now=now - timedelta(days=1))
    assert classify_stock([house.pk], now=now) == 3
    assert list(StockHealth.objects.order_by("sku__code").values_list("abc", flat=True)) == [
        *("A", "B", "C")
    ]
    CountPlan.objects.create(warehouse=house, abc_class="B", every_days=1)
    CountPlan.objects.create(warehouse=house, every_days=1)

    plan_counts([house.pk], now=now)

    rows = StockCountLine.objects.values_list("stock_count__plan__abc_class", "sku__code")
    assert sorted(rows) == [("", "A"), ("", "C"), ("B", "B")]
