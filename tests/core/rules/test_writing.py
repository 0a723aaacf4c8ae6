"""What a rule must be to be saved and to run."""

import pytest
from django.contrib.auth.models import Permission
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice.core import filtering
from backoffice.core.actor import acting
from backoffice.core.models import Event, Rule, RuleAct, User
from backoffice.core.rules.checking import RuleError, prepare
from backoffice.core.rules.switching import recheck_rules, switch_rules, write_rule
from orders.filters import OrderFilter
from orders.models import Hold
from tests.fixtures.orders import PLACED
from tests.fixtures.rules import VIP, acts


@pytest.fixture
def write(owner):
    def run(**changes):
        with acting(owner.pk):
            return write_rule(Rule(**VIP | changes), now=PLACED)

    return run


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"filter": "totl_min=20"}, "filter.totl_min"),
        ({"filter": "total_min=abc"}, "filter.total_min"),
        ({"filter": "is_held=maybe"}, "filter.is_held"),
        ({"filter": "status="}, "filter.status"),
        ({"filter": ""}, "filter"),
        ({"filter": "created_min=x"}, "filter.created_min"),
        ({"event": "order.nothing"}, "event"),
        ({"event": "payout.paid"}, "event"),
        ({"action": "orders.nothing"}, "action"),
        ({"parameters": {"hold": "BOGUS"}}, "parameters.hold"),
        ({"parameters": {}}, "parameters.hold"),
        ({"parameters": {"hold": "FRAUD", "colour": "red"}}, "parameters.colour"),
    ],
)
def test_what_is_not_understood_is_not_saved(write, changes, wrong):
    with pytest.raises(RuleError) as caught:
        write(**changes)

    assert wrong in caught.value.errors
    assert not Rule.objects.exists()


def test_a_new_rule_is_off_and_belongs_to_who_saved_it(write, owner, channel):
    rule = write(filter="total_min=20&channel=web")

    assert (rule.mode, rule.owner) == ("OFF", owner)
    assert rule.filter == "channel=web&total_min=20"


def test_a_running_rule_that_becomes_another_goes_on_in_shadow(make_rule, owner):
    rule = make_rule()
    with acting(owner.pk):
        rule.priority = 5
        assert write_rule(rule, now=PLACED).mode == "ON"
        rule.filter = "total_min=50"
        assert write_rule(rule, now=PLACED).mode == "SHADOW"


def test_a_filter_that_is_gone_after_a_deploy_switches_the_rule_off(
    make_rule, place, actor, drain, monkeypatch
):
    rule = make_rule()
    monkeypatch.delitem(OrderFilter.base_filters, "total_min")
    monkeypatch.delitem(OrderFilter.declared_filters, "total_min")

    assert recheck_rules(now=PLACED) == [rule.pk]

    rule.refresh_from_db()
    assert (rule.mode, rule.alert) == ("OFF", "filter.total_min: This filter is unknown.")
    assert Event.objects.get(kind="rule.stopped").subject_id == rule.pk
    place("1")
    drain()
    assert not Hold.objects.exists()


def test_one_that_breaks_between_two_deploys_acts_on_nothing(
    make_rule, place, actor, drain, monkeypatch
):
    rule = make_rule()
    place("1")
    monkeypatch.delitem(filtering.FILTERSETS, "orders.order")

    drain()

    rule.refresh_from_db()
    assert rule.mode == "OFF"
    assert not RuleAct.objects.exists()


def test_an_owner_who_lost_the_right_stops_the_rule(make_rule, place, actor, drain, owner):
    rule = make_rule()
    User.objects.filter(pk=owner.pk).update(is_superuser=False)
    place("1")

    drain()

    rule.refresh_from_db()
    assert rule.mode == "OFF"
    assert "orders.hold_order" in rule.alert
    assert acts(rule) == []


def test_nobody_switches_on_what_they_may_not_do(make_rule, db):
    rule = make_rule("SHADOW")
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["view_order"]))

    with acting(clerk.pk):
        outcome = switch_rules([rule.pk], mode="ON", now=PLACED)

    assert {pk: [str(w) for w in why] for pk, why in outcome.blocked.items()} == {
        rule.pk: ["You lack the permission for its action."]
    }
    rule.refresh_from_db()
    assert rule.mode == "SHADOW"


NAMES = st.sampled_from(
    [*OrderFilter.base_filters, "statuss", "total", "created_min", "is_held_", "x"]
)
VALUES = st.one_of(
    st.sampled_from(["", "true", "false", "web", "PENDING", "20", "0", "-1", "1e400", "7d", "DE"]),
    st.text(max_size=6),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(NAMES, VALUES), max_size=3))
def test_no_filter_whatever_widens_a_rule(owner, place, pairs):
    """A rule matches nothing that the list with the same filter does not show."""
    from django.http import QueryDict
    from django.utils import timezone

    from backoffice.core.filtering import FilterError, select
    from orders.models import Order

    if not Order.objects.exists():
        place("1"), place("2")
    query = QueryDict(mutable=True)
    for name, value in pairs:
        query.appendlist(name, value)
    rule = Rule(**VIP | {"filter": query.urlencode()}, owner=owner)
    now = timezone.now()
    try:
        found = set(prepare(rule, now=now).found.values_list("pk", flat=True))
    except RuleError:
        return
    try:
        shown = select("orders.order", query.urlencode(), now=now)
    except FilterError:
        pytest.fail("a rule was taken whose filter the list refuses")
    assert pairs
    assert found == set(shown.values_list("pk", flat=True))
