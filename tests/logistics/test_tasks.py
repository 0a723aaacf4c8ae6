from datetime import timedelta

import pytest

from backoffice.core.tasks import SCHEDULED, run_slot
from backoffice.schedule import beat_schedule
from logistics import tasks
from logistics.models import LabelRequest, Parcel, Shipment
from orders.models import Order

pytestmark = pytest.mark.usefixtures("proven")
JOBS = [
    "logistics.sync_tracking",
    "logistics.buy_labels",
    "logistics.run_automatic_warehouses",
    "logistics.plan_waiting",
    "logistics.detect_exceptions",
    "logistics.measure_lanes",
]


def run(name, now):
    job = SCHEDULED[name]
    return run_slot(name, job.task.__wrapped__.__wrapped__, now=now, every=job.every)


def test_every_job_is_in_the_schedule_and_runs_with_nothing_to_do(db, now):
    assert set(JOBS) <= set(beat_schedule())
    for name in JOBS:
        assert run(name, now).error == ""


def test_an_automatic_warehouse_needs_no_hands(
    ordered, warehouse, channel, carrier_server, drain, now, monkeypatch
):
    channel.warehouse.fulfilment = "AUTOMATIC"
    channel.warehouse.save()
    order = ordered()
    warehouse.release(order)
    assert run("logistics.plan_waiting", now).result == "1"
    drain()
    assert Shipment.objects.count() == 1
    assert run("logistics.run_automatic_warehouses", now).result == "1 packed, 0 handed over"
    LabelRequest.objects.update(next_attempt_at=now)
    assert run("logistics.buy_labels", now).result == "1"
    later = now + timedelta(minutes=1)
    assert run("logistics.run_automatic_warehouses", later).result == "0 packed, 1 handed over"
    called = []
    monkeypatch.setattr(tasks.sync_account, "apply_async", lambda args, **_: called.append([*args]))
    assert run("logistics.sync_tracking", now + timedelta(hours=1)).result == "1"
    assert called == [[Parcel.objects.get().account_id]]
    assert Order.objects.get().fulfilment_status == "SHIPPED"


def test_a_parcel_that_tells_nobody_is_delivered_by_hand(
    place, warehouse, manual_account, carrier_account, now
):
    from logistics.services.scans import deliver_by_hand

    carrier_account.is_default = False
    carrier_account.save()
    manual_account.is_default = True
    manual_account.save()
    order = place()
    (parcel,) = warehouse.send(order)
    Parcel.objects.filter(pk=parcel.pk).update(tracking_number="")
    at = now + timedelta(days=1)
    assert deliver_by_hand([parcel.pk], now=at).moved == [parcel.pk]
    assert list(deliver_by_hand([parcel.pk], now=at).blocked) == [parcel.pk]
    order.refresh_from_db()
    assert (order.fulfilment_status, order.delivered_at) == ("DELIVERED", at)
