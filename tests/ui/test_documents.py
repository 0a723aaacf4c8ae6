"""The page, dialog and bulk actions of documents, on orders."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext_lazy, gettext_noop, override

from backoffice.core import actor
from backoffice.core.models import Event, Job, User
from backoffice.core.sql import execute
from backoffice.ui.timeline import story
from orders.models import Order
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders
from tests.fixtures.core import together

LIST = "admin:orders_order_changelist"


@pytest.fixture
def boss(db, client):
    """Sign somebody in who may do everything."""
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def clerk(db):
    """Return a browser of somebody who may only look."""
    user = User.objects.create(username="clerk", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    browser = Client()
    browser.force_login(user)
    return browser


def page(order):
    return reverse("admin:orders_order_change", args=[order.pk])


def dialog(order, verb="confirm"):
    return reverse("admin:orders_order_verb", args=[order.pk, verb])


def said(response):
    return [str(m) for m in response.context["messages"]]


def facts(order):
    order.refresh_from_db()
    return order.status, order.version, order.history.count(), Event.objects.count()


def test_the_page_offers_what_is_possible_and_says_why_the_rest_is_not(boss, client, place, now):
    order = place()
    place_holds([order.pk], now=now)

    text = client.get(page(order)).content.decode()

    assert dialog(order, "cancel") in text
    assert dialog(order, "confirm") not in text
    assert "The order is on hold: release its holds first." in text
    assert 'name="_save"' not in text


def test_looking_changes_nothing(boss, client, place):
    order = place()
    before = facts(order)

    for url in (page(order), dialog(order), dialog(order, "cancel"), reverse(LIST)):
        assert client.get(url).status_code == 200

    assert facts(order) == before


def test_a_verb_is_done_by_who_posts_the_dialog(boss, client, place):
    order = place()
    shown = client.get(dialog(order)).content.decode()
    assert f'name="version" value="{order.version}"' in shown

    answer = client.post(dialog(order), {"version": "0", "reason": "by phone"}, follow=True)

    assert said(answer) == ["Confirm: 1 done."]
    order.refresh_from_db()
    assert (order.status, order.modified_by) == ("CONFIRMED", boss)
    event = Event.objects.get(kind="order.confirmed")
    assert (event.actor_id, event.reason) == (boss.pk, "by phone")


def test_a_verb_without_csrf_token_is_refused(boss, place):
    order = place()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(boss)

    assert browser.post(dialog(order), {"version": "0"}).status_code == 403
    assert facts(order)[0] == "PENDING"


@pytest.mark.parametrize("version", ["1", "", "x", "-1"])
def test_a_stale_dialog_is_refused(boss, client, place, version):
    order = place()
    before = facts(order)

    answer = client.post(dialog(order), {"version": version}, follow=True)

    assert said(answer) == [f"{order} was changed meanwhile by {order.modified_by}: look again."]
    assert facts(order) == before


def test_a_blocked_verb_says_why(boss, client, place, now):
    order = place()
    place_holds([order.pk], now=now)
    before = facts(order)

    answer = client.post(dialog(order), {"version": "1"}, follow=True)

    assert said(answer) == [f"{order}: The order is on hold: release its holds first."]
    assert facts(order) == before


def test_who_may_only_look_sees_no_button_and_cannot_post(clerk, place):
    order = place()

    text = clerk.get(page(order)).content.decode()

    assert dialog(order) not in text
    assert "You lack the permission for this." in text
    assert clerk.post(dialog(order), {"version": "0"}).status_code == 403
    assert clerk.get(dialog(order)).status_code == 403
    assert facts(order)[0] == "PENDING"


def test_nothing_can_be_added_changed_or_deleted(boss, client, place):
    order = place()

    assert client.get(reverse("admin:orders_order_add")).status_code == 403
    assert client.post(page(order), {"priority": "9"}).status_code == 403
    delete = reverse("admin:orders_order_delete", args=[order.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert Order.objects.get(pk=order.pk).priority == 0


def test_a_bulk_verb_shows_what_it_would_do_and_does_it_when_confirmed(boss, client, place, now):
    good, held = place("1"), place("2")
    place_holds([held.pk], now=now)
    chosen = {"action": "verb_confirm", "_selected_action": [good.pk, held.pk]}

    preview = client.post(reverse(LIST), chosen)

    assert preview.status_code == 200
    text = re.sub(r"\s+", " ", preview.content.decode())
    assert "1 document may move." in text
    why = "<strong>1</strong> · The order is on hold: release its holds first."
    url = reverse("admin:orders_order_change", args=[held.pk])
    assert f'{why} <a href="{url}">{held}</a>' in text
    assert facts(good)[0] == "PENDING"

    done = client.post(reverse(LIST), chosen | {"confirmed": "1", "reason": "all"}, follow=True)

    assert said(done) == [
        "Confirm: 1 done.",
        f"{held}: The order is on hold: release its holds first.",
    ]
    assert (facts(good)[0], facts(held)[0]) == ("CONFIRMED", "PENDING")


def test_many_documents_become_a_job(boss, client, place, monkeypatch):
    monkeypatch.setattr("backoffice.ui.admin.bulk.INLINE_LIMIT", 1)
    ids = [place(str(n)).pk for n in range(2)]
    chosen = {"action": "verb_confirm", "_selected_action": ids, "confirmed": "1"}

    answer = client.post(reverse(LIST), chosen)

    job = Job.objects.get()
    assert answer["Location"] == reverse("admin:core_job_change", args=[job.pk])
    assert (job.action, job.total, job.created_by) == ("orders.order.confirm", 2, boss)
    assert client.get(answer["Location"]).status_code == 200


def test_the_timeline_tells_what_changed_with_each_event(boss, client, place, now):
    order = place()
    confirm_orders([order.pk], now=now, reason="by phone")
    execute("SELECT set_config('app.now', '', true), set_config('app.request_id', 'other', true)")
    Order.objects.filter(pk=order.pk).update(priority=5)

    entries = {e.title: e for e in client.get(page(order)).context["bo_timeline"]}

    told = entries["The order was checked and its stock reserved"]
    assert (told.actor, told.reason) == ("Automatic: the system", "by phone")
    assert "status: Pending → Confirmed" in told.details
    assert entries["Changed"].details == ["priority: 0 → 5"]


@pytest.mark.parametrize(
    ("reason", "kept", "shown"),
    [
        (gettext_noop("order cancelled"), "order cancelled", "订单已取消"),
        (
            gettext_lazy("The order is not on hold."),
            "The order is not on hold.",
            "该订单未被暂挂。",
        ),
        ("Herr Müller asked for it", "Herr Müller asked for it", "Herr Müller asked for it"),
        ("", "", ""),
    ],
)
def test_reasons_are_kept_in_english_and_told_in_the_readers_language(
    place, now, reason, kept, shown
):
    order = place()
    with override("zh-hans"):
        place_holds([order.pk], now=now, reason=reason)
        # What happened last comes first.
        told = story(order).entries[0].reason
    assert (Event.objects.get(kind="order.held").reason, told) == (kept, shown)


def test_the_history_page_lists_the_changes(boss, client, place, now):
    order = place()
    confirm_orders([order.pk], now=now)

    text = client.get(reverse("admin:orders_order_history", args=[order.pk])).content.decode()

    assert "status: Pending → Confirmed" in text


@pytest.mark.django_db(transaction=True)
def test_a_document_that_somebody_else_works_on_is_in_use(place, monkeypatch):
    monkeypatch.setattr(actor, "LOCK_TIMEOUT", "200ms")
    order = place()
    boss = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(boss)

    def post():
        return said(browser.post(dialog(order), {"version": "0"}, follow=True))

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])
        (messages,) = together(post)

    assert messages == [
        f"{order}: It does not exist or is in use by somebody else; try again in a moment."
    ]
    assert facts(order)[0] == "PENDING"
