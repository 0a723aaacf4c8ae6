import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from backoffice.core.models import Approval, ApprovalPolicy, Event, User
from finance.models import Payment
from orders.models import OrderEdit, OrderLine
from orders.services.holds import place_holds


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def dialog(order):
    return reverse("admin:orders_order_dialog", args=[order.pk, "edit"])


def fill(client, order, **changes):
    """Return what a browser would send back, with changes."""
    form = client.get(dialog(order)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in values.items() if value is not None}
    return sent | {"version": order.version, "key": "k", "reason": "by phone"} | changes


def page(edit):
    return reverse("admin:orders_orderedit_change", args=[edit.pk])


def verb(edit, name):
    return reverse("admin:orders_orderedit_verb", args=[edit.pk, name])


def test_an_order_is_edited_by_a_preview_and_a_commit(boss, client, place, pay, service_sku):
    order = place()
    pay(order)
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=100)
    line = OrderLine.objects.get(order=order)
    changed = {f"line_{line.pk}": "1", "sku": "S-UNTRACKED", "unit_price": "2", "to_city": "Bonn"}

    answer = client.post(dialog(order), fill(client, order, amount="-0.90", **changed))

    edit = OrderEdit.objects.get()
    assert answer["Location"] == page(edit)
    kinds = list(edit.lines.order_by("position").values_list("kind", flat=True))
    assert kinds == ["CHANGE_QUANTITY", "ADD_LINE", "CHANGE_ADDRESS", "ADJUST_TOTAL"]
    shown = re.sub(r"\s+", " ", client.get(page(edit)).content.decode())
    assert "23.80" in shown
    assert "13.00" in shown
    assert "<li>A refund of 10.80 EUR will be opened.</li>" in shown
    order.refresh_from_db()
    assert (order.total_amount, order.version) == (Decimal("23.80"), 0)
    asked = client.get(verb(edit, "commit")).content.decode()
    assert "A refund of 10.80 EUR will be opened." in asked

    client.post(verb(edit, "commit"), {"version": edit.version, "reason": "ok"})

    order.refresh_from_db()
    assert (order.total_amount, order.ship_to.city) == (Decimal("13.00"), "Bonn")
    assert (order.modified_by, Event.objects.get(kind="order.edited").reason) == (boss, "ok")
    order_page = client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert page(edit) in order_page.content.decode()
    assert Payment.objects.count() == 1


def test_looking_changes_nothing_and_an_untouched_form_is_no_edit(boss, client, place):
    order = place()

    assert client.get(dialog(order)).status_code == 200
    answer = client.post(dialog(order), fill(client, order))

    assert [str(e) for e in answer.context["form"].non_field_errors()] == [
        "Nothing is to be changed."
    ]
    assert not OrderEdit.objects.exists()


def test_the_form_says_what_is_refused_and_when_somebody_was_faster(boss, client, place, now):
    order = place()
    refused = client.post(dialog(order), fill(client, order, amount="-99"))
    sent = fill(client, order, amount="1")
    place_holds([order.pk], now=now)
    stale = client.post(dialog(order), sent)

    assert [str(e) for e in refused.context["form"].non_field_errors()] == [
        "The total would be negative: -75.20."
    ]
    assert "changed meanwhile" in str(stale.context["form"].non_field_errors()[0])
    assert not OrderEdit.objects.exists()


def test_above_the_threshold_the_page_leads_to_the_second_person(boss, client, place):
    order = place()
    client.post(dialog(order), fill(client, order, amount="-1"))
    edit = OrderEdit.objects.get()

    text = client.get(page(edit)).content.decode()

    assert "It moves more money than one person may: ask for approval." in text
    assert verb(edit, "commit") not in text
    client.post(verb(edit, "propose"), {"version": edit.version})
    asked = Approval.objects.get()
    assert (asked.kind, asked.created_by, asked.amount) == ("orders.edit", boss, Decimal(1))


def test_the_button_is_for_those_who_may_edit(db, client, place):
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(clerk)
    order = place()

    assert client.get(dialog(order)).status_code == 403
    shown = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert dialog(order) not in shown
