from datetime import timedelta

import pytest

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from inventory.models import Allocation, StockLevel, StockMove
from logistics.carriers.base import Label
from logistics.models import LabelRequest, Parcel, PickLine, PickList, Shipment, Tracking
from logistics.services.cancelling import cancel_shipments
from logistics.services.handover import hand_over_parcels
from logistics.services.labels import LabelAnswer, claim_labels, record_labels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.picking import confirm_picks, create_pick_lists
from orders.models import OrderLine
from orders.services.lifecycle import cancel_orders
from tests.fixtures.logistics import SHIPPED
from tests.fixtures.orders import add_stock, lines

pytestmark = pytest.mark.usefixtures("proven")


def kinds(order):
    return list(
        Event.objects.filter(order_id=order.pk).order_by("pk").values_list("kind", flat=True)
    )


def level(code="A"):
    return StockLevel.objects.values_list("on_hand", "reserved").get(sku__code=code)


def test_an_order_goes_through_the_warehouse_to_the_door(ordered, warehouse, drain):
    order = ordered(units=2, on_hand=10)
    warehouse.release(order)
    drain()

    shipment = Shipment.objects.get(order=order)
    assert (shipment.status, shipment.lines.get().quantity) == ("PLANNED", 2)
    warehouse.pick(shipment)
    shipment.refresh_from_db()
    assert (shipment.status, shipment.picked_at) == ("PICKING", warehouse.now)
    assert Allocation.objects.get().quantity == 2
    (parcel,) = warehouse.pack(shipment)
    assert (parcel.status, parcel.tracking_number) == ("LABELLED", f"T{parcel.pk}")
    assert not LabelRequest.objects.exists()
    assert level() == (10, 2)

    warehouse.hand_over(parcel)
    assert level() == (8, 0)
    assert StockMove.objects.get(kind="SHIPMENT").quantity == -2
    assert not Allocation.objects.exists()
    order.refresh_from_db()
    assert (order.fulfilment_status, order.shipped_at) == ("SHIPPED", SHIPPED)
    assert Tracking.objects.get().next_poll_at == SHIPPED + timedelta(minutes=30)

    warehouse.deliver(parcel, at=SHIPPED + timedelta(days=2))
    drain()
    order.refresh_from_db()
    shipment.refresh_from_db()
    assert (order.status, order.fulfilment_status) == ("COMPLETED", "DELIVERED")
    assert order.delivered_at == SHIPPED + timedelta(days=2)
    assert (shipment.status, shipment.delivered_at) == ("DELIVERED", order.delivered_at)
    assert [kind for kind in kinds(order) if kind != "invoice.issued"] == [
        "order.placed",
        "order.confirmed",
        "order.released",
        "shipment.planned",
        "shipment.picking",
        "order.picking_started",
        "shipment.picked",
        "shipment.packed",
        "parcel.labelled",
        "parcel.shipped",
        "shipment.shipped",
        "order.shipped",
        "parcel.delivered",
        "shipment.delivered",
        "order.delivered",
        "order.completed",
    ]


def test_several_parcels_leave_and_arrive_on_their_own(ordered, warehouse, drain):
    order = ordered(units=5)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    warehouse.pick(shipment)
    line = shipment.lines.get().pk
    parcels = [
        NewParcel({line: 2}, tracking_number="X1"),
        NewParcel({line: 3}, tracking_number="X2", weight_grams=900),
    ]
    packed = pack_shipments([PackShipment(shipment.pk, parcels)], now=warehouse.now)
    first, second = Parcel.objects.filter(pk__in=packed.parcel_ids[shipment.pk]).order_by("pk")

    warehouse.hand_over(first)
    shipment.refresh_from_db()
    order.refresh_from_db()
    assert (shipment.status, order.fulfilment_status) == ("PACKED", "PARTIALLY_SHIPPED")
    warehouse.deliver(first)
    warehouse.hand_over(second, at=SHIPPED + timedelta(hours=1))
    shipment.refresh_from_db()
    assert shipment.status == "SHIPPED"
    warehouse.deliver(second, at=SHIPPED + timedelta(days=3))

    shipment.refresh_from_db()
    order.refresh_from_db()
    assert (shipment.status, order.delivered_quantity) == ("DELIVERED", 5)
    assert order.delivered_at == SHIPPED + timedelta(days=3)


def test_parcels_have_to_hold_each_unit_once(ordered, warehouse):
    order = ordered(units=3)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    warehouse.pick(shipment)
    line = shipment.lines.get().pk

    for parcels in (
        [NewParcel({line: 2})],
        [NewParcel({line: 4})],
        [NewParcel(), NewParcel()],
        [NewParcel({line: 4}), NewParcel({line: -1})],
        [NewParcel({line: 3}), NewParcel({})],
        [],
    ):
        packed = pack_shipments([PackShipment(shipment.pk, parcels)], now=warehouse.now)
        assert list(packed.blocked) == [shipment.pk]
    assert not Parcel.objects.exists()
    shipment.refresh_from_db()
    assert shipment.status == "PICKING"


def test_a_tracking_number_is_used_once(ordered, warehouse):
    orders = [ordered(units=1, external_id=str(n)) for n in range(3)]
    warehouse.release(*orders)
    shipments = warehouse.plan(*orders)
    warehouse.pick(*shipments)
    packed = pack_shipments(
        [PackShipment(s.pk, [NewParcel(tracking_number="SAME")]) for s in shipments],
        now=warehouse.now,
    )
    assert packed.moved == [shipments[0].pk]
    assert set(packed.blocked) == {shipments[1].pk, shipments[2].pk}


def test_what_is_not_picked_is_not_packed(ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    packed = pack_shipments([PackShipment(shipment.pk)], now=warehouse.now)
    assert list(packed.blocked) == [shipment.pk]


def test_carriers_hear_of_demo_orders_and_never_of_imported_ones(
    ordered, warehouse, carrier_account
):
    made = {}
    for origin in ("DEMO", "IMPORT"):
        with acting_job("importer", origin=origin):
            made[origin] = ordered(external_id=origin)
    # From here on live staff and jobs work.
    warehouse.release(*made.values())
    shipments = warehouse.plan(*made.values())
    lists = create_pick_lists([s.pk for s in shipments], now=warehouse.now).pick_list_ids
    assert dict(PickList.objects.values_list("origin", "pk")) == dict(zip(made, lists, strict=True))
    confirm_picks(lists, now=warehouse.now)
    warehouse.pack(*shipments, label=False)
    parcels = {p.origin: p for p in Parcel.objects.all()}
    assert set(parcels) == {"DEMO", "IMPORT"}
    assert LabelRequest.objects.get().parcel == parcels["DEMO"]
    [job] = claim_labels(now=warehouse.now)
    record_labels([LabelAnswer(job.parcel_id, Label("T1"))], now=warehouse.now)

    Parcel.objects.filter(origin="IMPORT").update(status="LABELLED", tracking_number="T2")
    warehouse.hand_over(*parcels.values())
    watched = Tracking.objects.exclude(next_poll_at=None)
    assert list(watched.values_list("parcel", flat=True)) == [parcels["DEMO"].pk]


def test_planning_again_plans_nothing(ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    assert len(warehouse.plan(order)) == 1
    assert warehouse.plan(order) == []


def test_a_filled_back_order_gets_a_shipment_of_its_own(ordered, warehouse, channel, drain):
    channel.allows_backorders = channel.ships_partially = True
    channel.save()
    order = ordered(units=5, on_hand=2)
    warehouse.release(order)
    drain()
    (first,) = Shipment.objects.filter(order=order)
    assert first.lines.get().quantity == 2
    warehouse.pick(first)
    warehouse.hand_over(*warehouse.pack(first))

    line = order.lines.get()
    add_stock(line.sku, channel.warehouse_id, 4)
    drain()

    second = Shipment.objects.filter(order=order).latest("pk")
    assert second.lines.get().quantity == 3
    warehouse.pick(second)
    parcels = warehouse.pack(second)
    warehouse.hand_over(*parcels)
    order.refresh_from_db()
    assert (order.shipped_quantity, order.fulfilment_status) == (5, "SHIPPED")
    assert level() == (1, 0)


def test_untracked_lines_leave_without_picking(place, warehouse):
    order = place()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    assert (shipment.warehouse_id, shipment.seller_id) == (None, None)
    assert list(create_pick_lists([shipment.pk], now=warehouse.now).blocked) == [shipment.pk]
    (parcel,) = warehouse.pack(shipment)
    order.refresh_from_db()
    assert order.picking_started_at == warehouse.now
    warehouse.hand_over(parcel)
    warehouse.deliver(parcel)
    order.refresh_from_db()
    assert order.delivered_quantity == 2


def test_a_short_pick_is_written_off_and_waits_for_stock(ordered, warehouse, channel, drain):
    channel.allows_backorders = channel.ships_partially = True
    channel.save()
    order = ordered(units=3, on_hand=3)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    made = create_pick_lists([shipment.pk], now=warehouse.now)
    pick = PickLine.objects.get()

    confirm_picks(made.pick_list_ids, now=warehouse.now, picked={pick.pk: 1})
    drain()

    assert shipment.lines.get().quantity == 1
    assert level() == (1, 1)
    assert StockMove.objects.get(kind="ADJUSTMENT").quantity == -2
    order.refresh_from_db()
    assert (order.short_quantity, order.reserved_quantity) == (2, 1)
    assert Shipment.objects.filter(order=order).exclude(status="CANCELLED").count() == 1
    warehouse.hand_over(*warehouse.pack(shipment))
    add_stock(order.lines.get().sku, channel.warehouse_id, 5)
    drain()
    rest = Shipment.objects.get(order=order, status="PLANNED")
    assert rest.lines.get().quantity == 2


def test_a_short_pick_with_stock_elsewhere_is_planned_again(ordered, warehouse, channel, drain):
    order = ordered(units=3, on_hand=9)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    made = create_pick_lists([shipment.pk], now=warehouse.now)

    confirm_picks(made.pick_list_ids, now=warehouse.now, picked={PickLine.objects.get().pk: 0})
    drain()

    shipment.refresh_from_db()
    assert shipment.status == "CANCELLED"
    again = Shipment.objects.get(order=order, status="PLANNED")
    assert again.lines.get().quantity == 3
    assert level() == (6, 3)
    order.refresh_from_db()
    assert order.picking_started_at is None
    warehouse.pick(again)
    warehouse.hand_over(*warehouse.pack(again))
    assert level() == (3, 0)


def test_more_than_listed_cannot_be_picked(ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    made = create_pick_lists([shipment.pk], now=warehouse.now)
    refused = confirm_picks(
        made.pick_list_ids, now=warehouse.now, picked={PickLine.objects.get().pk: 3}
    )
    assert list(refused.blocked) == made.pick_list_ids
    assert PickLine.objects.get().picked is None


def test_cancelling_an_order_calls_its_planned_shipments_off(ordered, warehouse, drain):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    assert cancel_orders([order.pk], now=warehouse.now).moved == [order.pk]
    drain()
    shipment.refresh_from_db()
    assert shipment.status == "CANCELLED"
    assert Shipment.objects.count() == 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_called_off_shipment_frees_order_and_bins(ordered, warehouse, drain, packed):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    made = create_pick_lists([shipment.pk], now=warehouse.now)
    if packed:
        confirm_picks(made.pick_list_ids, now=warehouse.now)
        warehouse.pack(shipment, label=False)
    assert list(cancel_orders([order.pk], now=warehouse.now).blocked) == [order.pk]

    assert cancel_shipments([shipment.pk], now=warehouse.now).moved == [shipment.pk]
    drain()

    assert not Allocation.objects.exists()
    assert not LabelRequest.objects.exists()
    assert set(Parcel.objects.values_list("status", flat=True)) <= {"CANCELLED"}
    assert cancel_orders([order.pk], now=warehouse.now).moved == [order.pk]
    drain()
    assert level() == (10, 0)


def test_what_has_left_is_not_called_off(ordered, warehouse):
    order = ordered()
    (parcel,) = warehouse.send(order)
    outcome = cancel_shipments([parcel.shipment_id], now=SHIPPED)
    assert list(outcome.blocked) == [parcel.shipment_id]
    assert level() == (8, 0)


def test_a_parcel_is_handed_over_once(ordered, warehouse):
    order = ordered()
    (parcel,) = warehouse.send(order)
    assert list(hand_over_parcels([parcel.pk], now=SHIPPED).blocked) == [parcel.pk]
    assert StockMove.objects.filter(kind="SHIPMENT").count() == 1
    assert OrderLine.objects.get().shipped == 2


def test_mixed_orders_are_split_by_place(place, stocked, warehouse, now):
    stocked("A", 5)
    order = place(lines=[*lines(("A", 1)), *lines(("S-UNTRACKED", 1))])
    warehouse.release(order)
    shipments = warehouse.plan(order)
    assert [bool(s.warehouse_id) for s in shipments] == [True, False]
    warehouse.pick(shipments[0])
    parcels = warehouse.pack(*shipments)
    warehouse.hand_over(*parcels)
    order.refresh_from_db()
    assert order.fulfilment_status == "SHIPPED"
