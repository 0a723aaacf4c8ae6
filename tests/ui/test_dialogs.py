"""Verbs that ask for more than a reason, on orders and returns."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from finance.models import Refund, RefundPolicy
from orders.models import Hold, Note, Return
from orders.services.holds import place_holds


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def dialog(document, name):
    opts = document._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_dialog", args=[document.pk, name])


def opened(client, url):
    """Return what the form carries unseen."""
    text = client.get(url).content.decode()
    return dict(re.findall(r'name="(version|key)" value="([^"]*)"', text))


def errors(response):
    return [str(e) for e in response.context["form"].non_field_errors()]


def test_a_hold_has_a_reason_and_a_term(boss, client, place):
    order = place()
    url = dialog(order, "hold")
    sent = {"hold": "FRAUD", "until": "2030-01-02T10:00", "reason": "call first"}

    answer = client.post(url, opened(client, url) | sent)

    assert answer["Location"] == reverse("admin:orders_order_change", args=[order.pk])
    hold = Hold.objects.get()
    assert (hold.reason, hold.note, hold.placed_by) == ("FRAUD", "call first", boss)
    assert hold.until.isoformat() == "2030-01-02T10:00:00+00:00"
    order.refresh_from_db()
    assert (order.open_holds, order.modified_by) == (1, boss)


@pytest.mark.parametrize("kind", ["order", "ticket"])
def test_a_priority_is_set_once(boss, client, place, ticket, kind):
    document, value = (place(), 7) if kind == "order" else (ticket(), "HIGH")
    url = dialog(document, "prioritise")

    client.post(url, opened(client, url) | {"priority": value})
    again = client.post(url, opened(client, url) | {"priority": value})

    document.refresh_from_db()
    assert (document.priority, document.modified_by) == (value, boss)
    assert errors(again) == [f"The {kind} has this priority already."]


@pytest.mark.parametrize("kind", ["order", "ticket"])
def test_a_tag_is_put_on_and_taken_off(boss, client, place, ticket, kind):
    document = place() if kind == "order" else ticket()
    tag, untag = dialog(document, "tag"), dialog(document, "untag")

    nothing = client.get(untag).content.decode()
    client.post(tag, opened(client, tag) | {"tag": "VIP"})
    again = client.post(tag, opened(client, tag) | {"tag": "VIP"})
    wrong = client.post(untag, opened(client, untag) | {"tag": "OTHER"})
    document.refresh_from_db()
    tagged = document.tags
    shown = tag.replace("do/tag/", "change/")
    page = client.get(shown).content.decode()
    client.post(untag, opened(client, untag) | {"tag": "VIP"})

    document.refresh_from_db()
    assert "It has no tags." in nothing
    assert "<dt>tags</dt><dd>vip</dd>" in page.lower()
    assert "tags: – → VIP" in page
    assert "<dt>tags</dt>" not in client.get(shown).content.decode().lower()
    assert (tagged, document.tags, document.version) == (["VIP"], [], 2)
    assert errors(again) == ["It has this tag already."]
    assert list(wrong.context["form"].errors) == ["tag"]


def test_looking_at_a_dialog_changes_nothing(boss, client, place):
    order = place()

    for name in ("hold", "note", "return", "refund"):
        assert client.get(dialog(order, name)).status_code == 200

    order.refresh_from_db()
    assert order.version == 0
    assert client.get(dialog(order, "nothing")).status_code == 404


def test_a_dialog_that_was_overtaken_is_refused_and_keeps_what_was_typed(boss, client, place, now):
    order = place()
    url = dialog(order, "hold")
    carried = opened(client, url)
    place_holds([order.pk], now=now)

    answer = client.post(url, carried | {"hold": "FRAUD", "reason": "typed"})

    assert errors(answer) == [f"{order} was changed meanwhile: look again, then decide."]
    assert 'value="typed"' in answer.content.decode()
    assert Hold.objects.count() == 1


def test_the_page_says_why_a_dialog_is_not_possible(boss, client, place):
    order = place()

    page = client.get(reverse("admin:orders_order_change", args=[order.pk]))

    blocked = {b.name: [str(r) for r in b.reasons] for b in page.context["bo_blocked"]}
    assert blocked["return"] == ["No delivered unit is left to return."]
    assert blocked["refund"] == ["No money of this order is left to give back."]
    assert dialog(order, "hold") in page.content.decode()


def test_without_the_permission_a_dialog_stays_shut(place):
    order = place()
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    browser = Client()
    browser.force_login(clerk)

    assert browser.get(dialog(order, "hold")).status_code == 403
    assert browser.post(dialog(order, "note"), {"text": "x"}).status_code == 403
    assert not Note.objects.exists()


def test_a_return_is_opened_once_however_often_it_is_sent(boss, client, sold):
    order = sold()
    url = dialog(order, "return")
    line = order.lines.filter(kind="ITEM").order_by("pk")[0]
    carried = opened(client, url)
    nothing = client.post(url, carried | {"why": "UNWANTED"})
    assert nothing.context["form"].errors

    first = client.post(url, carried | {"why": "UNWANTED", f"line_{line.pk}": "1"})
    assert first.status_code == 302, first.context["form"].errors

    goods = Return.objects.get()
    assert first["Location"] == reverse("admin:orders_return_change", args=[goods.pk])
    again = client.post(url, carried | {"why": "UNWANTED", f"line_{line.pk}": "1"})
    assert again.status_code == 200
    assert Return.objects.count() == 1
    assert [(r.order_line_id, r.quantity) for r in goods.lines.all()] == [(line.pk, 1)]


def test_what_came_back_is_taken_in_by_condition(boss, client, sold):
    order = sold()
    line = order.lines.filter(kind="ITEM").order_by("pk")[0]
    url = dialog(order, "return")
    client.post(url, opened(client, url) | {"why": "DAMAGED", f"line_{line.pk}": "1"})
    goods = Return.objects.get()
    [row] = goods.lines.all()
    url = dialog(goods, "receive")
    carried = opened(client, url)

    both = {f"sellable_{row.pk}": "1", f"damaged_{row.pk}": "1"}
    more = client.post(url, carried | both)
    assert errors(more) == ["More came back than was requested: count again or open a new return."]
    done = client.post(url, carried | both | {f"sellable_{row.pk}": "0"})

    assert done.status_code == 302
    row.refresh_from_db()
    assert (row.sellable, row.damaged) == (0, 1)
    assert client.get(dialog(goods, "receive")).context["reasons"] != []


def test_a_refund_above_the_limit_waits_for_somebody_else(boss, client, sold, actor):
    RefundPolicy.objects.filter(currency="EUR").update(approval_above=Decimal(20))
    order = sold()
    url = dialog(order, "refund")
    text = client.get(url).content.decode()
    assert "Above 20.00 EUR somebody else has to approve it." in text
    assert "At most 130.90 EUR are left." in text
    carried = opened(client, url)

    too_much = client.post(url, carried | {"kind": "GOODWILL", "amount": "999", "reason": "x"})
    assert errors(too_much) == ["Only 130.9000 EUR of the money are left to give back."]
    done = client.post(url, carried | {"kind": "GOODWILL", "amount": "25", "reason": "late"})

    refund = Refund.objects.get()
    assert done["Location"] == reverse("admin:finance_refund_change", args=[refund.pk])
    assert (refund.status, refund.amount, refund.reason) == ("REQUESTED", Decimal(25), "late")
    page = client.get(done["Location"])
    reasons = {b.name: [str(r) for r in b.reasons] for b in page.context["bo_verbs"]}
    assert reasons["approve"] == ["Somebody else has to approve what you asked for."]
