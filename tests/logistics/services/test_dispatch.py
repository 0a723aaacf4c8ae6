"""Orders are dispatched step by step, whatever the carrier does, and never twice."""

from collections import Counter
from datetime import timedelta

import pytest

from backoffice.core.jobs import run_chunk, start_job
from backoffice.core.models import Address, Event, Job
from inventory.models import StockLevel, Warehouse
from logistics.models import LabelRequest, Parcel, PickList, Shipment
from logistics.services import dispatch
from logistics.services.dispatch import (
    ADDRESS,
    CALLED_OFF,
    ENDED,
    LEFT,
    NOT_HELD,
    NOT_RELEASED,
    NOTHING_HERE,
    PAID,
    SELLER,
    SENDER,
    check_orders,
    check_shipments,
)
from logistics.services.handover import hand_over_shipments
from logistics.services.labels import retry_labels
from logistics.services.packing import NO_ACCOUNT
from logistics.states import PICKED, UNCOVERED
from logistics.tracking import buy_due_labels
from orders.models import Order, SalesChannel

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def released(ordered, warehouse, channel):
    """Release so many orders of two stocked units each, and plan them."""
    channel.warehouse.address = Address.objects.create(line1="Dock 1", city="Berlin", country="DE")
    channel.warehouse.save()

    def run(count=5, plan=True):
        orders = [ordered(external_id=str(n)) for n in range(count)]
        warehouse.release(*orders)
        if plan:
            warehouse.plan(*orders)
        return [order.pk for order in orders]

    return run


@pytest.fixture
def start(actor):
    """Start the job over orders."""
    return lambda ids: start_job("orders.order.dispatch", ids, user_id=actor.user_id, reason="x")


def told(job):
    """Return what the rows say, and how many say it."""
    return Counter(job.rows.values_list("outcome", "reason"))


def reasons(outcome):
    """Return the blocked reason by reason."""
    return {pk: [str(text) for text in texts] for pk, texts in outcome.blocked.items()}


def test_five_orders_are_shipped_in_one_go(released, start, carrier_server, now):
    ids = released(plan=False)
    assert check_orders(ids, now=now).moved == ids
    job, before = start(ids), carrier_server.calls("labels")

    assert run_chunk(job.pk, now=now) is True
    assert told(job) == {("WAITING", "Picked and packed; the label is being bought."): 5}
    assert set(Shipment.objects.values_list("status", flat=True)) == {"PACKED"}
    # Nothing is due yet: the worker is told that something will be.
    assert run_chunk(job.pk, now=now + timedelta(seconds=4)) is True
    assert buy_due_labels(clock=lambda: now) == 5
    assert run_chunk(job.pk, now=now + timedelta(seconds=5)) is True
    assert run_chunk(job.pk, now=now + timedelta(seconds=6)) is False

    assert told(job) == {("DONE", ""): 5}
    assert Job.objects.get().status == "DONE"
    assert carrier_server.calls("labels") - before == 5
    parcels = Parcel.objects.filter(status="IN_TRANSIT", tracking_number__startswith="SB")
    assert parcels.values("shipment__order").distinct().count() == 5
    assert PickList.objects.get().status == "PICKED"
    assert StockLevel.objects.values_list("on_hand", "reserved").get() == (0, 0)
    assert Event.objects.filter(kind="shipment.shipped", reason="x").count() == 5
    # The same again does nothing.
    assert reasons(check_orders(ids, now=now)) == dict.fromkeys(ids, [str(NOTHING_HERE)])


def test_a_slow_carrier_that_fails_and_loses_answers_sells_each_label_once(
    released, start, carrier_server, now
):
    ids = released()
    job = start(ids)
    sold = carrier_server.control()["parcels"]
    run_chunk(job.pk, now=now)

    carrier_server.control(error_rate=1)
    buy_due_labels(clock=lambda: now)
    at = now + timedelta(seconds=10)
    run_chunk(job.pk, now=at)
    text = "Picked and packed; the label is tried again by itself (HTTP 503)."
    assert told(job) == {("WAITING", text): 5}
    assert carrier_server.control()["parcels"] == sold

    carrier_server.control(error_rate=0, loss_rate=1)
    at += timedelta(minutes=1)
    assert buy_due_labels(clock=lambda: at) == 0
    assert carrier_server.control()["parcels"] == sold + 5
    assert run_chunk(job.pk, now=at) is True

    carrier_server.control(loss_rate=0, latency=0.2)
    at += timedelta(minutes=5)
    assert buy_due_labels(clock=lambda: at) == 5
    assert run_chunk(job.pk, now=at) is True
    assert told(job) == {("DONE", ""): 5}
    assert carrier_server.control()["parcels"] == sold + 5
    assert Parcel.objects.filter(status="IN_TRANSIT").count() == 5


def test_a_refused_label_blocks_its_row_until_somebody_helps(
    released, start, carrier_server, carrier_account, now
):
    carrier_account.services = ["NO-SUCH"]
    carrier_account.save()
    ids = released(1)
    job = start(ids)
    run_chunk(job.pk, now=now)
    assert buy_due_labels(clock=lambda: now) == 0
    run_chunk(job.pk, now=now + timedelta(seconds=5))

    [(outcome, reason)] = told(job)
    assert outcome == "BLOCKED"
    assert reason.startswith("The carrier refused the label of PA")
    assert reasons(check_orders(ids, now=now)) == {ids[0]: [reason]}
    # Mended, the rest is one more job.
    Parcel.objects.update(service="STANDARD")
    retry_labels(LabelRequest.objects.values_list("pk", flat=True), now=now)
    again = start(ids)
    run_chunk(again.pk, now=now)
    assert buy_due_labels(clock=lambda: now) == 1
    run_chunk(again.pk, now=now + timedelta(seconds=5))
    assert told(again) == {("DONE", ""): 1}


def test_a_worker_that_dies_between_the_steps_leaves_nothing_half_done(
    released, start, carrier_server, now, monkeypatch
):
    class Killed(BaseException):
        """The worker is gone."""

    def die(*args, **kwargs):
        raise Killed

    ids = released(2)
    job, before = start(ids), carrier_server.calls("labels")
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "pack_whole", die)
        with pytest.raises(Killed):
            run_chunk(job.pk, now=now)
    assert set(Shipment.objects.values_list("status", flat=True)) == {"PLANNED"}
    assert not PickList.objects.exists()

    run_chunk(job.pk, now=now)
    buy_due_labels(clock=lambda: now)
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "hand_over_shipments", die)
        with pytest.raises(Killed):
            run_chunk(job.pk, now=now + timedelta(seconds=5))
    assert set(told(job)) == {("WAITING", "Picked and packed; the label is being bought.")}

    run_chunk(job.pk, now=now + timedelta(minutes=3))
    assert told(job) == {("DONE", ""): 2}
    assert carrier_server.calls("labels") - before == 2


def test_what_a_hand_ships_while_the_job_waits_is_done(released, start, carrier_server, now):
    ids = released(1)
    job = start(ids)
    run_chunk(job.pk, now=now)
    buy_due_labels(clock=lambda: now)
    hand_over_shipments([Shipment.objects.get().pk], now=now)

    run_chunk(job.pk, now=now + timedelta(seconds=5))

    assert told(job) == {("DONE", ""): 1}
    assert Event.objects.filter(kind="parcel.shipped").count() == 1
    again = start_job("logistics.shipment.dispatch", [Shipment.objects.get().pk], user_id=1)
    assert reasons(check_shipments([Shipment.objects.get().pk], now=now)) == {
        Shipment.objects.get().pk: [str(LEFT)]
    }
    assert again.total == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Order.objects.update(open_holds=1), NOT_HELD.reason),
        (lambda: SalesChannel.objects.update(payment_terms="PREPAID"), PAID.reason),
        (lambda: Address.objects.update(city=""), ADDRESS.reason),
        (lambda: Warehouse.objects.update(address=None), SENDER.reason),
        (lambda: Shipment.objects.update(uncovered_quantity=1, status="PACKED"), UNCOVERED),
        (lambda: Shipment.objects.update(status="PICKING"), PICKED.reason),
        (lambda: Shipment.objects.update(status="CANCELLED"), None),
        (lambda: Order.objects.update(status="CANCELLED"), ENDED),
        (lambda: Order.objects.update(status="CONFIRMED"), NOT_RELEASED),
    ],
)
def test_what_may_not_go_says_why_before_anything_happens(released, start, now, change, reason):
    [pk] = released(1)
    order = Order.objects.get()
    shipment = Shipment.objects.get()
    change()
    blocked = reasons(check_orders([pk], now=now))
    if reason is None:
        # Its units may be planned again, so the order may go; the shipment itself may not.
        assert blocked == {}
        assert reasons(check_shipments([shipment.pk], now=now)) == {shipment.pk: [str(CALLED_OFF)]}
    else:
        assert blocked == {pk: [str(reason)]}
        job = start([pk])
        run_chunk(job.pk, now=now)
        assert told(job) == {("BLOCKED", str(reason)): 1}
        assert not Parcel.objects.exists()
    _undo(order, shipment)


def _undo(order, shipment):
    """Put back what was changed by hand, for the invariants' sake."""
    Order.objects.update(open_holds=0, status=order.status)
    Shipment.objects.update(status=shipment.status, uncovered_quantity=0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_default": False}, str(NO_ACCOUNT)),
        ({"is_active": False}, str(NO_ACCOUNT)),
        (
            {"base_url": ""},
            "Sandbox has no address or key of its API: enter them in the carrier account.",
        ),
    ],
)
def test_the_carrier_account_is_checked_first(released, carrier_account, now, change, reason):
    ids = released(2)
    for name, value in change.items():
        setattr(carrier_account, name, value)
    carrier_account.save()

    assert reasons(check_orders(ids, now=now)) == dict.fromkeys(ids, [reason])


def test_what_the_seller_ships_is_left_to_the_seller(place, warehouse, now):
    order = place()
    warehouse.release(order)
    [shipment] = warehouse.plan(order)

    assert reasons(check_shipments([shipment.pk], now=now)) == {shipment.pk: [str(SELLER)]}
    assert reasons(check_orders([order.pk], now=now)) == {order.pk: [str(NOTHING_HERE)]}
