"""Refunds: within what was paid, by two persons, charged to the right ones."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from backoffice.core.actor import acting
from backoffice.core.models import User
from finance.models import (
    CreditNote,
    Payment,
    Posting,
    Refund,
    RefundLine,
    RefundPolicy,
    RefundShare,
)
from finance.services.commands import OpenRefund, RefundPart, RefundResult
from finance.services.refund_results import record_refund_results, send_refunds
from finance.services.refunds import approve_refunds, cancel_refunds, open_refunds
from finance.services.settlement import settle_orders
from orders.models import OrderLine, Return
from orders.services.lifecycle import cancel_orders
from orders.services.returns import (
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)
from tests.fixtures.finance import DELIVERED, PAID

pytestmark = pytest.mark.usefixtures("sound")
EUR = Decimal


def give_back(order, amount: str | None, kind: str = "LINE", **options: object) -> list[int]:
    money = EUR(amount) if amount else None
    opened = open_refunds([OpenRefund(order.pk, kind, money, **options)], now=DELIVERED)
    assert opened.refused == {}
    ids = opened.created[0]
    paid(ids)
    return ids


def paid(ids: list[int]) -> None:
    assert send_refunds(ids, now=DELIVERED).blocked == {}
    results = [RefundResult(pk, "SUCCEEDED", f"r{pk}") for pk in ids]
    assert record_refund_results(results, now=DELIVERED).blocked == {}


def reasons(command: OpenRefund) -> str:
    before = Payment.objects.values_list("pending_refund_amount", flat=True).order_by("pk")
    held = list(before)
    opened = open_refunds([command], now=DELIVERED)
    assert opened.created == {}
    assert list(before.all()) == held
    return " ".join(opened.refused[0])


def test_a_refund_promises_then_pays(place, pay):
    order = place()
    payment = pay(order)
    [pk] = open_refunds([OpenRefund(order.pk, "LINE", EUR("5.00"))], now=PAID).created[0]
    payment.refresh_from_db()
    assert (payment.pending_refund_amount, payment.refunded_amount) == (5, 0)
    paid([pk])
    payment.refresh_from_db()
    order.refresh_from_db()
    assert (payment.pending_refund_amount, payment.refunded_amount) == (0, 5)
    assert (order.payment_status, order.refunded_amount) == ("PARTIALLY_REFUNDED", 5)
    assert Refund.objects.get().external_id == f"r{pk}"


def test_what_is_decided_stays_decided(place, pay):
    order = place()
    pay(order)
    [pk] = give_back(order, "5.00")
    again = [RefundResult(pk, "SUCCEEDED"), RefundResult(pk, "FAILED")]
    assert list(record_refund_results(again, now=PAID).blocked) == [pk]
    order.refresh_from_db()
    assert order.refunded_amount == 5


def test_a_failed_refund_frees_its_money(place, pay):
    order = place()
    payment = pay(order)
    [pk] = open_refunds([OpenRefund(order.pk, "LINE", key="k")], now=PAID).created[0]
    send_refunds([pk], now=PAID)
    record_refund_results([RefundResult(pk, "UNKNOWN")], now=PAID)
    record_refund_results([RefundResult(pk, "FAILED", failure="no")], now=PAID)
    payment.refresh_from_db()
    assert payment.pending_refund_amount == 0
    # The same key opens a new row, with a number of its own.
    assert open_refunds([OpenRefund(order.pk, "LINE", key="k")], now=PAID).created[0] != [pk]


def test_the_same_key_opens_once(place, pay):
    order = place()
    pay(order)
    command = OpenRefund(order.pk, "LINE", EUR("1.00"), key="k")
    opened = open_refunds([command, command], now=PAID)
    again = open_refunds([command], now=PAID)
    assert again.existing == {0: opened.created[0]}
    assert Refund.objects.count() == 1


def test_never_more_than_was_captured(place, pay):
    order = place()
    pay(order)
    open_refunds([OpenRefund(order.pk, "LINE", EUR("20.00"))], now=PAID)
    assert "Only 3.8" in reasons(OpenRefund(order.pk, "LINE", EUR("3.81")))
    assert "nothing" in reasons(OpenRefund(order.pk, "LINE", EUR("0")))
    assert "digits" in reasons(OpenRefund(order.pk, "LINE", EUR("1.001")))
    assert "not cancelled" in reasons(OpenRefund(order.pk, "CANCELLATION", EUR("1.00")))
    assert "much more" in reasons(OpenRefund(order.pk, "OVERPAYMENT", EUR("1.00")))
    assert "unknown" in reasons(OpenRefund(999_999, "LINE", EUR("1.00")))
    with pytest.raises(DatabaseError, match="refunds_within_captured"), transaction.atomic():
        Payment.objects.update(pending_refund_amount=EUR("23.81"))


def test_an_overpayment_goes_back_without_touching_the_price(place, pay):
    order = place()
    pay(order, amount=EUR("30.00"))
    assert "much more" in reasons(OpenRefund(order.pk, "OVERPAYMENT", EUR("6.21")))
    give_back(order, "6.20", "OVERPAYMENT")
    assert RefundLine.objects.count() == 0
    give_back(order, "23.80")
    order.refresh_from_db()
    assert order.payment_status == "REFUNDED"


def test_several_payments_give_in_turn(place, pay):
    order = place()
    pay(order, "a", amount=EUR("10.01"))
    pay(order, "b", amount=EUR("13.79"))
    [first, second] = give_back(order, "20.00")
    rows = Refund.objects.order_by("pk").values_list("pk", "amount")
    assert list(rows) == [(first, EUR("10.01")), (second, EUR("9.99"))]


def test_lines_are_given_back_as_named(sold):
    order = sold()
    mine = OrderLine.objects.get(order=order, seller=None)
    parts = [RefundPart(mine.pk, EUR("11.91"))]
    assert "left to give back" in reasons(OpenRefund(order.pk, "LINE", lines=parts))
    give_back(order, None, lines=[RefundPart(mine.pk, EUR("11.90"))])
    assert "left to give back" in reasons(
        OpenRefund(order.pk, "LINE", lines=[RefundPart(mine.pk, EUR("0.01"))])
    )
    foreign = [RefundPart(mine.pk + 999, EUR("1.00"))]
    assert "not of this order" in reasons(OpenRefund(order.pk, "LINE", lines=foreign))


def shares() -> list[tuple]:
    rows = RefundShare.objects.order_by("pk").values_list(
        "seller_id", "gross_amount", "tax_amount", "charges_amount", "payable_amount"
    )
    return [tuple(row) for row in rows]


def test_all_parts_together_give_back_what_was_settled(sold, seller):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    for amount in ("33.33", "0.01", "44.44", "53.12"):
        give_back(order, amount)
    for seller_id, gross, tax, commission in (
        (seller.pk, "119.00", "19.00", "11.90"),
        (None, "11.90", "1.90", "0"),
    ):
        mine = [s for s in shares() if s[0] == seller_id]
        sums = tuple(sum(s[n] for s in mine) for n in (1, 2, 3))
        assert sums == (EUR(gross), EUR(tax), EUR(commission))


def test_a_refund_before_settlement_is_charged_with_it(sold, seller):
    order = sold()
    give_back(order, "130.90")
    assert shares() == []
    settle_orders([order.pk], now=DELIVERED)
    assert len(shares()) == 2
    assert settle_orders([order.pk], now=DELIVERED).settlements == []
    assert len(shares()) == 2


def test_goodwill_is_the_platforms(sold):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    give_back(order, "10.00", "GOODWILL")
    assert shares() == [(None, EUR("10.00"), 0, 0, 0)]


def test_commission_is_kept_where_the_contract_says_so(sold, seller):
    seller.commissioncontract_set.update(refunds_commission=False)
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    give_back(order, "130.90")
    assert shares()[0] == (seller.pk, EUR("119.00"), EUR("19.00"), 0, EUR("100.00"))


@pytest.fixture
def person(db) -> User:
    return User.objects.create(username="ada")


def test_above_the_threshold_a_second_person_approves(sold, person):
    RefundPolicy.objects.filter(currency="EUR").update(approval_above=EUR("20.00"))
    order = sold()
    with acting(person.pk):
        small, large = (
            open_refunds([OpenRefund(order.pk, "LINE", EUR(amount))], now=DELIVERED).created[0]
            for amount in ("15.00", "10.00")
        )
        # Two small ones are one large one.
        rows = dict(Refund.objects.values_list("pk", "status"))
        assert (rows[small[0]], rows[large[0]]) == ("APPROVED", "REQUESTED")
        assert send_refunds(large, now=DELIVERED).moved == []
        assert "Somebody else" in str(approve_refunds(large, now=DELIVERED).blocked[large[0]][0])
        with pytest.raises(DatabaseError, match="second_person"), transaction.atomic():
            Refund.objects.filter(pk=large[0]).update(approved_by=person)
        with pytest.raises(DatabaseError, match="approved_first"), transaction.atomic():
            Refund.objects.filter(pk=large[0]).update(status="APPROVED")
    other = User.objects.create(username="bob")
    with acting(other.pk):
        assert approve_refunds(large, now=DELIVERED).moved == large
    assert Refund.objects.get(pk=large[0]).approved_by == other


def test_a_currency_without_policy_always_needs_approval(place, pay):
    RefundPolicy.objects.all().delete()
    order = place()
    pay(order)
    [pk] = open_refunds([OpenRefund(order.pk, "LINE", EUR("0.01"))], now=PAID).created[0]
    assert Refund.objects.get(pk=pk).status == "REQUESTED"
    assert cancel_refunds([pk], now=PAID).moved == [pk]
    assert Payment.objects.get().pending_refund_amount == 0


def test_cancelling_gives_the_money_back(place, pay, drain):
    order = place()
    pay(order)
    assert cancel_orders([order.pk], now=PAID).moved == [order.pk]
    drain()
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount, refund.status) == ("CANCELLATION", EUR("23.80"), "APPROVED")
    # Money that comes after the cancellation goes back as well.
    pay(order, "late", amount=EUR("1.00"))
    drain()
    assert Refund.objects.count() == 2
    drain()
    assert Refund.objects.count() == 2


def test_cancelling_tells_before_it_happens(place, pay, now):
    from backoffice.core.extensions import effects

    orders = [place("1"), place("2")]
    for order in orders:
        pay(order)
    lines = effects("orders.order", "cancel", [o.pk for o in orders], now)
    assert lines == ["2 refunds of 47.60 EUR together will be opened."]


def test_a_return_is_refunded_then_closed(sold, seller, drain):
    order = sold()
    settle_orders([order.pk], now=DELIVERED)
    line = OrderLine.objects.get(order=order, seller=seller)
    command = RequestReturn(order.pk, [RequestedLine(line.pk, 1)])
    pk = request_returns([command], now=DELIVERED).created[0]
    receive_returns([pk], now=DELIVERED)
    drain()
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount, refund.goods_return_id) == ("RETURN", EUR("119.00"), pk)
    assert Return.objects.get(pk=pk).status == "RECEIVED"
    paid([refund.pk])
    drain()
    assert Return.objects.get(pk=pk).status == "CLOSED"
    assert [s[:2] for s in shares()] == [(seller.pk, EUR("119.00"))]


def bring_back(order, units):
    line = OrderLine.objects.get(order=order)
    command = RequestReturn(order.pk, [RequestedLine(line.pk, units)])
    pk = request_returns([command], now=DELIVERED).created[0]
    receive_returns([pk], now=DELIVERED)
    return Return.objects.get(pk=pk)


def kinds_and_amounts():
    return list(Refund.objects.order_by("pk").values_list("payment__provider", "amount", "status"))


def test_a_return_on_account_lessens_what_is_owed(place, deliver_order, drain):
    order = deliver_order(place())
    drain()
    settle_orders([order.pk], now=DELIVERED)
    goods = bring_back(order, 1)
    drain()
    assert kinds_and_amounts() == [(None, EUR("11.90"), "SUCCEEDED")]
    goods.refresh_from_db()
    order.refresh_from_db()
    assert (goods.status, order.refunded_amount) == ("CLOSED", EUR(0))
    assert CreditNote.objects.get().gross_amount == EUR("11.90")
    owed = Posting.objects.filter(order_id=order.pk, account__code="2000").aggregate(
        n=Sum("amount")
    )
    assert owed["n"] == EUR("11.90")


def test_credit_comes_before_money_and_together_they_are_the_price(
    place, deliver_order, pay, drain
):
    order = deliver_order(place())
    pay(order, amount=EUR("20.00"))
    drain()
    settle_orders([order.pk], now=DELIVERED)
    bring_back(order, 2)
    drain()
    # 23.80 was the price, 3.80 of it were not paid yet.
    assert [row[:2] for row in kinds_and_amounts()] == [
        (None, EUR("3.80")),
        ("manual", EUR("20.00")),
    ]
    paid([Refund.objects.get(amount=20).pk])
    drain()
    assert Return.objects.get().status == "CLOSED"
    assert sum(note.gross_amount for note in CreditNote.objects.all()) == EUR("23.80")


def test_a_credit_waits_by_the_policy_and_may_be_called_off(place, deliver_order, drain):
    RefundPolicy.objects.all().delete()
    order = deliver_order(place())
    goods = bring_back(order, 1)
    drain()
    assert kinds_and_amounts() == [(None, EUR("11.90"), "REQUESTED")]
    assert cancel_refunds([Refund.objects.get().pk], now=DELIVERED).blocked == {}
    assert goods.status == "RECEIVED"


def test_imported_refunds_call_nobody(place, pay, drain):
    from backoffice.core.actor import acting_job

    with acting_job("importer", origin="IMPORT"):
        order = place()
        pay(order)
        cancel_orders([order.pk], now=PAID)
    drain()
    refund = Refund.objects.get()
    assert (refund.status, refund.external_id, refund.origin) == ("SUCCEEDED", "imported", "IMPORT")
    order.refresh_from_db()
    assert order.payment_status == "REFUNDED"
