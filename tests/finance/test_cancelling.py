"""Payments that are not wanted any more: the provider is told, and quicker money counts."""

import time
from datetime import timedelta

import httpx
import pytest

from backoffice.core.actor import acting_job
from backoffice.core.models import Event
from finance.models import JournalEntry, Payment, Refund
from finance.providers.base import TemporaryError
from finance.providers.sandbox.parser import parse_cancel
from finance.services.exchange import ask_for_payments, cancel_payments
from finance.services.payments import void_payments
from finance.services.requests import claim_requests, note_requests
from orders.models import Order
from orders.services.lifecycle import cancel_orders
from tests.fixtures.finance import PAID
from tests.fixtures.provider import Provider, in_the_future

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture
def asked(provider, prepaid) -> Payment:
    """Return a payment that the provider has been asked for."""
    assert ask_for_payments(now=in_the_future(0)) == 1
    return Payment.objects.get()


def there(provider: Provider, payment: Payment) -> list[str]:
    return [p["status"] for p in provider.payments if p["reference"] == payment.number]


def well_again(provider: Provider) -> None:
    httpx.post(f"{provider.url}/control", content=b"").raise_for_status()
    provider.control(capture_delay=None)


def test_a_cancelled_order_is_called_off(provider, asked, drain):
    cancel_orders([asked.order_id], now=in_the_future(0))
    drain()
    # Draining took place far in the future.
    Payment.objects.update(next_attempt_at=in_the_future(0))
    assert cancel_payments(now=in_the_future(1)) == 1
    assert cancel_payments(now=in_the_future(600)) == 0
    asked.refresh_from_db()
    assert (asked.status, asked.next_attempt_at, asked.failure) == ("VOIDED", None, "")
    assert there(provider, asked) == ["voided"]
    kinds = Event.objects.filter(subject_type="finance.payment", subject_id=asked.pk)
    assert list(kinds.order_by("pk").values_list("kind", flat=True))[-3:] == [
        "payment.voided",
        "payment.cancelling",
        "payment.cancelled",
    ]
    # The customer's card comes too late.
    provider.capture(asked.external_id)
    assert there(provider, asked) == ["voided"]


def test_an_order_paid_in_another_way_is_called_off(provider, asked, pay, drain):
    pay(Order.objects.get(), "by hand")
    drain()
    Payment.objects.filter(pk=asked.pk).update(next_attempt_at=in_the_future(0))
    assert cancel_payments(now=in_the_future(1)) == 1
    assert there(provider, asked) == ["voided"]


# How the provider misbehaves at first.
FAULTS = [
    {"lose_replies": 1},
    {"lose_replies": 3},
    {"fail": [500]},
    {"fail": [500, 429, 503]},
    {"is_down": True},
    {"delay": 3.0},
]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_it_is_told_in_the_end(provider, asked, fault):
    now = in_the_future(0)
    void_payments([asked.pk], now=now)
    provider.control(**fault)
    assert cancel_payments(now=now) == 1
    well_again(provider)
    if "delay" in fault:
        time.sleep(3)
    assert cancel_payments(now=now + timedelta(seconds=1)) == 0
    cancel_payments(now=now + timedelta(hours=1))
    asked.refresh_from_db()
    assert (asked.status, asked.next_attempt_at) == ("VOIDED", None)
    assert there(provider, asked) == ["voided"]


def test_money_that_was_quicker_counts_and_goes_back(provider, asked, drain):
    provider.capture(asked.external_id)
    cancel_orders([asked.order_id], now=in_the_future(0))
    void_payments([asked.pk], now=in_the_future(0))
    assert cancel_payments(now=in_the_future(1)) == 1
    asked.refresh_from_db()
    assert (asked.status, asked.captured_amount) == ("CAPTURED", asked.amount)
    assert JournalEntry.objects.filter(kind="CAPTURE", source_id=asked.pk).count() == 1
    drain()
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount, refund.payment_id) == (
        "CANCELLATION",
        asked.amount,
        asked.pk,
    )
    assert cancel_payments(now=in_the_future(600)) == 0


def test_a_refusal_ends_it_and_is_kept(provider, asked):
    void_payments([asked.pk], now=in_the_future(0))
    provider.control(fail=[422])
    cancel_payments(now=in_the_future(1))
    asked.refresh_from_db()
    assert (asked.next_attempt_at, asked.failure[:8]) == (None, "HTTP 422")


def test_what_nobody_was_asked_for_needs_no_telling(provider, prepaid):
    payment = Payment.objects.get()
    void_payments([payment.pk], now=in_the_future(0))
    payment.refresh_from_db()
    assert payment.next_attempt_at is None
    assert cancel_payments(now=in_the_future(1)) == 0


def test_a_payment_recorded_by_hand_is_told_to_nobody(provider, place, pay):
    order = place()
    payment = pay(order, status="AUTHORISED")
    void_payments([payment.pk], now=PAID)
    payment.refresh_from_db()
    assert payment.next_attempt_at is None


def test_an_imported_payment_is_told_to_nobody(provider, place, pay):
    with acting_job("importer", origin="IMPORT"):
        payment = pay(place(), status="AUTHORISED", provider="sandbox")
        void_payments([payment.pk], now=PAID)
    payment.refresh_from_db()
    assert payment.next_attempt_at is None


def test_a_request_under_way_is_called_off_when_its_answer_comes(provider, prepaid):
    now = in_the_future(0)
    [pk] = claim_requests(now=now, providers=["sandbox"])
    void_payments([pk], now=now)
    # The provider has not seen it yet: as it may be on its way, that is believed the second time.
    assert cancel_payments(now=now) == 1
    later = Payment.objects.get().next_attempt_at
    assert later == now + timedelta(seconds=30)
    assert cancel_payments(now=later) == 1
    assert Payment.objects.get().next_attempt_at is None
    headers = {
        "Authorization": "Bearer provider-secret",
        "Idempotency-Key": Payment.objects.get().number,
    }
    body = {"reference": Payment.objects.get().number, "amount": "23.80", "currency": "EUR"}
    answer = httpx.post(f"{provider.url}/payments", json=body, headers=headers).json()
    note_requests({pk: answer["id"]}, now=now)
    assert cancel_payments(now=now) == 1
    assert there(provider, Payment.objects.get()) == ["voided"]


def test_a_request_whose_answer_never_came_is_called_off(provider, prepaid):
    """The process that asked died after the provider had heard it."""
    now = in_the_future(0)
    [pk] = claim_requests(now=now, providers=["sandbox"])
    void_payments([pk], now=now)
    assert cancel_payments(now=now) == 1
    payment = Payment.objects.get()
    headers = {"Authorization": "Bearer provider-secret", "Idempotency-Key": payment.number}
    body = {"reference": payment.number, "amount": "23.80", "currency": "EUR"}
    httpx.post(f"{provider.url}/payments", json=body, headers=headers).raise_for_status()
    assert cancel_payments(now=payment.next_attempt_at) == 1
    payment.refresh_from_db()
    assert (payment.next_attempt_at, there(provider, payment)) == (None, ["voided"])


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"id": "p", "status": "pending", "amount": "1"},
        {"id": "", "status": "voided", "amount": "1"},
        {"id": "p", "status": "captured", "amount": "NaN"},
        {"id": "p", "status": "captured", "amount": "much"},
        {"id": "p", "status": ["captured"], "amount": "1"},
    ],
)
def test_an_unreadable_answer_decides_nothing(data):
    with pytest.raises(TemporaryError):
        parse_cancel(data)
