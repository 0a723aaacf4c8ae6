import pytest

from backoffice.core import checks
from backoffice.core.actor import acting_job, transaction
from backoffice.core.models import OutboundMessage
from backoffice.core.origins import inherited
from backoffice.core.outbound import WriteMessage, queue_messages
from finance.models import Payment
from orders.models import Order, OrderLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def order_of(place):
    """Place an order that comes from somewhere; return it."""

    def run(origin: str) -> Order:
        with acting_job("importer", origin=origin):
            return place(origin)

    return run


def test_what_serves_a_document_that_is_not_live_is_not_live(order_of, now):
    demo, live = order_of("DEMO"), order_of("LIVE")
    line = OrderLine.objects.filter(order=demo).first()
    served = [
        ("orders.order", demo.pk),
        ("orders.orderline", line.pk),
        ("orders.order", live.pk),
        ("orders.order", None),
        ("orders.customer", demo.customer_id),
        ("nobody.knows", 1),
    ]
    with transaction(now=now):
        assert inherited(served) == ["DEMO", "DEMO", "LIVE", "LIVE", "LIVE", "LIVE"]
    with acting_job("importer", origin="IMPORT"), transaction(now=now):
        assert inherited(served) == ["DEMO", "DEMO", "IMPORT", "IMPORT", "IMPORT", "IMPORT"]


def test_nobody_is_written_to_about_an_imported_document(order_of, now):
    letters = [
        WriteMessage(str(order.pk), "a@b.c", body="x", for_type="orders.order", for_id=order.pk)
        for order in (order_of("IMPORT"), order_of("DEMO"), order_of("LIVE"))
    ]
    with transaction(now=now):
        queue_messages(letters, now=now)

    queued = OutboundMessage.objects.order_by("pk").values_list("origin", "status")
    assert list(queued) == [("IMPORT", "SUPPRESSED"), ("DEMO", "QUEUED"), ("LIVE", "QUEUED")]


def test_a_document_says_whether_it_serves_another(monkeypatch):
    assert checks.check_served_documents(None) == []
    monkeypatch.delattr(Payment, "serves")

    [error] = checks.check_served_documents(None)
    assert (error.id, error.msg) == (
        "core.E005",
        "finance.Payment points at order and declares no `serves`.",
    )
