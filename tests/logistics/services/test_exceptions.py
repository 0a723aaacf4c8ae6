from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.core.models import Event
from inventory.models import Warehouse
from logistics.models import DeliveryException, Parcel, Shipment, Tracking
from logistics.services.automatic import run_automatic_warehouses
from logistics.services.detection import detect_exceptions
from logistics.services.exceptions import (
    OpenException,
    acknowledge_exceptions,
    open_exceptions,
    resolve_exceptions,
)
from logistics.services.labels import LabelAnswer, claim_labels, record_labels
from logistics.services.lanes import measure_lanes
from logistics.services.planning import plan_shipments, unplanned_orders
from logistics.services.scans import apply_scans
from orders.models import Lane, Order
from tests.fixtures.logistics import SHIPPED, Label, scan

pytestmark = pytest.mark.usefixtures("proven")
DAY = timedelta(days=1)


def kinds(**values):
    found = DeliveryException.objects.filter(**values).order_by("pk")
    return list(found.values_list("kind", flat=True))


def test_a_problem_is_open_once(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    command = OpenException(parcel.pk, "DAMAGED", "wet")
    (pk,) = open_exceptions([command, command], now=SHIPPED)
    assert open_exceptions([command], now=SHIPPED) == []
    assert acknowledge_exceptions([pk], now=SHIPPED).moved == [pk]
    assert open_exceptions([command], now=SHIPPED) == []
    assert list(acknowledge_exceptions([pk], now=SHIPPED).blocked) == [pk]
    assert resolve_exceptions([pk], now=SHIPPED, reason="refunded").moved == [pk]
    problem = DeliveryException.objects.get()
    assert (problem.status, problem.resolution) == ("RESOLVED", "refunded")
    assert len(open_exceptions([command], now=SHIPPED)) == 1
    opened = Event.objects.filter(kind="delivery_exception.opened")
    assert [e.data for e in opened] == [{"kind": "DAMAGED", "parcel_id": parcel.pk}] * 2


def test_silence_is_noticed_and_ends_with_a_scan(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    assert detect_exceptions(now=SHIPPED + 1.9 * DAY)[0] == 0
    assert detect_exceptions(now=SHIPPED + 2.1 * DAY)[0] == 1
    assert detect_exceptions(now=SHIPPED + 2.2 * DAY)[0] == 0
    assert kinds(status="OPEN") == ["NO_FIRST_SCAN"]

    apply_scans([scan(parcel, "IN_TRANSIT", SHIPPED + 2.3 * DAY)], now=SHIPPED + 2.4 * DAY)
    assert kinds(status="OPEN") == []
    detect_exceptions(now=SHIPPED + 5 * DAY)
    assert kinds(status="OPEN") == []
    detect_exceptions(now=SHIPPED + 6 * DAY)
    assert kinds(status="OPEN") == ["STUCK"]
    detect_exceptions(now=SHIPPED + 13 * DAY)
    assert kinds(status="OPEN") == ["STUCK", "LOST"]
    warehouse.deliver(parcel, at=SHIPPED + 14 * DAY)
    assert kinds(status="OPEN") == []
    assert detect_exceptions(now=SHIPPED + 30 * DAY) == (0, 0)


def test_abroad_it_takes_longer_until_somebody_worries(ordered, warehouse, channel):
    from backoffice.core.models import Address

    home = Address.objects.create(country="FR", line1="Rue 1")
    Warehouse.objects.filter(pk=channel.warehouse_id).update(address=home)
    warehouse.send(ordered())
    assert detect_exceptions(now=SHIPPED + 3 * DAY)[0] == 0
    assert detect_exceptions(now=SHIPPED + 6.1 * DAY)[0] == 1


def test_a_late_parcel_is_late_the_day_after_its_promise(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    Parcel.objects.filter(pk=parcel.pk).update(promised_on=(SHIPPED + DAY).date())
    apply_scans([scan(parcel, "IN_TRANSIT", SHIPPED + DAY)], now=SHIPPED + DAY)
    detect_exceptions(now=(SHIPPED + DAY).replace(hour=23))
    assert kinds() == []
    detect_exceptions(now=(SHIPPED + 2 * DAY).replace(hour=0))
    assert kinds() == ["LATE"]


def test_a_carrier_that_cannot_be_asked_is_never_silent(
    place, warehouse, manual_account, carrier_account
):
    carrier_account.is_default = False
    carrier_account.save()
    manual_account.is_default = True
    manual_account.save()
    (parcel,) = warehouse.send(place())
    assert (parcel.status, parcel.account) == ("IN_TRANSIT", manual_account)
    assert Tracking.objects.get().next_poll_at is None
    assert detect_exceptions(now=SHIPPED + 40 * DAY) == (0, 0)


def test_an_automatic_warehouse_works_by_itself(ordered, warehouse, channel, drain, now):
    Warehouse.objects.filter(pk=channel.warehouse_id).update(fulfilment="AUTOMATIC")
    orders = [ordered(units=1, external_id=str(n)) for n in range(3)]
    warehouse.release(*orders)
    drain()
    worked = run_automatic_warehouses(now=now)
    assert (worked.packed, worked.handed_over) == (3, 0)
    jobs = claim_labels(now=now)
    record_labels([LabelAnswer(j.parcel_id, Label(j.order.key)) for j in jobs], now=now)
    worked = run_automatic_warehouses(now=now)
    assert (worked.packed, worked.handed_over) == (0, 3)
    assert set(Order.objects.values_list("fulfilment_status", flat=True)) == {"SHIPPED"}


def test_a_manual_warehouse_waits_for_hands(ordered, warehouse, drain, now):
    warehouse.release(ordered())
    drain()
    assert run_automatic_warehouses(now=now).packed == 0
    assert Shipment.objects.get().status == "PLANNED"


def test_what_no_event_planned_is_found(ordered, warehouse):
    order = ordered()
    assert unplanned_orders() == []
    warehouse.release(order)
    assert unplanned_orders() == [order.pk]
    plan_shipments([order.pk], now=warehouse.now)
    assert unplanned_orders() == []


def test_lanes_are_measured_on_what_arrived(ordered, warehouse):
    orders = [ordered(units=1, external_id=str(n)) for n in range(3)]
    parcels = warehouse.send(*orders)
    for days, parcel in zip((1, 2, 4), parcels, strict=True):
        warehouse.deliver(parcel, at=SHIPPED + days * DAY)
    assert measure_lanes(now=SHIPPED + 10 * DAY) == 1
    lane = Lane.objects.get()
    assert (lane.country, lane.region, lane.service, lane.parcels) == ("DE", "", "STANDARD", 3)
    assert (lane.p50_days, lane.p90_days) == (Decimal("2.00"), Decimal("3.60"))
    assert measure_lanes(now=SHIPPED + 11 * DAY) == 0
