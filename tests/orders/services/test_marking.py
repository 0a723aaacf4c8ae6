"""Tags and priorities of orders."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from backoffice.core.filtering import select
from backoffice.core.models import Event
from backoffice.core.rules.registry import ACTIONS
from orders.models import Hold, Order
from orders.services.lifecycle import cancel_orders
from orders.services.marking import prioritise_orders, tag_orders, untag_orders
from tests.fixtures.orders import PLACED

HOLD = {"hold": "FRAUD", "hours": 5}


def found(query):
    rows = select("orders.order", query, now=timezone.now())
    return sorted(rows.values_list("pk", flat=True))


def test_orders_are_tagged_once(place, now):
    first, second = place("1"), place("2")
    tag_orders([first.pk], tag="VIP", now=now)

    outcome = tag_orders([first.pk, second.pk], tag="VIP", now=now, reason="best customer")

    assert outcome.moved == [second.pk]
    assert outcome.blocked == {first.pk: ["It has this tag already."]}
    second.refresh_from_db()
    assert (second.tags, second.version) == (["VIP"], 1)
    told = Event.objects.filter(kind="order.tagged").order_by("pk")
    assert list(told.values_list("subject_id", "data", "reason")) == [
        (first.pk, {"tag": "VIP"}, ""),
        (second.pk, {"tag": "VIP"}, "best customer"),
    ]


def test_a_tag_is_taken_off(place, now):
    order = place("1")
    for tag in ("a", "b", "c"):
        tag_orders([order.pk], tag=tag, now=now)

    outcome = untag_orders([order.pk], tag="b", now=now)
    again = untag_orders([order.pk], tag="b", now=now)

    order.refresh_from_db()
    assert (outcome.moved, order.tags) == ([order.pk], ["a", "c"])
    assert again.blocked == {order.pk: ["It does not have this tag."]}
    assert order.history.first().tags == ["a", "c"]


def test_an_order_has_twenty_tags_at_most(place, now):
    order = place("1")
    for n in range(20):
        tag_orders([order.pk], tag=str(n), now=now)

    outcome = tag_orders([order.pk], tag="more", now=now)

    assert outcome.blocked == {order.pk: ["It has 20 tags: take one off first."]}
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(tags=[str(n) for n in range(21)])


def test_orders_are_found_by_tag_through_its_index(place, now):
    tagged, _plain = place("1"), place("2")
    tag_orders([tagged.pk], tag="VIP", now=now)

    assert found("tag=VIP") == [tagged.pk]
    assert found("tag=vip") == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = select("orders.order", "tag=VIP", now=now).explain()
    assert "order_tags" in plan


def test_priority_is_set_while_the_order_is_open(place, now):
    urgent, same, gone = place("1"), place("2", priority=5), place("3")
    cancel_orders([gone.pk], now=now)

    outcome = prioritise_orders([urgent.pk, same.pk, gone.pk], priority=5, now=now)

    assert outcome.moved == [urgent.pk]
    assert outcome.blocked[same.pk] == ["The order has this priority already."]
    assert set(outcome.blocked) == {gone.pk, same.pk}
    assert found("priority_min=5") == [urgent.pk, same.pk]


@pytest.mark.parametrize(
    ("name", "parameters", "moved"),
    [
        ("hold", HOLD, True),
        ("release_hold", {}, False),
        ("note", {"text": "look"}, True),
        ("tag", {"tag": "VIP"}, True),
        ("untag", {"tag": "VIP"}, False),
        ("prioritise", {"priority": -3}, True),
        ("confirm", {}, True),
        ("release", {}, False),
        ("cancel", {}, True),
    ],
)
def test_each_action_of_a_rule_answers_for_its_orders(place, now, name, parameters, moved):
    order = place("1")
    action = ACTIONS[f"orders.{name}"]
    read, errors = action.read(parameters)

    outcome = action.service([order.pk], now=now, reason="a rule", **read)

    assert errors == {}
    assert (outcome.moved == [order.pk], list(outcome.blocked) == [order.pk]) == (moved, not moved)


def test_a_rules_hold_ends_after_its_hours(place, now):
    order = place("1")
    action = ACTIONS["orders.hold"]
    for values in (HOLD, {"hold": "OTHER", "hours": ""}):
        read, _errors = action.read(values)
        action.service([order.pk], now=PLACED, reason="a rule", **read)

    ends = Hold.objects.order_by("pk").values_list("until", flat=True)
    assert [end and (end - PLACED).total_seconds() / 3600 for end in ends] == [5, None]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tag", {"tag": ""}),
        ("tag", {"tag": " "}),
        ("tag", {"tag": "a,b"}),
        ("tag", {"tag": "x" * 41}),
        ("prioritise", {"priority": 101}),
        ("prioritise", {"priority": "high"}),
        ("note", {"text": ""}),
        ("cancel", {"why": "x"}),
    ],
)
def test_wrong_parameters_are_refused(name, parameters):
    _read, errors = ACTIONS[f"orders.{name}"].read(parameters)

    assert len(errors) == 1
