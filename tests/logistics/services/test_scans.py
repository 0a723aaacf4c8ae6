from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core.models import Event
from logistics.models import DeliveryException, Parcel, Tracking, TrackingEvent
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.scans import Scan, apply_scans
from orders.models import Order
from tests.fixtures.logistics import SHIPPED, scan

pytestmark = pytest.mark.usefixtures("proven")
HOUR = timedelta(hours=1)
STATUSES = [
    "IN_TRANSIT",
    "OUT_FOR_DELIVERY",
    "EXCEPTION",
    "RETURNING",
    "LOST",
    "RETURNED",
    "DELIVERED",
    "",
]


def status(parcel):
    return Parcel.objects.values_list("status", flat=True).get(pk=parcel.pk)


def test_scans_move_a_parcel_and_leave_its_version_alone(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    done = apply_scans([scan(parcel, "OUT_FOR_DELIVERY", SHIPPED + HOUR)], now=SHIPPED + 2 * HOUR)
    assert (done.new, done.moved) == ({parcel.pk: 1}, [parcel.pk])
    after = Parcel.objects.get(pk=parcel.pk)
    assert (after.status, after.version) == ("OUT_FOR_DELIVERY", parcel.version)
    event = Event.objects.get(kind="parcel.moved")
    assert (event.data["status"], event.occurred_at) == ("OUT_FOR_DELIVERY", SHIPPED + HOUR)


def test_a_scan_twice_is_one_scan(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    news = scan(parcel, "IN_TRANSIT", SHIPPED + HOUR)
    apply_scans([news, news], now=SHIPPED)
    again = apply_scans([news], now=SHIPPED)
    assert (again.new, TrackingEvent.objects.count()) == ({}, 1)


def test_an_older_scan_does_not_turn_a_parcel_back(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    warehouse.deliver(parcel, at=SHIPPED + 9 * HOUR)
    apply_scans([scan(parcel, "OUT_FOR_DELIVERY", SHIPPED + 8 * HOUR)], now=SHIPPED + 10 * HOUR)
    apply_scans([scan(parcel, "IN_TRANSIT", SHIPPED + 10 * HOUR)], now=SHIPPED + 11 * HOUR)
    assert status(parcel) == "DELIVERED"
    assert Order.objects.get().delivered_at == SHIPPED + 9 * HOUR


def test_a_number_that_nobody_has_is_refused(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    done = apply_scans([Scan(parcel.account_id, "NOPE", SHIPPED, "DELIVERED")], now=SHIPPED)
    assert list(done.refused) == [0]
    assert not TrackingEvent.objects.exists()


def test_a_first_scan_hands_over_what_everybody_forgot(place, warehouse):
    order = place()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    packed = pack_shipments(
        [PackShipment(shipment.pk, [NewParcel(tracking_number="SELLER-1")])], now=warehouse.now
    )
    parcel = Parcel.objects.get(pk=packed.parcel_ids[shipment.pk][0])
    warehouse.deliver(parcel, at=SHIPPED + HOUR)
    parcel.refresh_from_db()
    order.refresh_from_db()
    assert (parcel.shipped_at, parcel.delivered_at) == (SHIPPED + HOUR, SHIPPED + HOUR)
    assert order.fulfilment_status == "DELIVERED"


def test_news_that_moves_nothing_is_kept(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    apply_scans([scan(parcel, "", SHIPPED + HOUR)], now=SHIPPED)
    assert status(parcel) == "IN_TRANSIT"
    assert TrackingEvent.objects.count() == 1
    assert Tracking.objects.get().first_scan_at is None


def test_a_failed_attempt_is_over_once_the_parcel_is_out_again(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    failed = scan(parcel, "EXCEPTION", SHIPPED + HOUR, kind="ATTEMPT_FAILED")
    apply_scans([failed], now=SHIPPED + HOUR)
    problem = DeliveryException.objects.get()
    assert (problem.kind, problem.status, problem.order_id) == (
        "ATTEMPT_FAILED",
        "OPEN",
        parcel.shipment.order_id,
    )
    apply_scans([failed], now=SHIPPED + 2 * HOUR)
    assert DeliveryException.objects.count() == 1
    apply_scans([scan(parcel, "OUT_FOR_DELIVERY", SHIPPED + 3 * HOUR)], now=SHIPPED + 3 * HOUR)
    problem.refresh_from_db()
    assert (problem.status, problem.is_resolved_by_scan) == ("RESOLVED", True)
    assert Event.objects.filter(kind="delivery_exception.resolved").count() == 1


def test_damage_stays_open_until_somebody_looks(ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    apply_scans([scan(parcel, "EXCEPTION", SHIPPED + HOUR, kind="DAMAGED")], now=SHIPPED)
    warehouse.deliver(parcel, at=SHIPPED + 2 * HOUR)
    assert DeliveryException.objects.get().status == "OPEN"


scans = st.lists(st.tuples(st.sampled_from(STATUSES), st.integers(1, 6)), min_size=1, max_size=7)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), story=scans)
def test_scans_in_any_order_end_in_the_same_state(data, story, pair):
    """The same scans, in another order, cut into other calls and repeated, say the same."""
    one, two = pair()
    other = data.draw(st.permutations(story)) + data.draw(st.lists(st.sampled_from(story)))
    cuts = data.draw(st.lists(st.integers(1, 3), min_size=len(other), max_size=len(other)))
    now = SHIPPED + timedelta(days=9)

    apply_scans([scan(one, s, SHIPPED + n * HOUR) for s, n in story], now=now)
    rest = list(other)
    for cut in cuts:
        batch, rest = rest[:cut], rest[cut:]
        if batch:
            apply_scans([scan(two, s, SHIPPED + n * HOUR) for s, n in batch], now=now)

    one.refresh_from_db()
    two.refresh_from_db()
    assert one.status == two.status
    assert one.scans.count() == two.scans.count()
    delivered = [n for s, n in story if s == "DELIVERED"]
    for parcel in (one, two):
        assert (parcel.status == "DELIVERED") == bool(delivered)
        units = parcel.shipment.order.delivered_quantity
        assert units == (2 if delivered else 0)
    if len(set(delivered)) == 1:
        assert one.delivered_at == two.delivered_at == SHIPPED + delivered[0] * HOUR


@pytest.fixture
def pair(place, warehouse):
    """Return a maker of two parcels that have left alike."""
    made = iter(range(1000))

    def run():
        orders = [place(f"P{next(made)}") for _ in range(2)]
        return warehouse.send(*orders)

    return run
