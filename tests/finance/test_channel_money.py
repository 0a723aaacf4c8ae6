from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.core.events import deliver
from backoffice.core.models import EventDelivery
from finance.models import Payment, Refund
from orders.models import ChannelConnection, ChannelNews, Order, SalesChannel
from orders.services.lifecycle import cancel_orders
from tests.fixtures.channels import recorded, shopify_order

pytestmark = pytest.mark.usefixtures("proven", "actor")
EUR = Decimal


@pytest.fixture
def tell(hear, channel):
    """Let Shopify tell something, and all follow."""
    SalesChannel.objects.update(payment_terms="CHANNEL", confirms_by_itself=True)

    def run(*messages, topic="orders/updated"):
        hear(*messages, topic=topic)
        while deliver(now=timezone.now()):
            pass
        assert not EventDelivery.objects.exists()
        return Order.objects.get()

    return run


def refund(amount, pk=890):
    one = recorded("shopify_refund.json") | {"order_id": 1, "id": pk}
    one["transactions"][0]["amount"] = amount
    return one


def refunds():
    return sorted(Refund.objects.values_list("kind", "status", "amount"))


def test_an_order_goes_on_once_the_channel_says_that_it_is_paid(tell):
    assert tell(shopify_order(1)).status == "PENDING"

    order = tell(shopify_order(1, at=2, financial_status="paid"))

    assert (order.status, order.payment_status) == ("CONFIRMED", "PAID")
    payment = Payment.objects.get()
    assert (payment.provider, payment.external_id, payment.status, payment.amount) == (
        *("channel", "web:1:39.8", "CAPTURED"),
        EUR("39.80"),
    )


def test_what_the_channel_gives_back_is_recorded_once(tell):
    tell(shopify_order(1, financial_status="paid"))
    tell(refund("4.00"), topic="refunds/create")
    order = tell(
        shopify_order(1, at=3, financial_status="partially_refunded", refunds=[refund("4.00")])
    )

    assert refunds() == [("LINE", "SUCCEEDED", EUR("4.00"))]
    assert (order.payment_status, order.refunded_amount) == ("PARTIALLY_REFUNDED", EUR("4.00"))


@pytest.mark.parametrize(("amount", "kinds"), [("39.80", 1), ("35.00", 2)])
def test_a_cancelled_order_is_given_back_by_the_channel(tell, amount, kinds):
    tell(shopify_order(1, financial_status="paid"))
    ended = shopify_order(1, at=3, cancelled_at="2026-03-10T10:00:00+01:00")
    tell(ended | {"financial_status": "paid"})
    assert refunds() == [("CANCELLATION", "APPROVED", EUR("39.80"))]

    order = tell(refund(amount), topic="refunds/create")

    assert order.refunded_amount == EUR(amount)
    assert len(refunds()) == kinds
    assert [row[1] for row in refunds()].count("SUCCEEDED") == 1


def test_the_channel_is_asked_to_give_back_what_it_took(tell, shopify):
    ChannelConnection.objects.update(tells_back=True)
    order = tell(shopify_order(1, financial_status="paid"))
    cancel_orders([order.pk], now=timezone.now())
    tell()

    refund_number = Refund.objects.get().number
    assert list(ChannelNews.objects.order_by("kind").values_list("kind", "key", "data")) == [
        ("CANCELLED", str(order.pk), {}),
        ("REFUNDED", refund_number, {"amount": "39.80"}),
    ]


def test_a_channel_that_cancelled_gives_back_by_itself(tell, shopify):
    ChannelConnection.objects.update(tells_back=True)
    tell(shopify_order(1, financial_status="paid"))
    tell(shopify_order(1, at=3, cancelled_at="2026-03-10T10:00:00+01:00"))

    assert refunds() == [("CANCELLATION", "APPROVED", EUR("39.80"))]
    assert not ChannelNews.objects.exists()
