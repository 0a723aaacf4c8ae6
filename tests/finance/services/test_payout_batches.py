"""Payouts leave in files that two persons made, from the balance and to the account agreed to."""

import hashlib
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from backoffice.core.states import BlockedError
from finance.models import BankDetails, Payout, PayoutAccount, PayoutBatch, PayoutFile
from finance.services.bank_details import (
    ProposeDetails,
    approve_bank_details,
    propose_bank_details,
    reject_bank_details,
)
from finance.services.commands import OpenRefund, RefundResult
from finance.services.payout_batches import (
    approve_batches,
    cancel_batches,
    download_batch,
    gather_payouts,
    pay_batches,
    send_batches,
    take_back_batches,
)
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    create_payouts,
    fail_payouts,
    send_payouts,
)
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements
from inventory.models import Seller
from orders.models import Order
from tests.finance.services.test_payouts import MONDAY, balance
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound", "actor")
EUR = Decimal
IBAN = "NL91 ABNA 0417 1643 00"
DAY = MONDAY.date() + timedelta(days=1)


@pytest.fixture
def second(db) -> User:
    return User.objects.create(username="bob")


@pytest.fixture
def account(db) -> PayoutAccount:
    return PayoutAccount.objects.create(
        code="main", name="Shop GmbH", currency="EUR", account_number="DE89370400440532013000"
    )


@pytest.fixture
def payout(sold) -> int:
    """Settle one order: 87.60 to be paid to Acme."""
    order = sold("1", DELIVERED)
    settle_orders([order.pk], now=DELIVERED)
    create_statements(now=MONDAY)
    [pk] = create_payouts(None, now=MONDAY).created.values()
    return pk


def propose(seller: Seller, **changes: str) -> int:
    values = {"holder": "Acme B.V.", "account_number": IBAN, "bank_code": ""} | changes
    done = propose_bank_details([ProposeDetails(seller.pk, "EUR", **values)], now=MONDAY)
    assert done.refused == {}
    return done.created[0]


@pytest.fixture
def details(seller, second) -> int:
    pk = propose(seller)
    with acting(second.pk):
        assert approve_bank_details([pk], now=MONDAY).moved == [pk]
    return pk


def gather(account: PayoutAccount):
    return gather_payouts([account.pk], execute_on=DAY, now=MONDAY)


@pytest.fixture
def batch(account, payout, details) -> int:
    done = gather(account)
    assert (done.refused, done.left_out) == ({}, {})
    return done.created[account.pk]


def reasons(outcome, pk: int) -> str:
    assert outcome.moved == []
    return " ".join(map(str, outcome.blocked[pk]))


def send(pk: int, second: User) -> None:
    with acting(second.pk):
        assert approve_batches([pk], now=MONDAY).moved == [pk]
    assert send_batches([pk], now=MONDAY).moved == [pk]


def test_a_batch_goes_its_way(batch, payout, second):
    told = PayoutBatch.objects.get()
    assert (told.payout_count, told.total_amount, told.status) == (1, EUR("87.60"), "DRAFT")
    assert "Somebody else" in reasons(approve_batches([batch], now=MONDAY), batch)
    assert "Only possible in state Approved" in reasons(send_batches([batch], now=MONDAY), batch)
    send(batch, second)
    paid = Payout.objects.get()
    assert (paid.status, paid.approved_by) == ("SENT", second)
    assert (balance("2100"), balance("2190")) == (0, EUR("87.60"))
    assert send_batches([batch], now=MONDAY).moved == []
    assert pay_batches([batch], now=MONDAY).moved == [batch]
    assert (balance("2190"), balance("1000")) == (0, EUR("87.60"))
    assert Payout.objects.get().status == "PAID"
    kinds = Event.objects.filter(kind__startswith="payout").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == [
        *("payout.created", "payout_batch.gathered", "payout.approved", "payout_batch.approved"),
        *("payout.sent", "payout_batch.sent", "payout.paid", "payout_batch.paid"),
    ]


def test_the_file_says_what_the_books_say(batch, payout, second):
    with pytest.raises(BlockedError, match="once the batch is sent"):
        download_batch(batch, now=MONDAY)
    send(batch, second)
    file = download_batch(batch, now=MONDAY)
    assert re.findall("<CtrlSum>(.*?)</CtrlSum>", file.content) == ["87.60"] * 2
    assert "<IBAN>NL91ABNA0417164300</IBAN>" in file.content
    assert hashlib.sha256(file.content.encode()).hexdigest() == file.sha256
    taken = Event.objects.get(kind="payout_batch.downloaded")
    assert taken.data["sha256"] == file.sha256
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content, (SELECT account_number FROM finance_bankdetails),"
            " (SELECT account_number FROM finance_payoutaccount) FROM finance_payoutfile"
        )
        assert {text[:7] for text in cursor.fetchone()} == {"fernet:"}


def test_a_payout_in_a_batch_is_decided_with_it(batch, payout, second, account):
    with acting(second.pk):
        for verb in (approve_payouts, cancel_payouts):
            assert "part of a payout batch" in reasons(verb([payout], now=MONDAY), payout)
        assert "No open payout in EUR" in str(gather(account).refused[account.pk])
        assert cancel_batches([batch], now=MONDAY).moved == [batch]
        assert approve_payouts([payout], now=MONDAY).moved == [payout]
    again = gather(account).created[account.pk]
    assert Payout.objects.get().batch_id == again
    with acting(second.pk):
        approve_batches([again], now=MONDAY)
    assert "part of a payout batch" in reasons(send_payouts([payout], now=MONDAY), payout)


def test_a_batch_that_was_not_carried_out_is_owed_again(batch, payout, second):
    send(batch, second)
    assert take_back_batches([batch], now=MONDAY).moved == [batch]
    assert (balance("2100"), balance("2190")) == (EUR("87.60"), 0)
    assert Payout.objects.get().status == "FAILED"
    assert PayoutBatch.objects.get().status == "RETURNED"
    [again] = create_payouts(None, now=MONDAY).created.values()
    assert again != payout


def test_a_single_payout_that_came_back_leaves_the_others_paid(batch, payout, second):
    send(batch, second)
    assert fail_payouts([payout], now=MONDAY).moved == [payout]
    assert pay_batches([batch], now=MONDAY).moved == [batch]
    assert (balance("2100"), balance("1000")) == (EUR("87.60"), 0)


def test_the_balance_is_looked_at_when_the_file_is_written(batch, payout, second):
    with acting(second.pk):
        approve_batches([batch], now=MONDAY)
    order = Order.objects.get()
    ids = open_refunds([OpenRefund(order.pk, "LINE", EUR("119.00"))], now=MONDAY).created[0]
    send_refunds(ids, now=MONDAY)
    record_refund_results([RefundResult(pk, "SUCCEEDED") for pk in ids], now=MONDAY)
    told = reasons(send_batches([batch], now=MONDAY), batch)
    assert Payout.objects.get().number in told
    assert "fallen below" in told
    assert Payout.objects.get().status == "APPROVED"
    assert PayoutFile.objects.count() == 0


def test_replaced_bank_details_stop_the_file(batch, seller, second, details):
    with acting(second.pk):
        approve_batches([batch], now=MONDAY)
    newer = propose(seller, account_number="DE89370400440532013000")
    with acting(second.pk):
        approve_bank_details([newer], now=MONDAY)
    assert BankDetails.objects.get(pk=details).status == "REPLACED"
    assert "were replaced" in reasons(send_batches([batch], now=MONDAY), batch)
    assert balance("2190") == 0


def test_what_the_bank_would_refuse_stops_the_file(account, payout, seller, second):
    pk = propose(seller, holder="青禾贸易")
    with acting(second.pk):
        approve_bank_details([pk], now=MONDAY)
    batch = gather(account).created[account.pk]
    with acting(second.pk):
        approve_batches([batch], now=MONDAY)
    told = reasons(send_batches([batch], now=MONDAY), batch)
    assert told.startswith(f"{Payout.objects.get().number}: The name has no letters")


def test_who_has_no_bank_details_is_left_out(account, payout, seller):
    done = gather(account)
    assert "no approved bank details" in str(done.left_out[payout])
    assert "no approved bank details" in str(done.refused[account.pk])
    propose(seller)
    assert gather(account).created == {}
    assert PayoutBatch.objects.count() == 0


def test_a_day_of_the_past_and_an_unknown_account_are_refused(account, payout, details):
    past = MONDAY.date() - timedelta(days=2)
    done = gather_payouts([account.pk, 0], execute_on=past, now=MONDAY)
    assert "in the past" in str(done.refused[account.pk])
    assert "no such payout account" in str(done.refused[0])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"account_number": "NL92ABNA0417164300"}, "check digits"),
        ({"holder": " "}, "whose account"),
        ({"bank_code": "021000022"}, "check digit"),
    ],
)
def test_mistyped_bank_details_are_refused(seller, changes, words):
    values = {"holder": "Acme", "account_number": IBAN} | changes
    done = propose_bank_details([ProposeDetails(seller.pk, "EUR", **values)], now=MONDAY)
    assert words in str(done.refused[0][0])
    assert BankDetails.objects.count() == 0


def test_bank_details_need_two_persons(seller, second):
    pk = propose(seller)
    assert "Somebody else" in reasons(approve_bank_details([pk], now=MONDAY), pk)
    command = ProposeDetails(seller.pk, "EUR", "Acme", IBAN)
    again = propose_bank_details([command], now=MONDAY)
    assert "wait for a second person" in str(again.refused[0][0])
    maker = BankDetails.objects.get().created_by
    with pytest.raises(DatabaseError, match="bank_details_"), transaction.atomic():
        BankDetails.objects.update(status="ACTIVE", approved_by=maker)
    with acting(second.pk):
        assert reject_bank_details([pk], now=MONDAY).moved == [pk]
    assert BankDetails.objects.get().status == "REJECTED"
    assert propose(seller) != pk


def test_the_database_wants_two_people_for_a_batch(batch):
    maker = PayoutBatch.objects.get().created_by
    for values in ({"status": "SENT"}, {"status": "APPROVED", "approved_by": maker}):
        with pytest.raises(DatabaseError, match="batch_"), transaction.atomic():
            PayoutBatch.objects.update(**values)
