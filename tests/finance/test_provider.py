"""The sandbox provider as a real process: whatever it does, money moves once."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from django.utils import timezone

from backoffice.core.inbox import process
from backoffice.core.models.inbox import InboundMessage
from finance.inbox import source_of
from finance.models import Payment, Refund
from finance.providers.sandbox import webhook
from finance.services.commands import OpenRefund
from finance.services.exchange import ask_about_refunds, ask_for_payments, pay_refunds
from finance.services.refunds import open_refunds
from orders.models import Order
from tests.fixtures.provider import SECRET, Provider, in_the_future, wait_for

pytestmark = pytest.mark.usefixtures("sound")


def test_a_prepaid_order_is_paid_at_the_provider(provider, prepaid, notices, client):
    payment = Payment.objects.get()
    assert (payment.status, payment.provider, payment.external_id) == ("PENDING", "sandbox", None)
    # The reply is lost: asking again finds the same payment.
    provider.control(lose_replies=1, duplicate_notices=True, reorder_notices=True)
    assert ask_for_payments(now=in_the_future(0)) == 1
    assert ask_for_payments(now=in_the_future(0)) == 0
    payment.refresh_from_db()
    assert [p["reference"] for p in provider.payments if p["id"] == payment.external_id] == [
        payment.number
    ]
    provider.capture(payment.external_id)
    wait_for(lambda: len(notices) == 4)
    for body in notices:
        stamp = str(int(time.time()))
        answer = client.post(
            "/api/v1/webhooks/payments/sandbox",
            body,
            content_type="application/json",
            headers={
                webhook.TIMESTAMP: stamp,
                webhook.SIGNATURE: webhook.sign(body, stamp, SECRET),
            },
        )
        assert answer.status_code == 200
    assert InboundMessage.objects.count() == 2
    process(source_of("sandbox"), now=timezone.now())
    assert InboundMessage.objects.filter(status="DONE").count() == 2
    prepaid.refresh_from_db()
    assert (prepaid.payment_status, prepaid.authorised_amount) == ("PAID", 0)


def test_a_down_provider_is_asked_again_later(provider, prepaid):
    provider.control(is_down=True)
    now = in_the_future(0)
    assert ask_for_payments(now=now) == 1
    assert Payment.objects.get().external_id is None
    assert ask_for_payments(now=now + timedelta(seconds=1)) == 0
    provider.control(is_down=False, fail=[500, 429])
    assert ask_for_payments(now=now + timedelta(minutes=1)) == 1
    assert Payment.objects.get().external_id


def test_a_refused_payment_fails(provider, prepaid):
    provider.control(fail=[422])
    ask_for_payments(now=in_the_future(0))
    payment = Payment.objects.get()
    assert (payment.status, payment.failure[:8]) == ("FAILED", "HTTP 422")


@pytest.fixture
def refund(provider, place, pay) -> Refund:
    """Approve the refund of a payment that the provider has captured."""
    order = place()
    headers = {"Authorization": f"Bearer {SECRET}"}
    body = {"reference": "x", "amount": "23.80", "currency": "EUR"}
    external = httpx.post(f"{provider.url}/payments", json=body, headers=headers).json()["id"]
    provider.capture(external)
    pay(order, external, provider="sandbox")
    now = datetime.now(UTC)
    [pk] = open_refunds([OpenRefund(order.pk, "LINE", Decimal("5.00"))], now=now).created[0]
    return Refund.objects.get(pk=pk)


def paid_out(provider: Provider, refund: Refund) -> list[dict]:
    return [
        r
        for r in provider.refunds
        if r["payment"] == refund.payment.external_id and r["status"] == "succeeded"
    ]


def test_a_refund_is_paid_once(provider, refund):
    assert pay_refunds(now=in_the_future(0)) == 1
    assert pay_refunds(now=in_the_future(0)) == 0
    refund.refresh_from_db()
    [done] = paid_out(provider, refund)
    assert (refund.status, refund.external_id, done["reference"]) == (
        "SUCCEEDED",
        done["id"],
        refund.number,
    )


# How the provider misbehaves, and what is known right after the first call.
FAULTS = [
    ({"lose_replies": 1}, "SUCCEEDED"),
    ({"lose_replies": 3}, "UNKNOWN"),
    ({"fail": [500]}, "SUCCEEDED"),
    ({"fail": [429, 503]}, "SUCCEEDED"),
    ({"fail": [500, 500, 500]}, "UNKNOWN"),
    ({"is_down": True}, "UNKNOWN"),
    ({"delay": 3.0}, "UNKNOWN"),
    ({"decline_refunds": 1}, "FAILED"),
    ({"fail": [422]}, "FAILED"),
]


@pytest.mark.parametrize(("fault", "first"), FAULTS)
def test_whatever_goes_wrong_money_goes_back_at_most_once(provider, refund, fault, first):
    provider.control(**fault)
    pay_refunds(now=in_the_future(0))
    refund.refresh_from_db()
    assert refund.status == first
    httpx.post(f"{provider.url}/control", content=b"").raise_for_status()
    if "delay" in fault:
        time.sleep(3)
    # Nothing is asked before its time; then a query decides, never a new key.
    assert ask_about_refunds(now=in_the_future(0)) == 0
    for n in range(3):
        ask_about_refunds(now=in_the_future(10 * (n + 1)))
    refund.refresh_from_db()
    expected = "FAILED" if first == "FAILED" else "SUCCEEDED"
    assert refund.status == expected
    assert len(paid_out(provider, refund)) == (0 if expected == "FAILED" else 1)
    order = Order.objects.get(pk=refund.order_id)
    assert order.refunded_amount == (5 if expected == "SUCCEEDED" else 0)


def test_a_worker_that_died_in_between(provider, refund):
    from finance.services.refund_results import claim_refunds

    assert claim_refunds(now=in_the_future(0), providers=["sandbox"]) == [refund.pk]
    assert pay_refunds(now=in_the_future(1)) == 0
    assert ask_about_refunds(now=in_the_future(2)) == 1
    refund.refresh_from_db()
    assert refund.status == "SUCCEEDED"
    assert len(paid_out(provider, refund)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({webhook.TIMESTAMP: "0"}, 401),
        ({webhook.TIMESTAMP: "now", webhook.SIGNATURE: "ü"}, 401),
        ({webhook.TIMESTAMP: "1", webhook.SIGNATURE: webhook.sign(b"{}", "1", SECRET)}, 401),
        ({"signed": "other secret"}, 401),
        ({"signed": SECRET}, 200),
    ],
)
def test_only_signed_and_fresh_notices_come_in(db, client, settings, headers, status):
    settings.SANDBOX_PROVIDER_SECRET = SECRET
    if "signed" in headers:
        stamp = str(int(time.time()))
        signature = webhook.sign(b"{}", stamp, headers["signed"])
        headers = {webhook.TIMESTAMP: stamp, webhook.SIGNATURE: signature}
    url = "/api/v1/webhooks/payments/sandbox"
    answer = client.post(url, b"{}", content_type="application/json", headers=headers)
    assert answer.status_code == status
    assert InboundMessage.objects.count() == (1 if status == 200 else 0)
    settings.SANDBOX_PROVIDER_SECRET = ""
    assert client.post(url, b"{}", content_type="application/json").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        json.dumps({"id": "e", "type": "payment.captured", "created": "2026-03-10", "data": {}}),
        json.dumps(
            {
                "id": "e",
                "type": "payment.captured",
                "created": "2026-03-10T08:00:00+00:00",
                "data": {"id": "pay_1", "amount": "NaN", "currency": "EUR"},
            }
        ),
        json.dumps(
            {
                "id": "e",
                "type": "refund.succeeded",
                "created": "2026-03-10T08:00:00+00:00",
                "data": {"id": "r", "reference": "RF-1", "amount": "1", "currency": "EUR"},
            }
        ),
    ],
)
def test_unreadable_notices_stay_with_their_reason(actor, body):
    from backoffice.core.inbox import receive

    receive(source_of("sandbox"), "x", body)
    process(source_of("sandbox"), now=timezone.now())
    message = InboundMessage.objects.get()
    assert message.status == "REFUSED"
    assert message.reason
