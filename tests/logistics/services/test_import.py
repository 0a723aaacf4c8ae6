from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from logistics.models import LabelRequest, Parcel, Tracking
from logistics.services.detection import detect_exceptions
from logistics.services.handover import hand_over_parcels
from logistics.services.packing import NewParcel, PackShipment, pack_shipments
from logistics.services.planning import plan_shipments
from logistics.services.scans import Scan, apply_scans
from orders.models import Order
from orders.services.intake import place_orders
from orders.services.lifecycle import confirm_orders, release_orders
from tests.fixtures.orders import order_command

pytestmark = pytest.mark.usefixtures("proven")
THEN = datetime(2018, 3, 10, 12, 0, tzinfo=UTC)


def replay(first, count, account):
    """Take imported orders to the door; return the statements that logistics needed."""
    commands = [order_command(f"I{n}") for n in range(first, first + count)]
    orders = list(place_orders(commands, now=THEN).created.values())
    confirm_orders(orders, now=THEN)
    release_orders(orders, now=THEN)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shipments = plan_shipments(orders, now=THEN)
        packed = pack_shipments(
            [
                PackShipment(s, [NewParcel(None, account.pk, "", f"H{first}-{s}")])
                for s in shipments
            ],
            now=THEN,
        )
        parcels = [pk for s in shipments for pk in packed.parcel_ids[s]]
        left = {pk: THEN + timedelta(hours=n) for n, pk in enumerate(parcels)}
        hand_over_parcels(parcels, now=THEN, at=left)
        numbers = dict(Parcel.objects.filter(pk__in=parcels).values_list("pk", "tracking_number"))
        apply_scans(
            [
                Scan(
                    account.pk,
                    numbers[pk],
                    left[pk] + timedelta(days=9),
                    "DELIVERED",
                    source="IMPORT",
                )
                for pk in parcels
            ],
            now=THEN + timedelta(days=60),
        )
    return len(queries), parcels, left


def test_a_batch_of_imported_orders_is_taken_through_in_a_fixed_number_of_statements(
    channel, service_sku, carrier_account, db
):
    with acting_job("importer", origin="IMPORT"):
        few, _, _ = replay(0, 3, carrier_account)
        many, parcels, left = replay(100, 60, carrier_account)
    assert few == many

    parcel = Parcel.objects.select_related("shipment__order").get(pk=parcels[7])
    assert parcel.origin == "IMPORT"
    assert parcel.shipped_at == left[parcel.pk]
    assert parcel.delivered_at == left[parcel.pk] + timedelta(days=9)
    order = parcel.shipment.order
    assert (order.shipped_at, order.delivered_at) == (parcel.shipped_at, parcel.delivered_at)
    assert not LabelRequest.objects.exists()
    assert not Tracking.objects.filter(next_poll_at__isnull=False).exists()
    moved = Event.objects.get(kind="parcel.shipped", subject_id=parcel.pk)
    assert (moved.origin, moved.occurred_at) == ("IMPORT", parcel.shipped_at)


def test_nobody_worries_about_what_was_imported(channel, service_sku, carrier_account, actor, now):
    with acting_job("importer", origin="IMPORT"):
        orders = list(place_orders([order_command("I1")], now=THEN).created.values())
        confirm_orders(orders, now=THEN)
        release_orders(orders, now=THEN)
        (shipment,) = plan_shipments(orders, now=THEN)
        parcels = [NewParcel(tracking_number="H")]
        packed = pack_shipments([PackShipment(shipment, parcels)], now=THEN)
        hand_over_parcels(packed.parcel_ids[shipment], now=THEN)
    assert detect_exceptions(now=now) == (0, 0)
    assert Order.objects.get().delivered_at is None
