"""What rules can do: every act of every floor is whole, and any document's people can be told."""

import inspect

import pytest
from django.contrib.auth.models import Permission

from backoffice.core.filtering import FILTERSETS
from backoffice.core.models import OutboundMessage, User
from backoffice.core.rules import telling
from backoffice.core.rules.registry import ACTIONS
from backoffice.ui.timeline import story
from tests.fixtures.core import NOW
from tests.fixtures.rules import acts, do

TELL = {"action": "orders.tell", "parameters": {"to": "ada", "text": "Please call them."}}


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_act_has_filters_a_permission_and_a_service_that_takes_its_parameters(name, db):
    action = ACTIONS[name]
    app, codename = action.permission.split(".")

    assert action.document in FILTERSETS
    assert Permission.objects.filter(content_type__app_label=app, codename=codename).exists()
    asked = inspect.signature(action.service).parameters
    assert {"now", "reason", *action.parameters} <= set(asked)
    assert all(field.label for field in action.form({}).fields.values())


@pytest.fixture
def ada(db):
    return User.objects.create(username="ada", is_staff=True, email="ada@example.com")


def test_a_colleague_is_told_once_of_all_that_a_run_met(ada, make_rule, place, drain):
    rule = make_rule(**TELL)
    orders = [place("1"), place("2")]

    drain()

    assert acts(rule) == [(order.pk, "ACTED") for order in orders]
    message = OutboundMessage.objects.get(recipient="ada@example.com")
    assert message.subject.startswith("A rule asks you to look: Rule “VIP hold”")
    assert message.body.splitlines()[:4] == [
        "Please call them.",
        "",
        orders[0].order_number,
        orders[1].order_number,
    ]


def test_a_long_list_is_cut_and_told_in_the_colleagues_language(ada, place, monkeypatch, actor):
    monkeypatch.setattr(telling, "NAMED", 1)
    User.objects.filter(pk=ada.pk).update(language="zh-hans")
    orders = [place(str(n)) for n in range(3)]

    do("orders.tell", [o.pk for o in orders], now=NOW, **TELL["parameters"])

    body = OutboundMessage.objects.get(recipient="ada@example.com").body.splitlines()
    assert body[2:4] == [orders[0].order_number, "等 2 个"]


@pytest.mark.parametrize("change", [{"email": ""}, {"is_staff": False}, {"is_active": False}])
def test_only_a_colleague_who_can_read_it_is_told(ada, change):
    User.objects.filter(pk=ada.pk).update(**change)

    assert set(ACTIONS["orders.tell"].read(TELL["parameters"])[1]) == {"to"}


def test_what_a_rule_did_is_on_the_timeline_also_where_no_event_tells_it(make_rule, place, drain):
    User.objects.create(username="eve", email="eve@example.com", is_staff=True)
    make_rule(name="Held")
    told = {"to": "eve", "text": "Look."}
    make_rule(name="Told", action="orders.tell", parameters=told)
    order = place()
    drain()

    entries = story(order).entries

    titles = [entry.title for entry in entries]
    assert titles.count("Rule “Told”: Acted") == 1
    assert next(e.reason for e in entries if "Told" in e.title) == "Tell a colleague"
    # The hold is told by its event, with the rule as its reason.
    assert not any("Rule “Held”" in title for title in titles)
    assert any("Rule “Held”" in entry.reason for entry in entries)
