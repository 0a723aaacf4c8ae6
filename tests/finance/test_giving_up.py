"""What is lost on its way, or comes back in parts: the money of each unit goes back once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.extensions import effects
from backoffice.core.invariants import check_invariants
from finance.models import CreditNote, Invoice, Refund, RefundPolicy, RefundShare
from finance.services.commands import OpenRefund, RefundPart, RefundResult
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from finance.services.settlement import settle_orders
from inventory.models import KitComponent, Product, Sku
from logistics.models import Parcel
from logistics.services.exceptions import OpenException, open_exceptions
from logistics.services.giving_up import refund_parcels, send_again
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from orders.models import Order, OrderLine, Return
from orders.services.commands import LineData
from orders.services.lifecycle import cancel_orders
from orders.services.returns import RequestedLine, RequestReturn, receive_returns, request_returns
from tests.fixtures.logistics import SHIPPED

LATER = SHIPPED + timedelta(days=5)
EUR = Decimal
RATE = Decimal("0.19")


@pytest.fixture(autouse=True)
def sound(db):
    """Check every invariant when the test is over."""
    yield
    assert check_invariants() == []


@pytest.fixture
def generous(db):
    """Let refunds need no second person."""
    RefundPolicy.objects.update(approval_above=10_000)


@pytest.fixture
def strict(db):
    """Let every refund need a second person."""
    RefundPolicy.objects.all().delete()


@pytest.fixture
def sent(place, stocked, pay, warehouse):
    """Sell and pay an order and send each of its units in a parcel of its own."""

    def run(units=3, price="10.00", name="1", lines=None):
        if not Sku.objects.filter(code="A").exists():
            stocked("A", 500)
        order = place(
            name, lines=lines or [LineData(units, "A", unit_price=EUR(price), tax_rate=RATE)]
        )
        pay(order)
        warehouse.release(order)
        shipments = warehouse.plan(order)
        warehouse.pick(*shipments)
        parcels = []
        for shipment in shipments:
            boxes = [
                NewParcel({line.pk: 1}, tracking_number=f"{name}-{line.pk}-{n}")
                for line in shipment.lines.order_by("pk")
                for n in range(line.quantity)
            ]
            packed = pack_shipments([PackShipment(shipment.pk, boxes)], now=warehouse.now)
            parcels += Parcel.objects.filter(pk__in=packed.parcel_ids[shipment.pk]).order_by("pk")
        warehouse.hand_over(*parcels)
        return order, parcels

    return run


def lose(*parcels):
    open_exceptions([OpenException(p.pk, "LOST") for p in parcels], now=LATER)


def pay_back():
    ids = list(Refund.objects.filter(status="APPROVED").values_list("pk", flat=True))
    send_refunds(ids, now=LATER)
    record_refund_results([RefundResult(pk, "SUCCEEDED", f"r{pk}") for pk in ids], now=LATER)


def refunds(order):
    rows = Refund.objects.filter(order=order).order_by("pk")
    return list(rows.values_list("kind", "amount", "status"))


def test_a_refunded_parcel_gives_back_its_units_and_the_rest_is_billed(
    sent, warehouse, drain, generous
):
    order, (one, two, three) = sent(3, "10.00")
    warehouse.deliver(one, two, at=LATER)
    lose(three)
    assert [str(t) for t in effects("logistics.parcel", "refund", [three.pk], LATER)] == [
        "Up to 10.00 EUR go back to the customer, by the refund policy."
    ]
    refund_parcels([three.pk], now=LATER)
    drain()
    assert refunds(order) == [("OVERPAYMENT", EUR("10.00"), "APPROVED")]
    pay_back()
    drain()
    order.refresh_from_db()
    assert (order.status, order.refunded_amount) == ("COMPLETED", EUR("10.00"))
    assert Invoice.objects.get().gross_amount == EUR("20.00")
    assert not CreditNote.objects.exists()
    # Asked again, nothing more goes back.
    refund_parcels([three.pk], now=LATER)
    drain()
    assert len(refunds(order)) == 1


def test_a_lost_order_is_cancelled_and_its_refund_waits_by_the_policy(sent, drain, strict):
    order, parcels = sent(2, "10.00")
    lose(*parcels)
    refund_parcels([p.pk for p in parcels], now=LATER)
    drain()
    order.refresh_from_db()
    assert order.status == "CANCELLED"
    assert refunds(order) == [("OVERPAYMENT", EUR("20.00"), "REQUESTED")]


def test_sending_again_and_cancelling_waits_by_the_policy_too(sent, drain, strict):
    order, (parcel,) = sent(1, "10.00")
    lose(parcel)
    send_again([parcel.pk], now=LATER)
    drain()
    assert refunds(order) == []
    cancel_orders([order.pk], now=LATER)
    drain()
    assert refunds(order) == [("OVERPAYMENT", EUR("10.00"), "REQUESTED")]


def test_what_went_back_by_hand_is_not_given_twice(sent, warehouse, drain, generous):
    order, (one, two) = sent(2, "10.00")
    line = OrderLine.objects.get(order=order)
    by_hand = OpenRefund(order.pk, "LINE", lines=[RefundPart(line.pk, EUR("14.00"))])
    assert open_refunds([by_hand], now=LATER).refused == {}
    pay_back()
    lose(two)
    refund_parcels([two.pk], now=LATER)
    warehouse.deliver(one, at=LATER)
    drain()
    # Ten of the fourteen were for the lost unit: four are left on the one that arrived.
    assert refunds(order) == [("LINE", EUR("14.00"), "SUCCEEDED")]
    settle_orders([order.pk], now=LATER + timedelta(days=60))
    drain()
    assert RefundShare.objects.get().gross_amount == EUR("4.00")
    assert CreditNote.objects.get().gross_amount == EUR("4.00")


def test_goodwill_does_not_lessen_what_a_lost_unit_gives_back(sent, warehouse, drain, generous):
    order, (one, two) = sent(2, "10.00")
    open_refunds([OpenRefund(order.pk, "GOODWILL", EUR("3.00"))], now=LATER)
    pay_back()
    lose(two)
    warehouse.deliver(one, at=LATER)
    refund_parcels([two.pk], now=LATER)
    drain()
    assert refunds(order)[1] == ("OVERPAYMENT", EUR("10.00"), "APPROVED")


def give_by_hand(order, amounts):
    parts = [RefundPart(line, EUR(amount)) for line, amount in amounts.items()]
    if parts:
        open_refunds([OpenRefund(order.pk, "LINE", lines=parts, is_capped=True)], now=LATER)


def given_back(order):
    return sum(amount for _k, amount, _s in refunds(order))


ROADS = ["lose", "return", "refund", "keep"]
ROAD = st.sampled_from(ROADS)
# What becomes of each of the three units of eight lines, one after the other.
STORIES = st.lists(st.tuples(ROAD, ROAD, ROAD), min_size=8, max_size=8)


@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(stories=STORIES, price=st.sampled_from(["3.33", "0.01", "9.99"]))
def test_no_line_gives_back_more_than_it_cost(sent, warehouse, drain, generous, stories, price):
    """Units lost, returned and refunded by hand, in any order.

    What went back by hand before counts for the next lost unit first.
    """
    each = EUR(price)
    with transaction.atomic():
        wanted = [LineData(3, "A", unit_price=each, tax_rate=RATE) for _ in stories]
        sold, parcels = sent(name="H", lines=wanted)
        boxes = {}
        for parcel in parcels:
            boxes.setdefault(parcel.lines.get().shipment_line.order_line_id, []).append(parcel)
        lines = sorted(boxes)
        roads = dict(zip(lines, stories, strict=True))
        by_hand, expected = dict.fromkeys(lines, Decimal(0)), Decimal(0)
        for n in range(3):
            on = {road: [x for x in lines if roads[x][n] == road] for road in ROADS}
            lost = [boxes[x][n] for x in on["lose"]]
            lose(*lost)
            assert len(refund_parcels([p.pk for p in lost], now=LATER).moved) == len(lost)
            warehouse.deliver(*(boxes[x][n] for x in lines if x not in on["lose"]), at=LATER)
            drain()
            back = [RequestReturn(sold.pk, [RequestedLine(x, 1)]) for x in on["return"]]
            receive_returns(list(request_returns(back, now=LATER).created.values()), now=LATER)
            drain()
            give_by_hand(sold, dict.fromkeys(on["refund"], each))
            for line in on["lose"]:
                covered = min(by_hand[line], each)
                by_hand[line] -= covered
                expected -= covered
            for line in on["refund"]:
                by_hand[line] += each
            expected += each * (len(lines) - len(on["keep"]))
        pay_back()
        drain()
        assert given_back(sold) == expected
        # Whatever is left can be given by hand, and comes to all of it.
        give_by_hand(sold, dict.fromkeys(lines, "999"))
        assert given_back(sold) == each * 3 * len(lines)
        assert check_invariants() == []
        transaction.set_rollback(True)


@pytest.fixture
def kit(stocked, place):
    """A kit of three A and one B, at 100.00 for two kits."""
    stocked("A", 100)
    stocked("B", 100)
    product = Product.objects.get(code="P2")
    sku = Sku.objects.create(code="KIT", name="Kit", product=product, is_kit=True)
    for code, n in (("A", 3), ("B", 1)):
        component = Sku.objects.get(code=code)
        KitComponent.objects.create(kit=sku, component=component, quantity=n)
    return [LineData(2, "KIT", unit_price=EUR("33.33"), tax_rate=RATE)]


def test_a_kit_gives_its_price_back_kit_by_kit(kit, place, pay, warehouse, drain, generous):
    order = place("K", lines=kit)
    pay(order)
    warehouse.deliver(*warehouse.send(order), at=LATER)
    drain()
    parts = {x.sku.code: x for x in OrderLine.objects.filter(order=order, kind="ITEM")}
    steps = [({"A": 3}, None), ({"B": 1}, "33.33"), ({"A": 3, "B": 1}, "33.33")]
    for n, (units, amount) in enumerate(steps):
        lines = [RequestedLine(parts[code].pk, count) for code, count in units.items()]
        made = request_returns([RequestReturn(order.pk, lines)], now=LATER).created[0]
        receive_returns([made], now=LATER)
        drain()
        given = list(Refund.objects.filter(goods_return=made).values_list("amount", flat=True))
        assert given == ([EUR(amount)] if amount else []), n
        pay_back()
        drain()
        assert Return.objects.get(pk=made).status == "CLOSED"
    order.refresh_from_db()
    assert order.payment_status == "REFUNDED"


def test_a_kit_of_which_a_part_is_lost_and_the_rest_returned_is_refunded_whole(
    kit, sent, warehouse, drain, generous
):
    order, parcels = sent(lines=kit)
    part = {p.pk: p.lines.get().shipment_line.order_line.sku.code for p in parcels}
    lost = [p for p in parcels if part[p.pk] == "B"]
    rest = [p for p in parcels if part[p.pk] == "A"]
    warehouse.deliver(*rest, at=LATER)
    drain()
    line = OrderLine.objects.get(order=order, sku__code="A")
    made = request_returns([RequestReturn(order.pk, [RequestedLine(line.pk, 6)])], now=LATER)
    receive_returns(list(made.created.values()), now=LATER)
    drain()
    assert refunds(order) == []
    lose(*lost)
    refund_parcels([p.pk for p in lost], now=LATER)
    drain()
    assert refunds(order) == [("OVERPAYMENT", EUR("66.66"), "APPROVED")]
    assert Order.objects.get().status == "COMPLETED"
