"""The screens of rules."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Rule, RuleAct, User
from orders.models import Hold
from tests.fixtures.rules import acts

ADD = "admin:core_rule_add"
FORM = {
    "name": "VIP hold",
    "trigger": "EVENT",
    "event": "order.placed",
    "f-total_min": "20",
    "f-is_held": "unknown",
    "action": "orders.hold",
    "a-orders.hold-hold": "FRAUD",
    "priority": "100",
    "control_share": "0",
    "max_acts": "100",
    "max_share": "100",
    "is_active": "on",
}


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def add(query="?document=orders.order"):
    return f"{reverse(ADD)}{query}"


def page(rule):
    return reverse("admin:core_rule_change", args=[rule.pk])


def errors(answer):
    return {name: list(map(str, why)) for name, why in answer.context["form"].errors.items()}


def test_a_filter_of_a_list_becomes_a_rule(boss, client):
    asked = client.get(add(""))
    assert ("orders.order", "orders") in asked.context["documents"]

    text = client.get(add("?document=orders.order&filter=total_min%3D20")).content.decode()

    assert 'name="f-total_min" value="20"' in text.replace('step="any" ', "")
    assert not Rule.objects.exists()


def test_a_rule_is_written_looked_at_and_switched(boss, client, place, drain):
    answer = client.post(add(), FORM)

    rule = Rule.objects.get()
    assert answer["Location"] == page(rule)
    assert (rule.filter, rule.parameters) == ("total_min=20", {"hold": "FRAUD"})
    assert (rule.mode, rule.owner) == ("OFF", boss)
    assert "total from: 20" in client.get(page(rule)).content.decode()

    switch = reverse("admin:core_rule_switch", args=[rule.pk, "on"])
    assert "with your rights" in client.get(switch).content.decode()
    rule.refresh_from_db()
    assert rule.mode == "OFF"
    client.post(switch, {"reason": "go"})
    order = place("1")
    drain()

    assert Hold.objects.get().order_id == order.pk
    assert acts(rule) == [(order.pk, "ACTED")]
    shown = client.get(page(rule))
    assert shown.context["today"] == {"Acted": 1}
    assert [act.subject_id for act, _link in shown.context["acts"]] == [order.pk]


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"f-total_min": "abc"}, "__all__", "total_min: Enter a number."),
        ({"f-total_min": ""}, "__all__", "The filter is empty: it would take every document."),
        ({"a-orders.hold-hold": "BOGUS"}, "__all__", "hold: Select a valid choice."),
        ({"event": ""}, "event", "There is no such event for this document."),
        ({"name": ""}, "name", "This field is required."),
        ({"name": "Taken"}, "name", "There is another rule of this name"),
        ({"trigger": "DAILY", "event": ""}, "at_hour", "Say at which hour it runs."),
        ({"trigger": "EVERY", "event": ""}, "every_minutes", "Say how many minutes"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(boss, client, make_rule, changes, field, text):
    make_rule(name="Taken")

    answer = client.post(add(), FORM | changes)

    assert answer.status_code == 200
    assert any(text in why for why in errors(answer)[field]), errors(answer)
    assert Rule.objects.count() == 1


def test_what_was_chosen_for_another_trigger_is_dropped(boss, client):
    client.post(add(), FORM | {"trigger": "EVERY", "every_minutes": "5", "at_hour": "7"})

    rule = Rule.objects.get()
    assert (rule.event, rule.every_minutes, rule.at_hour) == ("", 5, None)


def test_the_list_says_when_each_ran_and_what_it_did_today(boss, client, make_rule, place, drain):
    make_rule(name="idle", event="order.cancelled")
    busy = make_rule(name="busy")
    place("1")
    drain()
    ran = RuleAct.objects.get().acted_at
    pages = {}
    for later in (timedelta(minutes=5), timedelta(days=1)):
        with time_machine.travel(ran + later, tick=False):
            client.force_login(boss)
            pages[later.days] = client.get(reverse("admin:core_rule_changelist")).content.decode()
    here, next_day = pages[0], pages[1]

    assert (here.count("5 min ago"), here.count("Acted: 1")) == (1, 1)
    assert (next_day.count("1 d ago"), next_day.count("Acted: 1")) == (1, 0)
    assert (here.count("<td>order</td>"), busy.name in here) == (2, True)


def test_the_past_is_shown(boss, client, place, make_rule):
    rule = make_rule("OFF")

    text = client.get(reverse("admin:core_rule_past", args=[rule.pk])).content.decode()

    assert "total from: 20" in text
    assert not RuleAct.objects.exists()


def test_the_past_has_pages(boss, client, place, make_rule, monkeypatch):
    monkeypatch.setattr("backoffice.core.rules.backtest.SHOWN", 1)
    first, second = (place(str(n), placed_at=timezone.now()) for n in range(2))
    url = reverse("admin:core_rule_past", args=[make_rule("OFF").pk])

    newest, older = client.get(url), client.get(f"{url}?before={second.pk}")

    assert [row for row, _url in newest.context["rows"]] == [second]
    assert f"?before={second.pk}" in newest.content.decode()
    assert [row for row, _url in older.context["rows"]] == [first]
    assert 'rel="next"' not in older.content.decode()
    assert client.get(f"{url}?before=x").context["rows"] == newest.context["rows"]


def test_the_timeline_says_what_a_rule_left_alone(boss, client, make_rule, place, drain):
    make_rule("SHADOW")
    order = place("1")
    drain()

    entries = client.get(reverse("admin:orders_order_change", args=[order.pk])).context[
        "bo_timeline"
    ]

    assert "Rule “VIP hold”: Would have acted" in [entry.title for entry in entries]


def test_who_may_only_look_changes_no_rule(make_rule, db):
    from django.contrib.auth.models import Permission

    rule = make_rule()
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_rule"))
    browser = Client()
    browser.force_login(clerk)

    assert browser.get(page(rule)).status_code == 200
    for name in ("edit", "past"):
        url = reverse(f"admin:core_rule_{name}", args=[rule.pk])
        assert browser.get(url).status_code == 403
    off = reverse("admin:core_rule_switch", args=[rule.pk, "off"])
    assert browser.post(off).status_code == 403
    rule.refresh_from_db()
    assert rule.mode == "ON"
