"""Payments are recorded once, in whatever order reports come."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finance.models import JournalEntry, Payment, Posting
from finance.services.commands import RecordPayment
from finance.services.payments import record_payments, void_payments
from orders.models import Order
from tests.fixtures.finance import PAID, payment_command

pytestmark = pytest.mark.usefixtures("sound")
TOTAL = Decimal("23.80")


def state(order: Order) -> tuple:
    order.refresh_from_db()
    return order.payment_status, order.authorised_amount, order.captured_amount


def test_a_capture_pays_the_order(place, pay):
    order = place()
    payment = pay(order)
    assert (payment.status, payment.captured_amount) == ("CAPTURED", TOTAL)
    assert payment.captured_at == PAID
    assert state(order) == ("PAID", 0, TOTAL)
    entry = JournalEntry.objects.get(idempotency_key=f"capture:{payment.pk}")
    lines = Posting.objects.filter(entry=entry).order_by("position")
    assert list(lines.values_list("account__code", "amount", "order_id")) == [
        ("1100", TOTAL, order.pk),
        ("2000", -TOTAL, order.pk),
    ]


def test_the_same_report_again_changes_nothing(place):
    order = place()
    command = payment_command(order)
    done = record_payments([command, command], now=PAID)
    again = record_payments([command], now=PAID)
    assert (list(done.created), list(done.unchanged)) == ([0], [1])
    assert again.unchanged == {0: done.created[0]}
    assert Payment.objects.count() == JournalEntry.objects.count() == 1
    assert state(order) == ("PAID", 0, TOTAL)


def test_authorised_then_captured_in_one_batch(place):
    order = place()
    authorised = payment_command(order, status="AUTHORISED")
    record_payments([authorised], now=PAID)
    assert state(order) == ("AUTHORISED", TOTAL, 0)
    record_payments([replace(authorised, status="CAPTURED")], now=PAID)
    assert state(order) == ("PAID", 0, TOTAL)
    # A report that comes late says nothing new.
    late = record_payments([authorised, replace(authorised, status="FAILED")], now=PAID)
    assert len(late.unchanged) == 2
    assert state(order) == ("PAID", 0, TOTAL)


def test_a_smaller_capture_gives_the_rest_up(place):
    order = place()
    authorised = payment_command(order, status="AUTHORISED")
    record_payments([authorised], now=PAID)
    record_payments([replace(authorised, status="CAPTURED", amount=Decimal("10.00"))], now=PAID)
    assert state(order) == ("PARTIALLY_PAID", 0, Decimal("10.00"))


def test_several_payments_add_up(place, pay):
    order = place()
    pay(order, "a", amount=Decimal("10.00"))
    assert state(order)[0] == "PARTIALLY_PAID"
    pay(order, "b", amount=Decimal("13.80"), method="gift card")
    assert state(order) == ("PAID", 0, TOTAL)


def test_voiding_gives_the_authorisation_up(place):
    order = place()
    done = record_payments([payment_command(order, status="AUTHORISED")], now=PAID)
    pk = done.created[0]
    assert void_payments([pk], now=PAID).moved == [pk]
    assert state(order) == ("UNPAID", 0, 0)
    assert list(void_payments([pk], now=PAID).blocked) == [pk]
    # Money that comes in counts, whatever was said before.
    record_payments([payment_command(order)], now=PAID)
    assert state(order) == ("PAID", 0, TOTAL)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": None}, "no order"),
        ({"order_id": 999_999}, "no order"),
        ({"amount": Decimal(0)}, "positive"),
        ({"amount": Decimal("1.001")}, "too many digits"),
        ({"currency": "USD"}, "in USD"),
    ],
)
def test_bad_reports_are_refused_and_change_nothing(place, changes, reason):
    order = place()
    good = payment_command(order, "good", amount=Decimal("1.00"))
    done = record_payments([payment_command(order, "bad", **changes), good], now=PAID)
    assert reason in done.refused[0][0]
    assert list(done.created) == [1]
    assert state(order) == ("PARTIALLY_PAID", 0, Decimal("1.00"))


def test_more_than_authorised_is_refused(place):
    order = place()
    authorised = payment_command(order, status="AUTHORISED")
    record_payments([authorised], now=PAID)
    more = replace(authorised, status="CAPTURED", amount=TOTAL + 1)
    assert record_payments([more], now=PAID).refused.keys() == {0}
    assert state(order) == ("AUTHORISED", TOTAL, 0)


def test_a_payment_stays_with_its_order(place, pay):
    first, second = place("1"), place("2")
    pay(first, "same")
    done = record_payments([payment_command(second, "same")], now=PAID)
    assert "another order" in done.refused[0][0]
    assert state(second) == ("UNPAID", 0, 0)


def test_statements_do_not_grow_with_the_batch(place):
    orders = [place(str(n)) for n in range(12)]
    counts = []
    for batch in (orders[:2], orders[2:]):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            record_payments([payment_command(o) for o in batch], now=PAID)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_report_by_our_own_number(place):
    order = place()
    record_payments([payment_command(order, status="PENDING")], now=PAID)
    Payment.objects.update(external_id=None)
    number = Payment.objects.get().number
    report = RecordPayment("manual", "ext", "CAPTURED", TOTAL, "EUR", reference=number)
    record_payments([report], now=PAID)
    assert Payment.objects.get().external_id == "ext"
    assert state(order) == ("PAID", 0, TOTAL)


def test_a_request_is_withdrawn_when_the_order_is_paid_by_another_way(place, pay, drain, channel):
    type(channel).objects.filter(pk=channel.pk).update(payment_terms="PREPAID")
    order = place()
    drain()
    request = Payment.objects.get(order=order)
    assert request.status == "PENDING"

    part = pay(order, "part", amount=Decimal("10.00"))
    drain()
    request.refresh_from_db()
    assert request.status == "PENDING"

    rest = pay(order, "rest", amount=Decimal("13.80"))
    drain()

    request.refresh_from_db()
    assert request.status == "VOIDED"
    assert {part.status, rest.status} == {"CAPTURED"}
    assert state(order) == ("PAID", 0, TOTAL)
