"""What an edit of an order does to its money."""

from decimal import Decimal

import pytest

from backoffice.core import extensions
from backoffice.core.models import ApprovalPolicy
from finance.models import Payment, PaymentProvider, Refund
from finance.services.commands import OpenRefund
from finance.services.refunds import open_refunds
from orders.services.commands import Change, EditOrder
from orders.services.edits import draft_edits, submit_edits
from tests.fixtures.finance import PAID

pytestmark = pytest.mark.usefixtures("sound")


@pytest.fixture(autouse=True)
def _prepaid(channel, settings):
    settings.SANDBOX_PROVIDER_SECRET = "secret"
    PaymentProvider.objects.update_or_create(
        code="sandbox", defaults={"name": "Sandbox", "requests_payments": True}
    )
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=1000)
    channel.payment_terms = "PREPAID"
    channel.save()


def adjust(order, amount):
    order.refresh_from_db()
    command = EditOrder(order.pk, [Change("ADJUST_TOTAL", amount=Decimal(amount))])
    return draft_edits([command], now=PAID).created[0]


def effects(edit_id):
    lines = extensions.effects("orders.orderedit", "commit", [edit_id], PAID)
    return [str(line) for line in lines]


def payments(order):
    rows = Payment.objects.filter(order=order).order_by("pk")
    return list(rows.values_list("status", "amount"))


def test_the_new_total_is_asked_for_instead_of_the_old_one(place, drain):
    order = place()
    drain()
    assert payments(order) == [("PENDING", Decimal("23.80"))]
    edit_id = adjust(order, "-3.80")
    assert effects(edit_id) == ["The customer has 20.00 EUR to pay."]

    submit_edits([edit_id], now=PAID)
    drain()
    drain()

    assert payments(order) == [("VOIDED", Decimal("23.80")), ("PENDING", Decimal("20.00"))]


def test_what_was_paid_too_much_goes_back_once(place, pay, drain):
    order = place()
    pay(order)
    edit_id = adjust(order, "-3.80")
    assert effects(edit_id) == ["A refund of 3.80 EUR will be opened."]

    submit_edits([edit_id], now=PAID)
    drain()
    drain()

    refund = Refund.objects.get()
    assert (refund.kind, refund.amount) == ("OVERPAYMENT", Decimal("3.80"))
    submit_edits([adjust(order, "-1")], now=PAID)
    drain()
    amounts = Refund.objects.order_by("pk").values_list("amount", flat=True)
    assert list(amounts) == [Decimal("3.80"), Decimal("1.00")]


def test_the_difference_is_asked_for_where_the_total_rises(place, pay, drain):
    order = place()
    pay(order)
    drain()
    edit_id = adjust(order, "5")
    assert effects(edit_id) == ["The customer has 5.00 EUR to pay."]

    submit_edits([edit_id], now=PAID)
    drain()

    assert payments(order) == [("CAPTURED", Decimal("23.80")), ("PENDING", Decimal("5.00"))]
    order.refresh_from_db()
    assert order.payment_status == "PARTIALLY_PAID"


def test_an_order_whose_price_went_back_in_part_is_not_edited(place, pay):
    order = place()
    pay(order)
    open_refunds([OpenRefund(order.pk, "LINE", Decimal("5.00"))], now=PAID)

    command = EditOrder(order.pk, [Change("ADJUST_TOTAL", amount=Decimal(-1))])

    assert draft_edits([command], now=PAID).refused == {
        0: ["Some of its price went back already: give back more instead."]
    }


def test_an_edit_without_money_leaves_the_payment_alone(place, drain, service_sku):
    order = place()
    drain()
    change = Change("ADD_LINE", sku="S-UNTRACKED", quantity=1, unit_price=Decimal(0))
    order.refresh_from_db()
    edit_id = draft_edits([EditOrder(order.pk, [change])], now=PAID).created[0]
    assert effects(edit_id) == ["The customer has 23.80 EUR to pay."]

    submit_edits([edit_id], now=PAID)
    drain()

    assert payments(order) == [("PENDING", Decimal("23.80"))]
