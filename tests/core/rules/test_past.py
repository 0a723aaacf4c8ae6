"""Looking into the past, and comparing with what was left alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import timezone

from backoffice.core.filtering import FILTERSETS, FilterError
from backoffice.core.models import Rule, RuleAct
from backoffice.core.rules.backtest import backtest
from backoffice.core.rules.results import compare, counts
from backoffice.core.sql import execute
from orders.models import Order
from orders.services.holds import place_holds, release_holds, write_notes
from orders.services.lifecycle import cancel_orders
from support.services.commands import OpenTicket
from support.services.opening import open_tickets
from tests.fixtures.orders import PLACED, order_command
from tests.fixtures.rules import VIP

CHEAP = {"lines": [replace(order_command().lines[0], unit_price=Decimal(1))]}


@pytest.fixture
def now(db):
    return timezone.now()


@pytest.fixture
def past(actor, place, now):
    """Three dear orders and a cheap one, of which one dear one was cancelled later."""
    dear = [place(str(n), placed_at=now) for n in range(3)]
    cheap = place("cheap", placed_at=now, **CHEAP)
    execute("SELECT set_config('app.now', '', true)")
    cancel_orders([dear[0].pk], now=now + timedelta(minutes=1))
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


def test_what_changed_since_is_taken_from_history(past, now):
    def told(query, at=now, **changes):
        found = backtest(rule(filter=query, **changes), now=at)
        return found.matched, list(found.replayed), list(found.recalled)

    dear, _cheap = past
    # One of them is cancelled by now; all were pending when they were placed.
    assert told("status=PENDING&total_min=20") == (3, ["total from: 20"], ["status: Pending"])
    assert told("status=PENDING") == (4, [], ["status: Pending"])
    assert told("status=CONFIRMED")[0] == 0
    place_holds([dear[1].pk], now=now + timedelta(minutes=1))
    release_holds([dear[1].pk], now=now + timedelta(minutes=2))
    later = now + timedelta(minutes=3)
    # A hold that was made at the event itself counts, though nothing is held any more.
    assert told("is_held=true", later, event="order.held")[0] == 1
    assert told("is_held=false", later, event="order.held")[0] == 0
    assert told("is_held=true", later, event="order.hold_released")[0] == 0
    assert told("is_held=true", later)[0] == 0


def test_by_the_clock_it_counts_what_a_document_ever_was(place, actor):
    held, _other = place("held"), place("free")
    place_holds([held.pk], now=PLACED + timedelta(hours=1))
    release_holds([held.pk], now=PLACED + timedelta(hours=2))
    asked = rule(trigger="EVERY", event="", every_minutes=10, filter="is_held=true")

    found = [backtest(asked, now=PLACED + timedelta(minutes=m)).matched for m in (30, 90, 600)]

    assert found == [0, 1, 1]


def test_what_nobody_knows_is_left_out_and_said(past, now):
    dear, _cheap = past
    ticket_of(dear[1].pk, now)
    asked = {"document": "support.ticket", "event": "ticket.opened", "action": "tickets.tag"}

    found = backtest(rule(filter="is_overdue=false&priority=NORMAL", **asked), now=now)
    nothing = backtest(rule(filter="is_overdue=false", **asked), now=now)

    assert (found.matched, found.left_out) == (1, ["overdue: No"])
    assert (nothing.matched, nothing.looked, nothing.left_out) == (None, 1, ["overdue: No"])


@pytest.mark.parametrize("document", sorted(FILTERSETS))
def test_what_is_taken_from_history_can_be_asked_of_it(document, db):
    filterset = FILTERSETS[document]
    recorded = [name for name in filterset.base_filters if filterset.is_recorded(name)]
    assert filterset.recorded <= set(recorded)
    for name in set(recorded) - filterset.fixed:
        item = filterset.base_filters[name]
        choices = list(item.extra.get("choices", []))
        values = [choices[0][0]] if choices else ["true", "1", "2026-01-01", "a"]
        past = filterset._meta.model.history.model._base_manager.all()
        for value in values:
            asked = filterset(QueryDict(f"{name}={value}"), queryset=past)
            if asked.is_valid():
                list(asked.qs)


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


def ticket_of(order_id, now):
    opened = open_tickets([OpenTicket(subject="Where is it?", order_id=order_id)], now=now)
    return opened.created[0]


def test_a_document_is_met_by_its_orders_events_once_it_is_there(past, now):
    dear, _cheap = past
    early, other = (ticket_of(dear[n].pk, now) for n in (1, 2))
    asked = rule(
        document="support.ticket", event="order.noted", filter=f"order={dear[1].order_number}"
    )
    write_notes([dear[1].pk, dear[2].pk], now=now, text="Look.")
    ticket_of(dear[1].pk, now + timedelta(minutes=1))

    found = backtest(asked, now=now)

    assert (found.looked, found.matched, [row.pk for row in found.rows]) == (2, 1, [early])
    assert other != early


def test_ages_by_the_clock_are_asked_at_the_moment_that_suits_them(place, actor):
    by_clock = {"trigger": "EVERY", "event": "", "every_minutes": 10}
    asked = rule(**by_clock, filter="placed_before_ago=2h&total_min=20")
    young = rule(**by_clock, filter="placed_within=2h&total_min=20")
    place("dear")
    place("cheap", **CHEAP)
    soon, later = (PLACED + timedelta(hours=hours) for hours in (1, 3))

    # Soon after placing none was two hours old; by now each has been, and each was young once.
    assert (backtest(asked, now=soon).looked, backtest(asked, now=soon).matched) == (2, 0)
    assert (backtest(asked, now=later).looked, backtest(asked, now=later).matched) == (2, 1)
    assert (backtest(young, now=later).matched, backtest(young, now=later).left_out) == (1, [])


def test_of_several_events_each_age_takes_the_one_that_suits_it(past, now):
    dear, _cheap = past
    for hours in (1, 3):
        write_notes([dear[1].pk], now=now + timedelta(hours=hours), text="Look.")
    at = now + timedelta(hours=4)

    def matched(query):
        return backtest(rule(event="order.noted", filter=query), now=at).matched

    assert (matched("placed_before_ago=2h"), matched("placed_before_ago=4h")) == (1, 0)
    assert (matched("placed_within=2h"), matched("placed_within=30m")) == (1, 0)


def test_what_it_met_is_shown_page_by_page(past, now, monkeypatch):
    dear, _cheap = past
    newest = [order.pk for order in reversed(dear)]
    monkeypatch.setattr("backoffice.core.rules.backtest.SHOWN", 2)

    first = backtest(rule(), now=now)
    second = backtest(rule(), now=now, before=first.next_before)

    assert ([row.pk for row in first.rows], first.next_before) == (newest[:2], newest[1])
    assert ([row.pk for row in second.rows], second.next_before) == (newest[2:], None)
    assert second.matched == first.matched == 3


def test_what_takes_too_long_is_refused(past, now, monkeypatch):
    monkeypatch.setattr("backoffice.core.rules.backtest.LONGEST", "1ms")

    def slow(*args):
        execute("SELECT pg_sleep(1)")

    monkeypatch.setattr("backoffice.core.rules.backtest._population", slow)

    with pytest.raises(FilterError) as caught:
        backtest(rule(), now=now)

    assert caught.value.errors == {"filter": ["That takes too long: make the filter narrower."]}
