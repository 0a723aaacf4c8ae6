"""Rows belong to payments by reference, number, amount and day, and never by a guess."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finance.models import (
    Payment,
    PaymentProvider,
    ReconciliationException,
    ReconciliationMatch,
    ReconciliationPolicy,
    Refund,
)
from finance.services.commands import OpenRefund, RecordPayment, RefundResult
from finance.services.matching import match_due_file, reconcile_files, retry_exceptions
from finance.services.payments import record_payments
from finance.services.provider_files import import_file
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import approve_refunds, open_refunds
from orders.models import Order
from tests.fixtures.finance import PAID
from tests.fixtures.reconciliation import RECONCILED, bank_file, live_matches, stripe_file

pytestmark = pytest.mark.usefixtures("sound")
TOTAL = Decimal("23.80")


@pytest.fixture
def charge(place: Callable[..., Order], pay: Callable[..., Payment]) -> Callable[..., Payment]:
    """Place an order and capture its 23.80 EUR at Stripe."""

    def run(external_id: str, **changes: object) -> Payment:
        return pay(place(external_id), external_id, provider="stripe", **changes)

    return run


def problems() -> list[tuple]:
    rows = ReconciliationException.objects.order_by("pk")
    return list(rows.values_list("kind", "status", "amount"))


def test_by_the_providers_reference(charge, reconcile):
    payments = [charge("ch_1"), charge("ch_2")]
    reconcile(
        stripe_file([
            ("charge", "ch_1", "", "23.80", "0.95"),
            ("charge", "ch_2", "", "23.80", "0.95"),
            ("fee", "fee_1", "", "0.00", "1.00"),
            ("payout", "", "", "-44.70", "0.00"),
        ])
    )  # fmt: skip
    assert live_matches() == [
        ("REFERENCE", "PAYMENT", "finance.payment", payments[0].pk, 0),
        ("REFERENCE", "PAYMENT", "finance.payment", payments[1].pk, 0),
        ("OWN", "FEE", "", None, 0),
        ("OWN", "PAYOUT", "", None, 0),
    ]
    assert problems() == []


def test_by_our_number_and_by_amount_and_day(charge, reconcile):
    by_number, by_amount = charge("pi_1"), charge("pi_2")
    Payment.objects.filter(pk=by_amount.pk).update(captured_amount=TOTAL, amount=TOTAL)
    reconcile(
        stripe_file([
            ("charge", "other_1", by_number.number, "23.80", "0"),
            ("charge", "other_2", "", "23.80", "0"),
        ])
    )  # fmt: skip
    # The second would fit both; the first has gone by its number, but nothing is guessed at once.
    assert live_matches() == [("NUMBER", "PAYMENT", "finance.payment", by_number.pk, 0)]
    assert problems() == [("AMBIGUOUS", "OPEN", TOTAL)]
    assert retry_exceptions(now=RECONCILED).rows == 1
    assert live_matches()[1] == ("AMOUNT", "PAYMENT", "finance.payment", by_amount.pk, 0)
    assert problems() == [("AMBIGUOUS", "CLEARED", TOTAL)]


def test_what_fits_twice_is_never_matched(charge, reconcile):
    charge("pi_1"), charge("pi_2")
    reconcile(stripe_file([("charge", "x", "", "23.80", "0")]))
    assert live_matches() == []
    assert problems() == [("AMBIGUOUS", "OPEN", TOTAL)]


def test_two_rows_of_one_payment(charge, reconcile):
    whole = charge("ch_1")
    charge("ch_2")
    reconcile(
        stripe_file([
            ("charge", "ch_1", "", "20.00", "0"),
            ("charge", "ch_1", "", "3.80", "0"),
            ("charge", "ch_2", "", "23.80", "0"),
            ("charge", "ch_2", "", "23.80", "0"),
        ])
    )  # fmt: skip
    links = ReconciliationMatch.objects.order_by("row_id")
    assert [(m.subject_id, m.amount, m.difference) for m in links] == [
        (whole.pk, Decimal("20.00"), 0),
        (whole.pk, Decimal("3.80"), 0),
    ]
    assert len({m.group_id for m in links}) == 1
    # The same charge twice belongs to nobody until somebody looks.
    assert problems() == [("AMBIGUOUS", "OPEN", TOTAL)] * 2


def test_one_row_of_two_payments(place, pay, reconcile):
    order = place()
    parts = [
        pay(order, f"pi_{n}", provider="stripe", amount=Decimal(amount))
        for n, amount in enumerate(("20.00", "3.80"))
    ]
    reconcile(stripe_file([("charge", "x", order.order_number, "23.80", "0")]))
    links = ReconciliationMatch.objects.order_by("subject_id")
    assert [(m.subject_id, m.rule, m.amount) for m in links] == [
        (parts[0].pk, "NUMBER", Decimal("20.00")),
        (parts[1].pk, "NUMBER", Decimal("3.80")),
    ]
    assert {m.group_id for m in links} == {links[0].row_id}


def test_a_difference_within_the_tolerance(charge, reconcile):
    payment = charge("ch_1")
    file = reconcile(stripe_file([("charge", "ch_1", "", "23.78", "0")]))
    assert problems() == [("AMOUNT", "OPEN", Decimal("23.78"))]
    ReconciliationPolicy.objects.create(currency="EUR", tolerance=Decimal("0.02"))
    assert reconcile_files([file.pk], now=RECONCILED).rows == 1
    assert live_matches() == [
        ("REFERENCE", "PAYMENT", "finance.payment", payment.pk, Decimal("-0.02"))
    ]


def test_another_provider_and_another_currency_never_fit(place, pay, reconcile):
    pay(place("1"), "ch_1", provider="manual")
    reconcile(stripe_file([("charge", "ch_1", "", "23.80", "0")]))
    assert problems() == [("UNMATCHED", "OPEN", TOTAL)]
    # Said whose files tell of it, it does.
    PaymentProvider.objects.filter(code="manual").update(files_of="stripe")
    assert retry_exceptions(now=RECONCILED).rows == 1


def test_refunds_by_their_payment_and_chargebacks(charge, reconcile):
    payment, other = charge("ch_1"), charge("ch_2")
    opened = open_refunds(
        [OpenRefund(payment.order_id, "GOODWILL", Decimal("5.00"))], now=PAID
    ).created[0]
    approve_refunds(opened, now=PAID)
    send_refunds(opened, now=PAID)
    record_refund_results([RefundResult(opened[0], "SUCCEEDED", "re_1")], now=PAID)
    reconcile(
        stripe_file([
            ("refund", "ch_1", "", "-5.00", "0"),
            ("dispute", "ch_2", "", "-23.80", "15.00"),
        ])
    )  # fmt: skip
    assert live_matches() == [
        ("REFERENCE", "REFUND", "finance.refund", opened[0], 0),
        ("REFERENCE", "CHARGEBACK", "finance.payment", other.pk, 0),
    ]


def test_what_waits_for_an_answer_is_recorded(place, reconcile):
    order = place()
    pending = RecordPayment("stripe", "ch_1", "PENDING", TOTAL, "EUR", order_id=order.pk, at=PAID)
    done = record_payments([pending], now=PAID)
    reconcile(stripe_file([("charge", "ch_1", "", "23.80", "0.95")]))
    payment = Payment.objects.get(pk=done.created[0])
    assert payment.status == "CAPTURED"
    order.refresh_from_db()
    assert order.payment_status == "PAID"
    # A refund whose outcome is unknown, too.
    opened = open_refunds([OpenRefund(order.pk, "GOODWILL", Decimal("5.00"))], now=PAID).created[0]
    approve_refunds(opened, now=PAID)
    send_refunds(opened, now=PAID)
    record_refund_results([RefundResult(opened[0], "UNKNOWN")], now=PAID)
    reconcile(stripe_file([("refund", "ch_1", "", "-5.00", "0")], payout="po_2"))
    assert Refund.objects.get(pk=opened[0]).status == "SUCCEEDED"
    assert [m[:2] for m in live_matches()] == [("REFERENCE", "PAYMENT"), ("REFERENCE", "REFUND")]


def test_payouts_arrive_at_the_bank(charge, reconcile):
    charge("ch_1")
    file = reconcile(
        stripe_file([
            ("charge", "ch_1", "", "23.80", "0.95"),
            ("payout", "", "", "-22.85", "0.00"),
        ])
    )  # fmt: skip
    reconcile(bank_file([("22.85", "STRIPE PO_1 PAYOUT"), ("99.00", "RENT")]))
    payout = ReconciliationMatch.objects.get(kind="PAYOUT", subject_id=None).row_id
    assert live_matches()[-1] == ("REFERENCE", "OTHER", "finance.filerow", payout, 0)
    assert problems() == [("UNMATCHED", "OPEN", Decimal("99.00"))]
    assert file.is_bank is False


def test_a_customers_transfer_names_the_order(place, reconcile):
    order = place()
    pending = RecordPayment("manual", "t-1", "PENDING", TOTAL, "EUR", order_id=order.pk, at=PAID)
    record_payments([pending], now=PAID)
    reconcile(bank_file([("23.80", f"J DOE {order.order_number} THANKS")]))
    order.refresh_from_db()
    assert order.payment_status == "PAID"
    assert live_matches()[0][:3] == ("NUMBER", "OTHER", "finance.payment")


def test_what_two_files_tell_counts_once(charge, reconcile):
    charge("ch_1")
    rows = [("charge", "ch_1", "", "23.80", "0.95"), ("fee", "f", "", "0.00", "1.00")]
    reconcile(stripe_file(rows))
    # The same transactions in another report of the provider.
    again = stripe_file(rows).replace(b"automatic_payout_id", b"whatever")
    reconcile(again, "stripe-balance")
    assert [m[0] for m in live_matches()] == ["REFERENCE", "OWN", "SAME", "SAME"]
    assert problems() == []


def test_a_payment_that_the_file_should_tell_of(charge, reconcile):
    charge("ch_1")
    missing = charge("ch_2", at=PAID.replace(day=11))
    late = charge("ch_3", at=PAID.replace(day=19))
    reconcile(
        stripe_file([("charge", "ch_1", "", "23.80", "0")], at="2026-03-10 08:00:00")
        + stripe_file([("charge", "none", "x", "1.00", "0")], at="2026-03-19 08:00:00")
        .split(b"\n")[1].replace(b"txn_po_1_0", b"txn_z") + b"\n"
    )  # fmt: skip
    found = ReconciliationException.objects.get(kind="MISSING")
    assert (found.payment_id, found.amount) == (missing.pk, TOTAL)
    # It comes with a later file.
    reconcile(stripe_file([("charge", "ch_2", "", "23.80", "0")], payout="po_2"))
    retry_exceptions(now=RECONCILED)
    found.refresh_from_db()
    assert (found.status, found.resolution) == ("CLEARED", "MATCHED")
    assert late.status == "CAPTURED"


def test_matching_again_changes_nothing(charge, reconcile):
    charge("ch_1")
    file = reconcile(
        stripe_file([("charge", "ch_1", "", "23.80", "0"), ("charge", "x", "", "1", "0")])
    )
    before = live_matches(), problems()
    again = reconcile_files([file.pk], now=RECONCILED)
    assert (again.rows, again.left) == (1, 1)
    assert (live_matches(), problems()) == before
    assert match_due_file(now=RECONCILED) == 0


def test_the_statements_do_not_grow_with_the_rows(place, pay, actor, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    counts = []
    for size in (1, 2, 6):
        ids = [f"ch_{size}_{n}" for n in range(size)]
        for key in ids:
            pay(place(key), key, provider="stripe")
        rows = [("charge", key, "", "23.80", "0") for key in ids]
        rows += [("charge", f"no_{key}", "", "1.00", "0") for key in ids]
        file = import_file("stripe", "f", stripe_file(rows, payout=f"po_{size}"), now=RECONCILED)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert reconcile_files([file.file.pk], now=RECONCILED).rows == size
        counts.append(len(queries))
    # The first file has none before it to be compared with.
    assert counts[1] == counts[2]
