"""What a rule must be to be saved, and whose rights let it run."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from backoffice.core.actor import acting
from backoffice.core.models import Event, Rule, RuleAct, User
from backoffice.core.rules.checking import RuleError
from backoffice.core.rules.running import run_rules
from backoffice.core.rules.switching import switch_rules, write_rule
from tests.fixtures.orders import PLACED
from tests.fixtures.rules import VIP, acts


def written(owner, **changes):
    with acting(owner.pk):
        return write_rule(Rule(**VIP | changes), now=PLACED)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"filter": ""}, "filter"),
        ({"filter": "&&&"}, "filter"),
        ({"filter": "statuss=PENDING"}, "filter.statuss"),
        ({"filter": "total_min=20&cursor=x"}, "filter.cursor"),
        ({"filter": "total_min=20&page_size=1"}, "filter.page_size"),
        ({"filter": "status=BOGUS"}, "filter.status"),
        ({"filter": "total_min=abc"}, "filter.total_min"),
        ({"filter": "total_min=20&total_max="}, "filter.total_max"),
        ({"filter": "is_held=maybe"}, "filter.is_held"),
        ({"filter": "channel=gone"}, "filter.channel"),
        ({"filter": "number=%00"}, "filter.number"),
        ({"filter": "placed_within=soon"}, "filter.placed_within"),
        ({"filter": "&" * 1999}, "filter"),
        ({"document": "core.user"}, "action"),
        ({"document": "nothing.here"}, "action"),
        ({"document": "orders.return"}, "action"),
        ({"action": "orders.sing"}, "action"),
        ({"event": "order.sung"}, "event"),
        ({"every_minutes": 5}, "every_minutes"),
        ({"at_hour": 5}, "at_hour"),
        ({"trigger": "EVERY", "every_minutes": 5}, "event"),
        ({"event": "replenishment.proposed"}, "event"),
        ({"parameters": {}}, "parameters.hold"),
        ({"parameters": {"hold": "WHIM"}}, "parameters.hold"),
        ({"parameters": {"hold": "FRAUD", "hours": "0"}}, "parameters.hours"),
        ({"parameters": {"hold": "FRAUD", "days": 1}}, "parameters.days"),
    ],
)
def test_what_is_wrong_is_not_saved(owner, channel, changes, wrong):
    with pytest.raises(RuleError) as caught:
        written(owner, **changes)

    assert wrong in caught.value.errors
    assert not Rule.objects.exists()


def test_a_good_rule_is_saved_off_in_one_spelling(owner):
    rule = written(owner, filter="total_min=20&is_held=false&")

    assert (rule.filter, rule.mode, rule.owner) == ("is_held=false&total_min=20", "OFF", owner)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": ""},
        {"every_minutes": 5},
        {"trigger": "EVERY"},
        {"trigger": "DAILY", "event": "", "at_hour": 24},
        {"mode": "ON"},
        {"filter": ""},
        {"max_acts": 0},
    ],
)
def test_the_database_refuses_half_a_rule(owner, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Rule.objects.create(owner=owner, **VIP | changes)


def test_an_owner_who_lost_a_right_switches_the_rule_off(make_rule, place, drain, owner):
    rule = make_rule()
    User.objects.filter(pk=owner.pk).update(is_superuser=False)
    place("1")

    drain()

    rule.refresh_from_db()
    assert rule.mode == "OFF"
    assert rule.alert == "owner: owner lacks the permissions: orders.hold_order, orders.view_order."
    assert not RuleAct.objects.exists()


def test_an_owner_who_left_switches_the_rule_off(make_rule, place, drain, owner):
    rule = make_rule()
    User.objects.filter(pk=owner.pk).update(is_active=False)
    place("1")

    drain()

    rule.refresh_from_db()
    assert (rule.mode, acts(rule)) == ("OFF", [])


@pytest.fixture
def clerk(db):
    """Return a maker of users with some rights."""

    def run(*codenames):
        user = User.objects.create(username="-".join(codenames) or "nobody", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return user

    return run


@pytest.mark.parametrize(
    ("rights", "query", "missing"),
    [
        ((), "total_min=20", "orders.hold_order, orders.view_order"),
        (("hold_order",), "total_min=20", "orders.view_order"),
        (("view_order",), "total_min=20", "orders.hold_order"),
        (("view_order", "hold_order"), "customer_id=1", "orders.view_customer"),
        (("view_order", "hold_order"), "total_min=20", ""),
        (("view_order", "hold_order", "view_customer"), "customer_id=1", ""),
    ],
)
def test_nobody_saves_a_rule_beyond_their_rights(clerk, rights, query, missing):
    user = clerk(*rights)

    if not missing:
        assert written(user, filter=query).owner == user
        return
    with pytest.raises(RuleError) as caught:
        written(user, filter=query)
    assert caught.value.errors["owner"] == [f"{user} lacks the permissions: {missing}."]


def test_a_rule_belongs_to_who_changed_it_last(make_rule, clerk):
    rule = make_rule("OFF")
    user = clerk("view_order", "hold_order")
    with acting(user.pk):
        write_rule(rule, now=PLACED)

    rule.refresh_from_db()
    assert rule.owner == user


def test_nobody_switches_on_what_they_may_not_do(make_rule, clerk):
    rule = make_rule("OFF")
    with acting(clerk("view_order").pk):
        outcome = switch_rules([rule.pk], mode="ON", now=PLACED)
        off = switch_rules([rule.pk], mode="OFF", now=PLACED)

    assert outcome.blocked == {rule.pk: ["You lack the permission for its action."]}
    assert (outcome.moved, off.moved) == ([], [rule.pk])


def test_a_running_rule_that_is_changed_goes_on_in_shadow(make_rule, owner):
    rule = make_rule(at=PLACED)
    with acting(owner.pk):
        rule.priority, rule.max_acts = 5, 7
        write_rule(rule, now=PLACED)
        assert rule.mode == "ON"
        rule.filter = "total_min=30"
        write_rule(rule, now=PLACED + timedelta(hours=1))

    rule.refresh_from_db()
    assert (rule.mode, rule.mode_at) == ("SHADOW", PLACED + timedelta(hours=1))


def test_a_retired_rule_is_off_and_stays_off(make_rule, owner):
    rule = make_rule()
    with acting(owner.pk):
        rule.is_active = False
        write_rule(rule, now=PLACED)
        outcome = switch_rules([rule.pk], mode="SHADOW", now=PLACED)

    assert rule.mode == "OFF"
    assert outcome.blocked == {rule.pk: ["The rule is retired: make it active first."]}


def test_a_rule_whose_time_is_over_stops(make_rule, place, actor, owner):
    rule = make_rule(valid_until=PLACED)
    place("1")

    run_rules(list(Event.objects.filter(kind="order.placed")), now=PLACED)

    rule.refresh_from_db()
    assert (rule.mode, rule.alert, acts(rule)) == ("OFF", "Its time is over.", [])
    with acting(owner.pk):
        outcome = switch_rules([rule.pk], mode="ON", now=PLACED)
    assert list(outcome.blocked) == [rule.pk]


def test_switching_clears_the_alert_and_tells(make_rule, owner):
    rule = make_rule("OFF")
    Rule.objects.update(alert="something")
    with acting(owner.pk):
        switch_rules([rule.pk], mode="SHADOW", now=PLACED, reason="try it")

    rule.refresh_from_db()
    told = Event.objects.filter(kind="rule.switched").order_by("-pk")[0]
    assert (rule.mode, rule.alert, told.data, told.reason) == (
        "SHADOW",
        "",
        {"mode": "SHADOW"},
        "try it",
    )
    assert rule.history.first().history_change_reason == "try it"


def test_a_wrong_rule_cannot_be_switched_on(make_rule, owner):
    rule = make_rule("OFF")
    Rule.objects.update(filter="statuss=X")
    with acting(owner.pk):
        outcome = switch_rules([rule.pk], mode="ON", now=PLACED)

    assert outcome.blocked == {rule.pk: ["filter.statuss: This filter is unknown."]}
