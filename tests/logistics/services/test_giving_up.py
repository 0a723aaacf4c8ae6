import re
from datetime import timedelta

import pytest
from django.urls import reverse

from backoffice.core.extensions import obstacles
from backoffice.core.filtering import select
from backoffice.core.models import Event, User
from inventory.models import StockLevel
from logistics.models import DeliveryException, Parcel, Shipment, ShipmentLine
from logistics.services.exceptions import OpenException, open_exceptions
from logistics.services.giving_up import refund_parcels, send_again
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.scans import apply_scans
from orders.models import Order, OrderLine, Return
from orders.services.lifecycle import cancel_orders
from orders.services.returns import ReceivedLine, receive_returns
from tests.fixtures.logistics import SHIPPED, scan

pytestmark = pytest.mark.usefixtures("proven")
LATER = SHIPPED + timedelta(days=5)


@pytest.fixture
def see(drain):
    """Let the carrier tell something of a parcel, and everybody act on it."""

    def run(parcel, status, at=LATER, **values):
        apply_scans([scan(parcel, status, at, **values)], now=at)
        drain()

    return run


def counters(order):
    lines = OrderLine.objects.filter(order=order, kind="ITEM").order_by("pk")
    return list(lines.values_list("reserved", "shipped", "delivered", "cancelled"))


def test_a_lost_parcel_is_sent_again_from_new_stock(ordered, warehouse, see, drain):
    order = ordered(2, on_hand=10)
    (parcel,) = warehouse.send(order)
    see(parcel, "LOST", kind="LOST")
    assert send_again([parcel.pk], now=LATER, reason="carrier says lost").moved == [parcel.pk]
    parcel.refresh_from_db()
    assert (parcel.status, parcel.given_up_at, parcel.remedy) == ("LOST", LATER, "SEND_AGAIN")
    assert counters(order) == [(2, 0, 0, 0)]
    first, second = Shipment.objects.order_by("pk")
    assert (first.status, second.status) == ("GIVEN_UP", "PLANNED")
    assert ShipmentLine.objects.get(shipment=second).quantity == 2
    order.refresh_from_db()
    assert (order.status, order.picking_started_at, order.shipped_at) == ("RELEASED", None, None)
    assert DeliveryException.objects.get().resolution == "the parcel is sent again"
    warehouse.pick(second)
    (again,) = warehouse.pack(second)
    warehouse.hand_over(again, at=LATER)
    warehouse.deliver(again, at=LATER + timedelta(days=1))
    drain()
    order.refresh_from_db()
    assert (order.status, order.fulfilment_status) == ("COMPLETED", "DELIVERED")
    assert counters(order) == [(0, 2, 2, 0)]
    level = StockLevel.objects.get(sku__code="A")
    assert (level.on_hand, level.reserved) == (6, 0)


def test_what_is_sent_again_waits_where_stock_lacks(ordered, warehouse, see, drain):
    order = ordered(2, on_hand=3)
    (parcel,) = warehouse.send(order)
    see(parcel, "RETURNED")
    assert send_again([parcel.pk], now=LATER).moved == [parcel.pk]
    order.refresh_from_db()
    assert (order.reserved_quantity, order.short_quantity) == (1, 1)
    assert ShipmentLine.objects.get(shipment__status="PLANNED").quantity == 1
    # What came back is received and serves the rest.
    (goods,) = Return.objects.all()
    receive_returns([goods.pk], now=LATER)
    drain()
    order.refresh_from_db()
    assert (order.reserved_quantity, order.short_quantity, order.returned_quantity) == (2, 0, 0)


def test_one_remedy_is_taken_once(ordered, warehouse, see):
    order = ordered(2)
    (parcel,) = warehouse.send(order)
    see(parcel, "LOST", kind="LOST")
    send_again([parcel.pk], now=LATER)
    for verb in (send_again, refund_parcels):
        blocked = verb([parcel.pk], now=LATER).blocked
        assert [str(r) for r in blocked[parcel.pk]] == ["It was given up already."]
    assert Shipment.objects.count() == 2
    assert counters(order) == [(2, 0, 0, 0)]


def test_a_parcel_on_its_way_is_not_given_up_until_somebody_says_why(ordered, warehouse):
    (parcel,) = warehouse.send(ordered(2))
    why = "It is on its way: report first what happened to it."
    assert [str(r) for r in send_again([parcel.pk], now=LATER).blocked[parcel.pk]] == [why]
    open_exceptions([OpenException(parcel.pk, "LATE")], now=LATER)
    assert send_again([parcel.pk], now=LATER).moved == []
    open_exceptions([OpenException(parcel.pk, "DAMAGED")], now=LATER)
    assert send_again([parcel.pk], now=LATER).moved == [parcel.pk]
    assert set(DeliveryException.objects.values_list("status", flat=True)) == {"RESOLVED"}


def test_refunding_all_of_an_order_cancels_it(ordered, warehouse, see, drain):
    order = ordered(2)
    (parcel,) = warehouse.send(order)
    see(parcel, "LOST", kind="LOST")
    assert refund_parcels([parcel.pk], now=LATER, reason="lost").moved == [parcel.pk]
    drain()
    order.refresh_from_db()
    assert (order.status, order.cancelled_quantity, order.shipped_quantity) == ("CANCELLED", 2, 0)
    assert counters(order) == [(0, 0, 0, 2)]
    assert not Shipment.objects.exclude(status="GIVEN_UP").exists()
    assert StockLevel.objects.get(sku__code="A").on_hand == 8


def two_parcels(order, warehouse):
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    warehouse.pick(shipment)
    (line,) = shipment.lines.all()
    halves = [NewParcel({line.pk: 1}, tracking_number=number) for number in ("A", "B")]
    packed = pack_shipments([PackShipment(shipment.pk, halves)], now=warehouse.now)
    parcels = list(Parcel.objects.filter(pk__in=packed.parcel_ids[shipment.pk]).order_by("pk"))
    warehouse.hand_over(*parcels)
    return parcels


@pytest.mark.parametrize("delivered_first", [True, False])
def test_refunding_a_part_completes_the_order_with_the_rest(
    ordered, warehouse, delivered_first, see, drain
):
    order = ordered(2)
    one, other = two_parcels(order, warehouse)
    see(other, "LOST", kind="LOST")
    if delivered_first:
        warehouse.deliver(one, at=LATER)
    refund_parcels([other.pk], now=LATER)
    if not delivered_first:
        warehouse.deliver(one, at=LATER)
    drain()
    order.refresh_from_db()
    assert (order.status, order.fulfilment_status) == ("COMPLETED", "DELIVERED")
    assert counters(order) == [(0, 1, 1, 1)]
    assert Shipment.objects.get().status == "DELIVERED"
    assert Event.objects.filter(kind="order.delivered").count() == 1


def test_an_arrival_after_giving_up_counts_nothing_and_calls_staff(ordered, warehouse, see, drain):
    order = ordered(2)
    (parcel,) = warehouse.send(order)
    see(parcel, "LOST", kind="LOST")
    send_again([parcel.pk], now=LATER)
    see(parcel, "DELIVERED", at=LATER + timedelta(days=1))
    parcel.refresh_from_db()
    assert (parcel.status, counters(order)) == ("DELIVERED", [(2, 0, 0, 0)])
    open_ = DeliveryException.objects.exclude(status="RESOLVED").get()
    assert (open_.kind, open_.detail) == ("ARRIVED_ANYWAY", "Sent again")
    see(parcel, "LOST", at=LATER + timedelta(days=2), kind="LOST")
    assert DeliveryException.objects.exclude(status="RESOLVED").count() == 1
    # What is not needed any more may be called off with the order.
    assert cancel_orders([order.pk], now=LATER).moved == [order.pk]
    drain()


def test_a_parcel_that_comes_back_opens_one_return_that_is_none_of_the_customers(
    ordered, warehouse, see, drain
):
    order = ordered(2)
    (parcel,) = warehouse.send(order)
    see(parcel, "RETURNED")
    see(parcel, "RETURNED", at=LATER + timedelta(hours=1))
    goods = Return.objects.get()
    assert (goods.is_undelivered, goods.external_id, goods.status) == (
        True,
        parcel.number,
        "REQUESTED",
    )
    (line,) = goods.lines.all()
    receive_returns([goods.pk], now=LATER, received=[ReceivedLine(line.pk, sellable=1, damaged=1)])
    drain()
    goods.refresh_from_db()
    order.refresh_from_db()
    assert (goods.status, order.returned_quantity, order.refunded_amount) == ("CLOSED", 0, 0)
    assert StockLevel.objects.get(sku__code="A").on_hand == 9
    assert counters(order) == [(0, 2, 0, 0)]


def test_a_delivery_calls_the_return_off(ordered, warehouse, see):
    (parcel,) = warehouse.send(ordered(2))
    see(parcel, "RETURNED")
    see(parcel, "DELIVERED", at=LATER + timedelta(hours=1))
    assert Return.objects.get().status == "CANCELLED"
    assert Order.objects.get().status == "COMPLETED"


def test_what_the_seller_ships_is_planned_again(place, warehouse, see):
    order = place()
    (parcel,) = warehouse.send(order)
    see(parcel, "LOST", kind="LOST")
    send_again([parcel.pk], now=LATER)
    assert list(ShipmentLine.objects.order_by("pk").values_list("quantity", "given_up")) == [
        (2, 2),
        (2, 0),
    ]


def test_the_order_says_what_to_decide_and_where(ordered, warehouse, see):
    order = ordered(2)
    one, other = two_parcels(order, warehouse)
    see(one, "RETURNED")
    see(other, "LOST", kind="LOST")
    found = obstacles("orders.order", [order.pk], LATER)[order.pk]
    told = [(o.kind, [(f.verb, f.pk) for f in o.fixes if f.verb]) for o in found]
    assert [x for x in told if x[0] in ("EXCEPTION", "STRANDED")] == [
        ("EXCEPTION", [("send_again", other.pk), ("refund", other.pk)]),
        ("STRANDED", [("send_again", one.pk), ("refund", one.pk)]),
    ]
    stranded = select("logistics.parcel", "is_stranded=true", now=LATER)
    assert set(stranded) == {one, other}
    send_again([one.pk, other.pk], now=LATER)
    assert not select("logistics.parcel", "is_stranded=true", now=LATER).exists()


def test_a_rule_sends_lost_parcels_again(ordered, warehouse, make_rule, see):
    make_rule(
        document="logistics.parcel",
        event="parcel.moved",
        filter="status=LOST",
        action="parcels.send_again",
        parameters={},
    )
    (parcel,) = warehouse.send(ordered(2))
    see(parcel, "LOST", kind="LOST")
    parcel.refresh_from_db()
    assert parcel.remedy == "SEND_AGAIN"


def test_staff_report_and_decide_on_the_parcels_page(ordered, warehouse, client):
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))
    (parcel,) = warehouse.send(ordered(2))
    page = reverse("admin:logistics_parcel_change", args=[parcel.pk])
    why = "It is on its way: report first what happened to it."
    assert why in client.get(page).content.decode()
    report = reverse("admin:logistics_parcel_dialog", args=[parcel.pk, "report"])
    shown = dict(
        re.findall(r'name="(version|key)" value="([^"]*)"', client.get(report).content.decode())
    )
    client.post(report, shown | {"kind": "LOST", "detail": "the driver says so"})
    assert DeliveryException.objects.get().detail == "the driver says so"
    refund = reverse("admin:logistics_parcel_verb", args=[parcel.pk, "refund"])
    for _ in range(2):
        client.post(refund, {"version": parcel.version, "reason": "lost"})
    assert Order.objects.get().status == "CANCELLED"
    assert Event.objects.get(kind="parcel.given_up").reason == "lost"
