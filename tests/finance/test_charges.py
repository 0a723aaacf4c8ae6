"""A fee is one declaration: whatever follows from it is computed, posted, given back and proved."""

import importlib
from collections.abc import Iterator
from decimal import Decimal

import pytest

from finance import charges, checks
from finance.api.serializers import SettlementSerializer
from finance.charges import CHARGES, GROSS, LINE, NET, ORDER, Charge, contract_fields, labelled
from finance.invariants import sellers
from finance.models import CommissionContract, LedgerAccount, OrderSettlement, Posting, RefundShare
from finance.services import refund_shares, settlement
from finance.services.commands import OpenRefund, RefundResult
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import open_refunds
from finance.standing import create_charge_accounts
from tests.fixtures.finance import DELIVERED, broken_books

EUR = Decimal
# Fields that the contract has anyway stand for the fee's own: 1.5 % and 0.30 for each order.
FEE = Charge(
    "payment_fee",
    "payment fee",
    "4300",
    "Payment fees",
    {"reserve_share": GROSS, "minimum_payout": ORDER},
    given_back="refunds_commission",
)
MADE_OF_CHARGES = (settlement, refund_shares, sellers)


def declare(declared: tuple[Charge, ...]) -> None:
    """Make these the charges, and all SQL that is made of them."""
    charges.CHARGES = declared
    for module in MADE_OF_CHARGES:
        importlib.reload(module)


@pytest.fixture
def payment_fee(sold, seller) -> Iterator[Charge]:
    declare((*CHARGES, FEE))
    try:
        create_charge_accounts()
        CommissionContract.objects.filter(seller=seller).update(
            reserve_share=EUR("0.015"), minimum_payout=EUR("0.30")
        )
        yield FEE
    finally:
        declare(CHARGES)


def postings(order, kind: str) -> list[tuple]:
    rows = Posting.objects.filter(order_id=order.pk, entry__kind=kind, entry__reverses=None)
    return list(rows.order_by("entry_id", "position").values_list("account__code", "amount"))


def refund(order, amount: str) -> None:
    [pk] = open_refunds([OpenRefund(order.pk, "LINE", EUR(amount))], now=DELIVERED).created[0]
    assert send_refunds([pk], now=DELIVERED).moved == [pk]
    result = RefundResult(pk, "SUCCEEDED", f"r{pk}")
    assert record_refund_results([result], now=DELIVERED).moved == [pk]


def test_a_declared_fee_is_levied(sold, seller, payment_fee):
    order = sold()
    settlement.settle_orders([order.pk], now=DELIVERED)
    settled = OrderSettlement.objects.get(seller_id=seller.pk)
    # 1.5 % of 119.00 are 1.785; with 0.30 they are rounded once.
    assert settled.charges == {"commission": "11.90", "line_fee": "0.50", "payment_fee": "2.09"}
    assert (settled.charges_amount, settled.payable_amount) == (EUR("14.49"), EUR("85.51"))
    assert postings(order, "SETTLEMENT") == [
        ("2000", EUR("119.00")),
        ("2200", EUR("-19.00")),
        ("4100", EUR("-11.90")),
        ("4200", EUR("-0.50")),
        ("4300", EUR("-2.09")),
        ("2100", EUR("-85.51")),
        ("2000", EUR("11.90")),
        ("2200", EUR("-1.90")),
        ("4000", EUR("-10.00")),
    ]
    assert LedgerAccount.objects.get(code="4300").kind == "INCOME"
    assert [(str(k), v) for k, v in labelled(settled.charges)][-1] == ("payment fee", EUR("2.09"))
    assert OrderSettlement.objects.get(seller_id=None).charges == {}
    assert broken_books() == []


def test_a_declared_fee_goes_back_to_the_cent(sold, seller, payment_fee):
    order = sold()
    settlement.settle_orders([order.pk], now=DELIVERED)
    for amount in ("33.33", "0.01", "44.44", "53.12"):
        refund(order, amount)
    given = RefundShare.objects.filter(seller_id=seller.pk)
    assert sum(EUR(share.charges.get("payment_fee", 0)) for share in given) == EUR("2.09")
    assert sum(EUR(share.charges.get("commission", 0)) for share in given) == EUR("11.90")
    assert not any("line_fee" in share.charges for share in given)
    assert broken_books() == []


def test_the_invariant_finds_a_fee_that_nobody_declares(sold, payment_fee):
    settlement.settle_orders([sold().pk], now=DELIVERED)
    declare(CHARGES)
    assert [v.invariant.name for v in broken_books()] == ["finance.charges"]


def test_the_api_tells_each_charge(sold, seller):
    settlement.settle_orders([sold().pk], now=DELIVERED)
    settled = OrderSettlement.objects.get(seller_id=seller.pk)
    settled.order_number, settled.seller_code = "SO-1", seller.code
    shown = SettlementSerializer(settled).data
    assert shown["charges"] == {"commission": "11.9000", "line_fee": "0.5000"}
    assert shown["charges_amount"] == "12.4000"


def test_the_contracts_checks_follow():
    assert "commission_rate" in contract_fields(GROSS, NET)
    assert "line_fee" in contract_fields(LINE, ORDER)
    assert not {"commission_rate", "line_fee"} & {*contract_fields(NET), *contract_fields(ORDER)}
    assert checks.check_charges(None) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Charge("commission", "x", "4300", "X", {}), "needs a code of its own"),
        (Charge("a-b", "x", "4300", "X", {}), "needs a code of its own"),
        (Charge("x", "x", "4300", "X", {"nowhere": GROSS}), "no decimal field"),
        (Charge("x", "x", "4300", "X", {"line_fee": "p.tax"}), "none of GROSS"),
        (Charge("x", "x", "4300", "X", {}, given_back="line_fee"), "no yes or no"),
    ],
)
def test_a_charge_that_cannot_be_computed_is_refused(monkeypatch, wrong, said):
    monkeypatch.setattr(checks, "CHARGES", (*CHARGES, wrong))
    assert said in checks.check_charges(None)[-1].msg
