"""Looking into the past, and comparing with what was left alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.core.models import Rule, RuleAct
from backoffice.core.rules.backtest import backtest
from backoffice.core.rules.results import compare, counts
from orders.models import Order
from orders.services.lifecycle import cancel_orders
from tests.fixtures.orders import order_command
from tests.fixtures.rules import VIP

CHEAP = {"lines": [replace(order_command().lines[0], unit_price=Decimal(1))]}


@pytest.fixture
def now(db):
    return timezone.now()


@pytest.fixture
def past(actor, place, now):
    """Three dear orders and a cheap one, of which one dear one was cancelled later."""
    from backoffice.core.sql import execute

    dear = [place(str(n), placed_at=now) for n in range(3)]
    cheap = place("cheap", placed_at=now, **CHEAP)
    execute("SELECT set_config('app.now', '', true)")
    cancel_orders([dear[0].pk], now=now)
    return dear, cheap


def rule(**changes):
    return Rule(**VIP | changes)


def test_the_past_is_counted_and_what_became_of_it(past, monkeypatch):
    dear, _cheap = past
    from backoffice.core.models import Event

    placed = Event.objects.filter(kind="order.placed").order_by("pk")[0].occurred_at

    found = backtest(rule(), now=placed)

    assert (found.looked, found.matched, found.share) == (4, 3, 75.0)
    assert [(str(label), n) for label, n in found.became] == [
        ("cancelled", 1),
        ("refunded", 0),
        ("returned", 0),
    ]
    assert [row.pk for row in found.rows] == [o.pk for o in reversed(dear)]
    assert (found.replayed, found.left_out) == (["total from: 20"], [])


def test_what_may_have_changed_is_left_out_and_said(past):
    from backoffice.core.models import Event

    placed = Event.objects.filter(kind="order.placed").order_by("pk")[0].occurred_at

    found = backtest(rule(filter="status=PENDING&total_min=20"), now=placed)
    nothing = backtest(rule(filter="status=PENDING"), now=placed)

    assert (found.matched, found.left_out) == (3, ["status: Pending"])
    assert (nothing.matched, nothing.looked, nothing.replayed) == (None, 4, [])


def test_older_triggers_are_not_looked_at(past):
    from datetime import timedelta

    from backoffice.core.models import Event

    placed = Event.objects.filter(kind="order.placed").order_by("pk")[0].occurred_at

    assert backtest(rule(), now=placed + timedelta(days=91)).looked == 0
    assert Order.objects.count() == 4


def test_acts_are_compared_with_what_was_left_alone(make_rule, place, actor, drain):
    made = make_rule(control_share=50, action="orders.tag", parameters={"tag": "x"})
    for n in range(12):
        place(str(n))
    drain()
    acted = list(RuleAct.objects.filter(result="ACTED").values_list("subject_id", flat=True))
    at = RuleAct.objects.first().acted_at
    cancel_orders(acted[:2], now=at)

    lines = {str(line.label): line for line in compare(made, now=at)}

    cancelled = lines["cancelled"]
    assert (cancelled.acted, cancelled.of_acted) == (2, len(acted))
    assert (cancelled.control, cancelled.of_control) == (0, 12 - len(acted))
    assert counts(made, since=at)["Acted"] == len(acted)
