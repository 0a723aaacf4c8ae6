"""The refund of an order's lines, from the pages of orders, returns and payments."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from backoffice.core.models import User
from finance.models import Payment, Refund, RefundPolicy
from finance.selectors.refunds import refundable_lines
from orders.models import Return
from orders.services.commands import LineData


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def three(place, pay, deliver_order, seller):
    """A delivered and paid order of three units at 10.01 with tax, and its shipping."""
    units = LineData(3, "S-UNTRACKED", unit_price=Decimal("10.01"), tax_rate=Decimal("0.19"))
    shipping = LineData(1, kind="SHIPPING", unit_price=Decimal("5.00"), tax_rate=Decimal("0.19"))
    order = place(lines=[units, shipping])
    pay(order)
    return deliver_order(order)


def dialog(document, name="refund"):
    opts = document._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_dialog", args=[document.pk, name])


def send(client, url, **values):
    text = client.get(url).content.decode()
    carried = dict(re.findall(r'name="(version|key)" value="([^"]*)"', text))
    return client.post(url, carried | {"reason": "broken"} | values)


def test_units_of_a_line_go_back_with_their_tax(boss, client, three):
    [line] = three.lines.filter(kind="ITEM")
    url = dialog(three)
    text = client.get(url).content.decode()
    assert "units of at most 3, each 10.01 EUR with tax" in text
    assert 'data-left="30.0300" data-each="10.01' in text

    nothing = send(client, url, kind="LINE")
    too_many = send(client, url, kind="LINE", **{f"line_{line.pk}": "4"})
    send(client, url, kind="LINE", amount="99", **{f"line_{line.pk}": "2"})

    assert "Say of at least one line how many units are given back." in nothing.content.decode()
    assert "less than or equal to 3" in too_many.content.decode()
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount) == ("LINE", Decimal("20.02"))
    assert [(part.order_line_id, part.amount) for part in refund.lines.all()] == [
        (line.pk, Decimal("20.02"))
    ]
    [left] = refundable_lines(three.pk, "EUR")
    assert (left.line_id, left.units, left.amount(1)) == (line.pk, 1, Decimal("10.01"))


def test_what_is_not_for_lines_needs_its_amount(boss, client, three):
    [line] = three.lines.filter(kind="ITEM")

    none = send(client, dialog(three), kind="GOODWILL", **{f"line_{line.pk}": "1"})
    send(client, dialog(three), kind="GOODWILL", amount="2", **{f"line_{line.pk}": "1"})

    assert none.context["form"].errors == {"amount": ["Say how much goes back."]}
    refund = Refund.objects.get()
    assert (refund.amount, refund.lines.count()) == (2, 0)


def test_a_payment_page_gives_back_lines_too(boss, client, three):
    [line] = three.lines.filter(kind="ITEM")
    payment = Payment.objects.get(order=three)

    send(client, dialog(payment), kind="LINE", **{f"line_{line.pk}": "3"})

    assert Refund.objects.get().amount == Decimal("30.03")
    choices = dict(client.get(dialog(payment)).context["form"].fields["kind"].choices)
    assert "LINE" not in choices


def test_one_of_three_comes_back_and_somebody_else_agrees(boss, client, three, drain):
    RefundPolicy.objects.filter(currency="EUR").update(approval_above=Decimal(10))
    [line] = three.lines.filter(kind="ITEM")
    send(client, dialog(three, "return"), why="DAMAGED", **{f"line_{line.pk}": "1"})
    goods = Return.objects.get()
    assert client.get(dialog(goods)).context["form"].fields[f"line_{line.pk}"].initial == 1
    row = goods.lines.get()
    send(client, dialog(goods, "receive"), **{f"sellable_{row.pk}": "1", f"damaged_{row.pk}": "0"})
    drain()

    refund = Refund.objects.get()
    assert (refund.status, refund.amount) == ("REQUESTED", Decimal("10.01"))
    page = client.get(reverse("admin:orders_return_change", args=[goods.pk])).content.decode()
    assert reverse("admin:finance_refund_change", args=[refund.pk]) in page
    approve = reverse("admin:finance_refund_verb", args=[refund.pk, "approve"])
    assert "Somebody else has to approve" in client.get(approve).content.decode()
    other = User.objects.create(username="other", is_staff=True, is_superuser=True)
    client.force_login(other)
    send(client, approve)

    refund.refresh_from_db()
    assert (refund.status, refund.approved_by) == ("APPROVED", other)
