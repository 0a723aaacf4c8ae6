"""Statements take every entry once; payouts need two people and a balance."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from backoffice.core.actor import acting
from backoffice.core.models import User
from finance.models import CommissionContract, Payout, Posting, SellerStatement, StatementLine
from finance.services.commands import OpenRefund, RefundResult
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    create_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from finance.services.settlement import settle_orders
from finance.services.statements import create_statements, release_reserves
from tests.fixtures.finance import DELIVERED

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal
MONDAY = datetime(2026, 3, 15, 23, 0, tzinfo=UTC)  # midnight in Berlin, after a week's end


@pytest.fixture
def settled(sold):
    """Sell and settle an order; the seller earns 87.60."""

    def run(external_id: str = "1", at: datetime = DELIVERED):
        order = sold(external_id, at)
        settle_orders([order.pk], now=at)
        return order

    return run


def refund(order, amount: str, at: datetime = DELIVERED) -> None:
    ids = open_refunds([OpenRefund(order.pk, "LINE", EUR(amount))], now=at).created[0]
    send_refunds(ids, now=at)
    record_refund_results([RefundResult(pk, "SUCCEEDED") for pk in ids], now=at)


def balance(code: str) -> Decimal:
    return -sum(Posting.objects.filter(account__code=code).values_list("amount", flat=True), EUR(0))


def test_a_week_is_closed_on_the_contracts_calendar(settled, seller):
    settled()
    assert create_statements(now=MONDAY - timedelta(microseconds=1)) == []
    [pk] = create_statements(now=MONDAY)
    s = SellerStatement.objects.get(pk=pk)
    assert (s.seller, s.currency, s.starts_on, s.ends_on) == (
        seller,
        "EUR",
        date(2026, 3, 12),
        date(2026, 3, 15),
    )
    assert (s.opening_amount, s.sales_amount, s.closing_amount) == (0, EUR("87.60"), EUR("87.60"))
    assert create_statements(now=MONDAY) == []
    assert StatementLine.objects.count() == 1


def test_what_comes_late_is_in_the_next(settled):
    first = settled("1")
    create_statements(now=MONDAY)
    refund(first, "30.00", MONDAY)
    settled("2", DELIVERED)
    [pk] = create_statements(now=MONDAY + timedelta(days=7))
    s = SellerStatement.objects.get(pk=pk)
    assert (s.opening_amount, s.sales_amount, s.starts_on) == (
        EUR("87.60"),
        EUR("87.60"),
        date(2026, 3, 16),
    )
    assert s.refunds_amount == EUR("-20.19")
    assert s.closing_amount == EUR("155.01")


def test_a_reserve_is_held_and_released(settled, seller):
    CommissionContract.objects.filter(seller=seller).update(
        reserve_share=EUR("0.1"), reserve_days=10
    )
    settled()
    [pk] = create_statements(now=MONDAY)
    s = SellerStatement.objects.get(pk=pk)
    assert (s.held_amount, s.closing_amount) == (EUR("8.76"), EUR("78.84"))
    assert (balance("2100"), balance("2150")) == (EUR("78.84"), EUR("8.76"))
    assert release_reserves(now=MONDAY + timedelta(days=8)) == []
    assert release_reserves(now=MONDAY + timedelta(days=10)) == [pk]
    assert release_reserves(now=MONDAY + timedelta(days=11)) == []
    assert (balance("2100"), balance("2150")) == (EUR("87.60"), 0)
    [second] = create_statements(now=MONDAY + timedelta(days=14))
    assert SellerStatement.objects.get(pk=second).released_amount == EUR("8.76")


@pytest.fixture
def payout(settled) -> int:
    settled()
    create_statements(now=MONDAY)
    [pk] = create_payouts(None, now=MONDAY).created.values()
    return pk


@pytest.fixture
def second(db) -> User:
    return User.objects.create(username="bob")


def approve(pk: int, who: User) -> None:
    with acting(who.pk):
        assert approve_payouts([pk], now=MONDAY).moved == [pk]


def test_a_payout_goes_its_way(payout, second):
    assert Payout.objects.get().amount == EUR("87.60")
    assert list(send_payouts([payout], now=MONDAY).blocked) == [payout]
    assert "Somebody else" in str(approve_payouts([payout], now=MONDAY).blocked[payout][0])
    approve(payout, second)
    assert balance("2100") == EUR("87.60")
    send_payouts([payout], now=MONDAY)
    assert (balance("2100"), balance("2190")) == (0, EUR("87.60"))
    assert list(send_payouts([payout], now=MONDAY).blocked) == [payout]
    pay_payouts([payout], now=MONDAY)
    assert (balance("2190"), balance("1000")) == (0, EUR("87.60"))
    assert list(fail_payouts([payout], now=MONDAY).blocked) == [payout]
    assert create_payouts(None, now=MONDAY).created == {}


def test_the_database_wants_two_people(payout, second):
    creator = Payout.objects.get().created_by
    for values in ({"status": "SENT"}, {"status": "APPROVED", "approved_by": creator}):
        with pytest.raises(DatabaseError, match="payout_"), transaction.atomic():
            Payout.objects.update(**values)
    assert Payout.objects.get().status == "DRAFT"


def test_a_returned_payout_is_owed_again(payout, second):
    approve(payout, second)
    send_payouts([payout], now=MONDAY)
    fail_payouts([payout], now=MONDAY)
    assert (balance("2100"), balance("2190")) == (EUR("87.60"), 0)
    # A new attempt is a new payout.
    [again] = create_payouts(None, now=MONDAY).created.values()
    assert again != payout
    [pk] = create_statements(now=MONDAY + timedelta(days=7))
    assert SellerStatement.objects.get(pk=pk).payouts_amount == 0


def test_a_called_off_payout_frees_the_balance(payout):
    assert list(create_payouts(None, now=MONDAY).created) == []
    cancel_payouts([payout], now=MONDAY)
    assert len(create_payouts(None, now=MONDAY).created) == 1


def test_a_refund_in_between_keeps_the_payout_back(payout, second, settled):
    from orders.models import Order

    approve(payout, second)
    refund(Order.objects.get(), "119.00", MONDAY)
    blocked = send_payouts([payout], now=MONDAY).blocked
    assert "fallen below" in str(blocked[payout][0])
    assert Payout.objects.get().status == "APPROVED"


def skipped(**changes: object) -> str:
    CommissionContract.objects.filter(name="Acme").update(**changes)
    result = create_payouts(None, now=MONDAY)
    assert result.created == {}
    [reason] = result.skipped.values()
    return str(reason)


def test_who_gets_no_payout_is_told_why(settled):
    order = settled()
    create_statements(now=MONDAY)
    assert "blocked: fraud" in skipped(payout_block="fraud")
    assert "below the smallest" in skipped(payout_block="", minimum_payout=EUR("100.00"))
    # Everything is still within the return window.
    assert "carried" in skipped(minimum_payout=0, return_window_days=14)
    CommissionContract.objects.update(return_window_days=0)
    refund(order, "130.90", MONDAY)
    # The fee is the platform's: the seller's balance is negative now, and carried.
    assert "-0.5" in skipped()
    [pk] = create_statements(now=MONDAY + timedelta(days=7))
    assert SellerStatement.objects.get(pk=pk).closing_amount == EUR("-0.50")
    settled("2", MONDAY)
    create_statements(now=MONDAY + timedelta(days=14))
    create_payouts(None, now=MONDAY + timedelta(days=14))
    assert Payout.objects.get().amount == EUR("87.10")
