"""Mistakes of wiring, made on purpose."""

import pytest
from django.core.checks import run_checks
from django.db.models import Q

from backoffice.core import events
from backoffice.core.checks import check_machines, check_subscriptions
from backoffice.core.events import Subscription, declare, on
from backoffice.core.states import Guard, Machine, Transition
from orders.models import Order


@pytest.fixture
def wiring(own_events, monkeypatch):
    monkeypatch.setattr(Machine, "registry", {})
    monkeypatch.setattr("backoffice.core.checks.KINDS", events.KINDS)
    monkeypatch.setattr("backoffice.core.checks.SUBSCRIPTIONS", events.SUBSCRIPTIONS)
    declare("finance", "finance.payment", {"payment.captured": "Money came"})


def ids(errors):
    return [(e.id, e.msg) for e in errors]


def subscribe(floor, kind):
    name = f"{floor}.handle"
    events.SUBSCRIPTIONS[name] = Subscription(name, floor, (kind,), lambda events, *, now: None)


def test_the_project_is_wired_without_a_mistake():
    assert [e for e in run_checks() if e.is_serious()] == []


def test_a_handler_of_an_undeclared_kind_is_refused(wiring):
    subscribe("orders", "thing.unheard_of")

    assert ids(check_subscriptions(None)) == [
        ("core.E001", "orders.handle handles 'thing.unheard_of', which nobody declares.")
    ]


def test_a_handler_of_a_higher_floors_event_is_refused(wiring):
    subscribe("orders", "payment.captured")
    subscribe("finance", "payment.captured")
    subscribe("support", "payment.captured")

    assert ids(check_subscriptions(None)) == [
        (
            "core.E002",
            "orders.handle handles 'payment.captured' of the higher floor finance.",
        )
    ]


def test_a_handlers_floor_is_told_by_its_module(wiring):
    def handle(events, *, now):
        """Do nothing."""

    for module, floor in (("orders.handlers", "orders"), ("backoffice.insights.x", "insights")):
        handle.__module__ = module
        on("thing.happened")(handle)
        assert events.SUBSCRIPTIONS[f"{floor}.handle"].floor == floor


def machine(**changes):
    values = {"event": "thing.happened", "guards": ()} | changes
    Machine(Order, [Transition("go", "Go", ["PENDING"], "CONFIRMED", **values)])
    return ids(check_machines(None))


def test_a_transition_with_an_undeclared_event_is_refused(wiring):
    assert machine(event="thing.unheard_of") == [
        ("core.E003", "orders.order.go emits undeclared 'thing.unheard_of'.")
    ]


@pytest.mark.parametrize(
    ("condition", "crossing"),
    [
        (Q(lines__quantity=1), "lines__quantity"),
        (~Q(lines__quantity=1), "lines__quantity"),
        (Q(status="A") | (Q(open_holds=0) & Q(holds__until=None)), "holds__until"),
        (Q(customer__orders__status="A"), "customer__orders__status"),
    ],
)
def test_a_guard_over_a_to_many_relation_is_refused(wiring, condition, crossing):
    assert machine(guards=[Guard("g", condition, "No.")]) == [
        (
            "core.E004",
            f"orders.order.go: guard g crosses a to-many relation ({crossing}).",
        )
    ]


@pytest.mark.parametrize(
    "condition", [Q(status="A"), Q(channel__code="web"), Q(customer__email__endswith="x")]
)
def test_a_guard_over_the_row_or_a_to_one_relation_is_taken(wiring, condition):
    assert machine(guards=[Guard("g", condition, "No.")]) == []
