import time

import pytest
from django.utils import timezone

from backoffice.core.inbox import process_all
from backoffice.core.invariants import check_invariants
from logistics.models import Parcel, TrackingEvent
from logistics.tracking import buy_due_labels


@pytest.mark.django_db(transaction=True)
def test_pushes_that_are_late_doubled_and_out_of_order_arrive(
    live_server, place, warehouse, carrier_server, carrier_account
):
    carrier_server.control(
        webhook_url=f"{live_server.url}/webhooks/carriers/{carrier_account.code}/",
        webhook_secret=carrier_account.webhook_secret,
        duplicate_rate=0.5,
        delay_rate=0.5,
    )
    orders = [place(f"W{n}") for n in range(4)]
    warehouse.release(*orders)
    parcels = warehouse.pack(*warehouse.plan(*orders), label=False)
    buy_due_labels(clock=timezone.now)
    warehouse.hand_over(*parcels, at=timezone.now())
    numbers = list(Parcel.objects.values_list("tracking_number", flat=True))
    for code in ("ACCEPTED", "OUT_FOR_DELIVERY", "DELIVERED"):
        for number in numbers:
            carrier_server.happen(number, code)
        time.sleep(0.3)

    deadline = time.monotonic() + 60
    # Of each: the label's own news and the three that happened.
    while TrackingEvent.objects.count() < 16 and time.monotonic() < deadline:
        process_all(now=timezone.now())
        time.sleep(0.2)

    assert TrackingEvent.objects.count() == 16
    assert set(Parcel.objects.values_list("status", flat=True)) == {"DELIVERED"}
    assert check_invariants() == []
