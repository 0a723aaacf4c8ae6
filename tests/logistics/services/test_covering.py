"""What becomes of shipments whose goods are lost from stock, at every stage."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from backoffice.core.models import Event
from inventory.choices import MoveKind
from inventory.models import Allocation, BinStock, Location, Sku
from inventory.services.moves import Move, post_moves
from logistics.models import Parcel, PickLine, PickList, Shipment
from logistics.services.cancelling import cancel_shipments
from logistics.services.covering import cover_shipments
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import pack_whole
from logistics.services.picking import confirm_picks, create_pick_lists
from logistics.states import UNCOVERED
from logistics.tasks import plan_waiting
from orders.models import Order
from tests.fixtures.logistics import SHIPPED

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def change(warehouse, channel) -> Callable[..., None]:
    """Bring units of a SKU into a bin, or lose them from there."""

    def run(units: int, bin_: str = "", code: str = "A") -> None:
        place = None
        if bin_:
            place, _ = Location.objects.get_or_create(warehouse=channel.warehouse, code=bin_)
        kind = MoveKind.RECEIPT if units > 0 else MoveKind.WRITE_OFF
        sku = Sku.objects.get(code=code).pk
        where = place.pk if place else None
        move = Move(kind, sku, channel.warehouse_id, units, where, unit_cost=None)
        post_moves([move], now=warehouse.now)

    return run


@pytest.fixture
def being_picked(ordered, warehouse, drain) -> Callable[..., Shipment]:
    """Place an order and list its units for picking."""

    def run(units: int = 3, external_id: str = "1") -> Shipment:
        order = ordered(units=units, on_hand=units, external_id=external_id)
        warehouse.release(order)
        drain()
        shipment = Shipment.objects.get(order=order)
        assert create_pick_lists([shipment.pk], now=warehouse.now).moved == [shipment.pk]
        return shipment

    return run


@pytest.fixture
def packed(being_picked, warehouse) -> Callable[..., Parcel]:
    """Place an order, pick and pack its units."""

    def run(**values: object) -> Parcel:
        shipment = being_picked(**values)
        confirm_picks(list(PickList.objects.values_list("pk", flat=True)), now=warehouse.now)
        return warehouse.pack(shipment)[0]

    return run


def picks() -> dict[str, int]:
    """Return the units to be picked by bin."""
    return dict(PickLine.objects.values_list("location__code", "quantity"))


def aside() -> dict[str, int]:
    """Return the units set aside by bin."""
    return dict(Allocation.objects.values_list("location__code", "quantity"))


def units(shipment: Shipment) -> int:
    """Return the units of a shipment of one line."""
    return shipment.lines.get().quantity


def default_bin() -> str:
    return BinStock.objects.order_by("pk").first().location.code


def test_a_planned_shipment_shrinks_with_its_promise(ordered, warehouse, change, drain):
    order = ordered(units=3, on_hand=3)
    warehouse.release(order)
    drain()

    change(-2)
    drain()

    assert units(Shipment.objects.get()) == 1
    order.refresh_from_db()
    assert (order.reserved_quantity, order.short_quantity) == (1, 2)


def test_a_lost_pick_gets_another_bin(being_picked, change, warehouse, drain):
    shipment = being_picked(3)
    first = default_bin()
    change(5, "B-2")

    change(-2, first)
    drain()

    assert picks() == aside() == {first: 1, "B-2": 2}
    assert units(shipment) == 3
    [pick_list] = PickList.objects.all()
    assert (pick_list.status, pick_list.version) == ("OPEN", 1)
    assert Event.objects.filter(kind="pick_list.changed").count() == 1
    assert confirm_picks([pick_list.pk], now=warehouse.now).moved == [pick_list.pk]
    [parcel] = warehouse.pack(shipment)
    warehouse.hand_over(parcel)
    order = Order.objects.get()
    assert (order.shipped_quantity, order.short_quantity) == (3, 0)


def test_a_pick_that_finds_no_bin_waits_for_stock(being_picked, change, warehouse, drain):
    shipment = being_picked(3)

    change(-2)
    drain()

    assert (units(shipment), list(picks().values()), list(aside().values())) == (1, [1], [1])
    order = Order.objects.get()
    assert (order.reserved_quantity, order.short_quantity) == (1, 2)
    assert Event.objects.get(kind="shipment.trimmed").data == {"units": 2}
    change(5)
    drain()
    rest = Shipment.objects.get(status="PLANNED")
    assert units(rest) == 2
    assert Order.objects.get().short_quantity == 0


def test_a_pick_that_lost_everything_is_called_off(being_picked, change, drain):
    shipment = being_picked(3)

    change(-3)
    drain()

    shipment.refresh_from_db()
    assert shipment.status == "CANCELLED"
    assert PickList.objects.get().status == "CANCELLED"
    assert not Allocation.objects.exists()
    order = Order.objects.get()
    assert (order.status, order.short_quantity, order.picking_started_at) == ("RELEASED", 3, None)


def test_the_younger_promise_gives_its_bin_to_the_older_pick(
    being_picked, ordered, warehouse, change, drain
):
    older = being_picked(3)
    first = default_bin()
    change(3, "B-2")
    order = ordered(units=3, external_id="2")
    warehouse.release(order)
    drain()
    younger = Shipment.objects.get(order=order)
    create_pick_lists([younger.pk], now=warehouse.now)
    assert aside() == {first: 3, "B-2": 3}

    change(-3, first)
    drain()

    # The older one's pick is planned again, on the bins that the younger one gave back.
    younger.refresh_from_db()
    older.refresh_from_db()
    order.refresh_from_db()
    assert (younger.status, order.short_quantity) == ("CANCELLED", 3)
    again = Shipment.objects.get(status="PLANNED")
    assert (again.order_id, units(again), older.status) == (older.order_id, 3, "CANCELLED")
    assert Order.objects.get(pk=older.order_id).short_quantity == 0
    create_pick_lists([again.pk], now=warehouse.now)
    assert aside() == {"B-2": 3}


def test_what_is_packed_takes_other_bins(packed, change, warehouse, drain):
    parcel = packed()
    first = default_bin()
    change(5, "B-2")

    change(-2, first)
    drain()

    assert aside() == {first: 1, "B-2": 2}
    assert Shipment.objects.get().uncovered_quantity == 0
    warehouse.hand_over(parcel)


def test_scans_that_came_before_the_handover_count_after_it(packed, change, warehouse, drain):
    parcel = packed()
    change(-1)
    drain()
    warehouse.deliver(parcel)
    parcel.refresh_from_db()
    assert (parcel.status, parcel.shipped_at) == ("LABELLED", None)

    change(4)
    drain()
    warehouse.hand_over(parcel)
    drain()

    parcel.refresh_from_db()
    assert (parcel.status, parcel.delivered_at) == ("DELIVERED", SHIPPED + timedelta(days=2))
    order = Order.objects.get()
    assert (order.delivered_quantity, order.fulfilment_status) == (3, "DELIVERED")


def test_what_is_packed_is_held_until_stock_covers_it(packed, change, warehouse, drain):
    parcel = packed()

    change(-1)
    # The lock tells before the event is handled.
    assert list(hand_over_parcels([parcel.pk], now=SHIPPED).blocked) == [parcel.pk]
    drain()

    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.uncovered_quantity, shipment.version) == ("PACKED", 1, 3)
    assert Event.objects.get(kind="shipment.uncovered").data == {"units": 1}
    assert hand_over_parcels([parcel.pk], now=SHIPPED).blocked == {parcel.pk: [UNCOVERED]}
    assert Order.objects.get().short_quantity == 1

    change(4)
    drain()
    shipment.refresh_from_db()
    assert (shipment.uncovered_quantity, units(shipment)) == (0, 3)
    assert Event.objects.filter(kind="shipment.covered").count() == 1
    assert Shipment.objects.count() == 1
    warehouse.hand_over(parcel)
    assert Order.objects.get().shipped_quantity == 3


def test_what_is_held_goes_back_by_hand(packed, change, warehouse, drain):
    parcel = packed()
    change(-1)
    drain()

    assert cancel_shipments([parcel.shipment_id], now=SHIPPED).blocked == {}
    drain()

    assert Shipment.objects.get().uncovered_quantity == 0
    [again] = warehouse.plan(Order.objects.get())
    assert units(again) == 2


def test_what_is_picked_and_lost_is_not_packed(being_picked, change, warehouse, drain):
    shipment = being_picked(3)
    confirm_picks([PickList.objects.get().pk], now=warehouse.now)

    change(-1)
    drain()

    assert pack_whole([shipment.pk], now=warehouse.now).blocked == {shipment.pk: [UNCOVERED]}


def test_what_is_held_is_looked_at_again(packed, change, drain):
    packed()
    change(-1)
    change(1)
    drain()
    # As if the bin had become free without an event.
    Shipment.objects.update(uncovered_quantity=1)

    plan_waiting()

    assert Shipment.objects.get().uncovered_quantity == 0


def test_looking_again_changes_nothing(being_picked, packed, change, warehouse, drain):
    being_picked(3)
    change(-1)
    drain()
    before = (picks(), aside(), Event.objects.count())

    assert cover_shipments([Order.objects.get().pk], now=warehouse.now) == []

    assert (picks(), aside(), Event.objects.count()) == before
