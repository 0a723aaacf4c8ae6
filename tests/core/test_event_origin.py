import pytest

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from orders.models import Order
from orders.services.lifecycle import cancel_orders

pytestmark = pytest.mark.django_db


def test_what_staff_do_to_an_imported_order_stays_imported(place, now):
    order = place()
    Order.objects.filter(pk=order.pk).update(origin="IMPORT")

    with acting_job("system"):
        cancel_orders([order.pk], now=now)

    assert Event.objects.get(kind="order.cancelled").origin == "IMPORT"


def test_a_live_document_takes_the_origin_of_who_acts(place, now):
    order = place()

    with acting_job("importer", origin="IMPORT"):
        cancel_orders([order.pk], now=now)

    assert Event.objects.get(kind="order.cancelled").origin == "IMPORT"
    assert Event.objects.get(kind="order.placed").origin == "LIVE"
