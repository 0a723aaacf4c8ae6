"""What rules do with shipments, parcels and delivery exceptions."""

from logistics.models import DeliveryException
from orders.models import Order
from tests.fixtures.logistics import SHIPPED
from tests.fixtures.rules import acts, do


def test_shipments_let_their_orders_go_first(warehouse, ordered):
    orders = [ordered(external_id="1"), ordered(external_id="2")]
    warehouse.release(*orders)
    first, second = warehouse.plan(*orders)
    do("shipments.prioritise", [second.pk], now=SHIPPED, priority="5")

    done = do("shipments.prioritise", [first.pk, second.pk], now=SHIPPED, priority="5")

    assert done.moved == [first.pk]
    assert [str(why) for why in done.blocked[second.pk]] == ["The order has this priority already."]
    assert set(Order.objects.values_list("priority", flat=True)) == {5}


def test_a_parcel_gets_one_open_exception_of_a_kind(warehouse, ordered, make_rule, drain):
    rule = make_rule(
        document="logistics.parcel",
        event="parcel.shipped",
        filter="account=sandbox",
        action="parcels.report",
        parameters={"kind": "DAMAGED"},
    )
    [parcel] = warehouse.send(ordered())

    drain()
    again = do("parcels.report", [parcel.pk], now=SHIPPED, kind="DAMAGED", detail="Wet")

    assert acts(rule) == [(parcel.pk, "ACTED")]
    found = DeliveryException.objects.get()
    assert (found.parcel_id, found.kind, found.status) == (parcel.pk, "DAMAGED", "OPEN")
    assert found.detail.startswith("Rule “VIP hold”")
    assert [str(why) for why in again.blocked[parcel.pk]] == [
        "It has an open exception of this kind."
    ]


def test_exceptions_are_taken_care_of_and_resolved(warehouse, ordered):
    [parcel] = warehouse.send(ordered())
    do("parcels.report", [parcel.pk], now=SHIPPED, kind="LATE")
    [pk] = DeliveryException.objects.values_list("pk", flat=True)

    assert do("exceptions.acknowledge", [pk], now=SHIPPED).moved == [pk]
    assert do("exceptions.resolve", [pk], now=SHIPPED).moved == [pk]
    assert DeliveryException.objects.get().resolution == "Rule “r”: all"
