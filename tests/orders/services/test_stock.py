import pytest

from inventory.models import Reservation, StockLevel
from inventory.services.moves import Move, post_moves
from orders.models import Order, OrderLine
from orders.services.fulfilment import LineUnits, record_delivered, record_shipped
from orders.services.lifecycle import cancel_orders, confirm_orders, release_orders
from orders.services.returns import (
    ReceivedLine,
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)
from tests.fixtures.orders import add_stock, lines

pytestmark = pytest.mark.usefixtures("proven")


def level(sku):
    return StockLevel.objects.values_list("on_hand", "reserved").get(sku=sku)


def test_confirming_reserves(place, stocked, now):
    sku = stocked("A", 5)
    order = place(lines=lines(("A", 3)))

    assert confirm_orders([order.pk], now=now).moved == [order.pk]

    order.refresh_from_db()
    assert (order.reserved_quantity, order.short_quantity) == (3, 0)
    assert level(sku) == (5, 3)


def test_the_same_sku_on_two_lines_is_summed(place, stocked, now):
    sku = stocked("A", 3)
    order = place(lines=lines(("A", 2), ("A", 2)))

    outcome = confirm_orders([order.pk], now=now)

    assert [str(r) for r in outcome.blocked[order.pk]] == ["1 × A missing from stock."]
    order.refresh_from_db()
    assert (order.status, order.short_quantity, level(sku)) == ("PENDING", 4, (3, 0))


def test_a_backorder_waits_and_is_filled_when_stock_arrives(place, channel, stocked, drain, now):
    type(channel).objects.update(allows_backorders=True, releases_by_itself=True)
    sku = stocked("A", 1)
    order = place(lines=lines(("A", 3)))
    confirm_orders([order.pk], now=now)
    drain()
    order.refresh_from_db()
    assert (order.status, order.reserved_quantity, order.short_quantity) == ("CONFIRMED", 1, 2)

    add_stock(sku, channel.warehouse_id, 5)
    drain()

    order.refresh_from_db()
    assert (order.status, order.reserved_quantity, order.short_quantity) == ("RELEASED", 3, 0)


def test_stock_that_came_back_before_its_loss_was_told_is_promised_again(
    place, channel, stocked, drain, now
):
    sku = stocked("A", 3)
    order = place(lines=lines(("A", 3)))
    confirm_orders([order.pk], now=now)
    post_moves([Move("WRITE_OFF", sku.pk, channel.warehouse_id, -2)], now=now)
    add_stock(sku, channel.warehouse_id, 2)

    drain()

    order.refresh_from_db()
    assert (order.reserved_quantity, order.short_quantity, level(sku)) == (3, 0, (3, 3))


def test_arrived_stock_confirms_what_was_short(place, channel, stocked, drain, now):
    type(channel).objects.update(confirms_by_itself=True)
    sku = stocked("A", 0)
    order = place(lines=lines(("A", 1)))
    drain()
    order.refresh_from_db()
    assert order.status == "PENDING"

    add_stock(sku, channel.warehouse_id, 1)
    drain()

    order.refresh_from_db()
    assert order.status == "CONFIRMED"


def test_cancelling_gives_the_stock_back(place, stocked, drain, now):
    sku = stocked("A", 5)
    order = place(lines=lines(("A", 3)))
    confirm_orders([order.pk], now=now)

    cancel_orders([order.pk], now=now)

    assert level(sku) == (5, 0)
    assert Reservation.objects.filter(quantity__gt=0).count() == 0


@pytest.fixture
def delivered(place, now) -> Order:
    """An order of three untracked units that arrived."""
    order = place(lines=lines(("S-UNTRACKED", 3)))
    confirm_orders([order.pk], now=now)
    release_orders([order.pk], now=now)
    line = order.lines.get()
    record_shipped([LineUnits(line.pk, 3)], now=now)
    record_delivered([LineUnits(line.pk, 3)], now=now)
    return order


def test_returns_cannot_exceed_what_was_delivered(delivered, now):
    line = delivered.lines.get()

    first = request_returns([RequestReturn(delivered.pk, [RequestedLine(line.pk, 2)])], now=now)
    second = request_returns([RequestReturn(delivered.pk, [RequestedLine(line.pk, 2)])], now=now)

    assert list(first.created) == [0]
    assert second.refused == {0: ["Only 1 delivered units are left to return."]}


def test_receiving_counts_by_condition_and_tells_the_amount(delivered, now):
    from backoffice.core.models import Event

    line = delivered.lines.get()
    made = request_returns([RequestReturn(delivered.pk, [RequestedLine(line.pk, 2)])], now=now)
    return_line = line.return_lines.get()

    receive_returns(
        [made.created[0]], now=now, received=[ReceivedLine(return_line.pk, sellable=1, damaged=1)]
    )

    assert OrderLine.objects.get(pk=line.pk).returned == 2
    event = Event.objects.get(kind="return.received")
    assert event.data == {"gross": "20.00", "lines": {str(line.pk): "20.00"}}


def test_more_than_requested_is_refused_and_changes_nothing(delivered, now):
    line = delivered.lines.get()
    made = request_returns([RequestReturn(delivered.pk, [RequestedLine(line.pk, 2)])], now=now)
    return_line = line.return_lines.get()

    with pytest.raises(ValueError, match="More came back"):
        receive_returns(
            [made.created[0]], now=now, received=[ReceivedLine(return_line.pk, sellable=3)]
        )

    assert OrderLine.objects.get(pk=line.pk).returned == 0
