"""Rules on events: one act per rule, document and event, before what happens by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core import events
from backoffice.core.actor import acting, acting_job
from backoffice.core.events import deliver
from backoffice.core.models import Event, EventDelivery, Rule, RuleAct, RuleRun
from backoffice.core.rules import running
from backoffice.core.rules.running import is_control, run_rules
from backoffice.core.rules.switching import switch_rules
from orders.models import Hold, Order, SalesChannel
from orders.services.holds import place_holds, release_holds, write_notes
from orders.services.intake import place_orders
from orders.services.returns import RequestedLine, RequestReturn, request_returns
from tests.fixtures.core import together
from tests.fixtures.orders import PLACED, order_command
from tests.fixtures.rules import acts

# Deliveries are due by the clock of the database.
LATER = datetime(2100, 1, 1, tzinfo=UTC)
CHEAP = {"lines": [replace(order_command().lines[0], unit_price=Decimal(1))]}


@pytest.fixture
def place_many(place, actor):
    def run(count, **changes):
        first = place("first", **changes)
        commands = [order_command(f"n{n}", **changes) for n in range(count - 1)]
        created = place_orders(commands, now=PLACED).created if commands else {}
        return [first.pk, *created.values()]

    return run


def test_a_rule_acts_on_what_its_filter_finds(make_rule, place, drain, owner):
    rule = make_rule()
    dear, cheap = place("1"), place("2", **CHEAP)

    drain()

    hold = Hold.objects.get()
    assert (hold.order_id, hold.reason, hold.placed_by_id) == (dear.pk, "FRAUD", owner.pk)
    assert hold.note == "Rule “VIP hold”: total from: 20"
    act = RuleAct.objects.get()
    placed = Event.objects.get(kind="order.placed", subject_id=dear.pk)
    assert (act.rule_id, act.subject_id, act.event_id) == (rule.pk, dear.pk, placed.pk)
    assert (act.mode, act.result, act.reasons, act.slot_at) == ("ON", "ACTED", "", None)
    assert act.rule_version == rule.history.first().history_id
    run = RuleRun.objects.get()
    assert (run.looked, run.matched, run.acted) == (2, 1, 1)
    cheap.refresh_from_db()
    assert cheap.open_holds == 0


def test_no_rule_no_delivery(place):
    place("1")

    assert not EventDelivery.objects.filter(handler=events.FIRST).exists()


@pytest.mark.parametrize("mode", ["SHADOW", "ON"])
def test_what_was_imported_is_left_alone(make_rule, channel, service_sku, db, mode):
    make_rule(mode)
    with acting_job("importer", origin="IMPORT"):
        place_orders([order_command()], now=PLACED)

    assert not EventDelivery.objects.filter(handler=events.FIRST).exists()
    with acting_job("events"):
        run_rules(list(Event.objects.all()), now=PLACED)
    assert not RuleAct.objects.exists()


def test_an_event_delivered_twice_is_acted_on_once(make_rule, place, actor):
    rule = make_rule()
    place("1")
    twice = list(Event.objects.filter(kind="order.placed"))

    run_rules(twice, now=PLACED)
    run_rules(twice, now=PLACED)

    assert len(acts(rule)) == Hold.objects.count() == 1


def test_two_workers_act_once(transactional_db, make_rule, place):
    rule = make_rule()
    for n in range(8):
        place(str(n))
    waiting = EventDelivery.objects.filter(handler=events.FIRST).count()

    handled = together(*[lambda: deliver(now=LATER)] * 3)

    assert not [h for h in handled if isinstance(h, Exception)]
    assert waiting == 8
    assert [result for _, result in acts(rule)] == ["ACTED"] * 8
    assert Hold.objects.count() == 8


def test_a_hold_stands_before_the_order_moves_on(make_rule, place, drain, channel):
    SalesChannel.objects.update(confirms_by_itself=True)
    make_rule()
    dear, cheap = place("1"), place("2", **CHEAP)

    drain()

    statuses = dict(Order.objects.values_list("pk", "status"))
    assert statuses == {dear.pk: "PENDING", cheap.pk: "CONFIRMED"}


def test_other_handlers_wait_for_the_rules_of_their_event(make_rule, place, monkeypatch, drain):
    SalesChannel.objects.update(confirms_by_itself=True)
    make_rule()
    place("1", **CHEAP)

    def fail(*args, **kwargs):
        raise ValueError("not now")

    monkeypatch.setattr(running, "_answer", fail)
    deliver(now=LATER)
    assert Order.objects.get().status == "PENDING"

    # What is set aside is waited for no longer.
    EventDelivery.objects.filter(handler=events.FIRST).update(set_aside_at=PLACED)
    drain()
    assert Order.objects.get().status == "CONFIRMED"


def test_shadow_writes_nothing_else(make_rule, place, drain):
    rule = make_rule("SHADOW")
    order = place("1")
    before = (order.version, Event.objects.count(), order.history.count())

    drain()

    order.refresh_from_db()
    assert (order.version, Event.objects.count(), order.history.count()) == before
    assert order.open_holds == 0
    assert acts(rule) == [(order.pk, "SHADOW")]
    assert RuleAct.objects.get().mode == "SHADOW"


def test_the_control_share_is_left_alone_and_always_the_same(make_rule, place_many, drain):
    rule = make_rule(control_share=40)
    ids = place_many(20)

    drain()

    alone = {pk for pk in ids if is_control(rule.pk, pk, 40)}
    assert 0 < len(alone) < 20
    assert dict(acts(rule)) == {pk: "CONTROL" if pk in alone else "ACTED" for pk in ids}
    assert set(Hold.objects.values_list("order_id", flat=True)) == set(ids) - alone


def test_the_control_hash_is_even_and_grows_with_the_share():
    shares = [
        sum(is_control(7, pk, share) for pk in range(10_000)) / 100 for share in (0, 10, 50, 90)
    ]

    assert shares[0] == 0
    assert [round(s) for s in shares[1:]] == pytest.approx([10, 50, 90], abs=2)
    assert all(is_control(7, pk, 50) for pk in range(10_000) if is_control(7, pk, 10))
    assert is_control(1, 2, 10) == is_control(1, 2, 10)
    # Pinned: documents must not change sides with a release.
    assert [pk for pk in range(40) if is_control(3, pk, 10)] == [12, 37]


def test_too_many_acts_drop_the_rule_to_shadow_and_none_is_done(make_rule, place_many, drain):
    rule = make_rule(max_acts=3)
    ids = place_many(5)

    drain()

    rule.refresh_from_db()
    assert (rule.mode, rule.mode_at.year) == ("SHADOW", 2100)
    assert rule.alert == "It found more than 3 documents and acted on none of them."
    assert acts(rule) == [(pk, "SHADOW") for pk in ids[:3]]
    assert not Hold.objects.exists()
    assert Event.objects.get(kind="rule.dropped").subject_id == rule.pk


def test_the_ceiling_counts_an_hour_of_events_whatever_their_batches(make_rule, place, actor):
    rule = make_rule(max_acts=3)

    def go(external_id, at):
        place(external_id)
        run_rules(list(Event.objects.filter(kind="order.placed").order_by("-pk")[:1]), now=at)

    for n in range(3):
        go(str(n), PLACED + timedelta(minutes=n))
    go("next hour", PLACED + timedelta(hours=1))
    assert [result for _, result in acts(rule)] == ["ACTED"] * 4

    for n in range(3):
        go(f"more {n}", PLACED + timedelta(minutes=61 + n))
    assert [result for _, result in acts(rule)][4:] == ["ACTED", "ACTED", "SHADOW"]


def test_a_rule_switched_on_again_counts_anew(make_rule, place, actor, owner):
    rule = make_rule(max_acts=1)
    for n in (1, 2):
        place(str(n))
    run_rules(list(Event.objects.filter(kind="order.placed")), now=PLACED)
    assert Rule.objects.get().mode == "SHADOW"

    with acting(owner.pk):
        again = switch_rules([rule.pk], mode="ON", now=PLACED + timedelta(minutes=5))
    assert again.blocked == {}
    place("3")
    newest = list(Event.objects.filter(kind="order.placed").order_by("-pk")[:1])
    run_rules(newest, now=PLACED + timedelta(minutes=6))

    assert acts(rule)[-1][1] == "ACTED"


@pytest.mark.parametrize(("share", "result"), [(50, "ACTED"), (49, "SHADOW")])
def test_too_big_a_share_drops_the_rule(make_rule, place_many, place, drain, share, result):
    rule = make_rule(max_share=share)
    place_many(10)
    for n in range(10):
        place(f"cheap {n}", **CHEAP)

    drain()

    assert [r for _, r in acts(rule)] == [result] * 10


def test_a_share_of_few_documents_says_nothing(make_rule, place_many, drain):
    rule = make_rule(max_share=1)
    place_many(19)

    drain()

    assert [r for _, r in acts(rule)] == ["ACTED"] * 19


def test_rules_go_in_order_and_a_final_one_stops_the_later(make_rule, place, drain):
    last = make_rule(name="last", priority=30, action="orders.tag", parameters={"tag": "last"})
    first = make_rule(
        name="first",
        priority=10,
        is_final=True,
        filter="total_min=20&channel=web",
        action="orders.tag",
        parameters={"tag": "first"},
    )
    dear, cheap = place("1"), place("2", **CHEAP)
    Rule.objects.filter(pk=last.pk).update(filter="total_min=1")

    drain()

    assert acts(first) == [(dear.pk, "ACTED")]
    assert acts(last) == [(cheap.pk, "ACTED")]
    assert Order.objects.get(pk=dear.pk).tags == ["first"]


@pytest.mark.parametrize("harmless", [{"mode": "SHADOW"}, {"control_share": 90}])
def test_a_final_rule_that_does_not_act_stops_nothing(make_rule, place, drain, harmless):
    make_rule(name="first", priority=10, is_final=True, **harmless)
    last = make_rule(name="last", priority=20, action="orders.tag", parameters={"tag": "x"})
    for n in range(3):
        place(str(n))
    left = [pk for pk, _ in acts(last)]

    drain()

    untouched = RuleAct.objects.filter(rule__name="first").exclude(result="ACTED")
    reached = RuleAct.objects.filter(rule=last, result="ACTED")
    assert left == []
    assert set(untouched.values_list("subject_id", flat=True)) == set(
        reached.values_list("subject_id", flat=True)
    )


def test_a_rule_does_not_answer_itself(make_rule, place, actor, drain):
    rule = make_rule(event="order.noted", action="orders.note", parameters={"text": "seen"})
    order = place("1")
    write_notes([order.pk], now=PLACED, text="by hand")

    drain()

    assert acts(rule) == [(order.pk, "ACTED")]
    assert order.notes.count() == 2
    echo = Event.objects.filter(kind="order.noted").order_by("-pk")[0]
    assert (echo.rules, echo.reason) == ([rule.pk], "Rule “VIP hold”: total from: 20")


def test_two_rules_do_not_play_ping_pong(make_rule, place, actor, drain):
    hold = make_rule(name="hold", event="order.hold_released")
    free = make_rule(name="free", event="order.held", action="orders.release_hold", parameters={})
    order = place("1")
    place_holds([order.pk], now=PLACED)

    drain()

    assert acts(free) == [(order.pk, "ACTED")]
    assert acts(hold) == [(order.pk, "ACTED")]
    chains = Event.objects.filter(kind__in=["order.held", "order.hold_released"]).order_by("pk")
    assert list(chains.values_list("kind", "rules")) == [
        ("order.held", None),
        ("order.hold_released", [free.pk]),
        ("order.held", [free.pk, hold.pk]),
    ]


def test_a_chain_of_rules_ends(make_rule, place, actor, drain):
    for n in range(4):
        make_rule(name=f"{n}", event="order.noted", action="orders.note", parameters={"text": "x"})
    order = place("1")
    write_notes([order.pk], now=PLACED, text="go")

    drain()

    chains = [tuple(e.rules or ()) for e in Event.objects.filter(kind="order.noted")]
    # By hand; four answers; three answers to each of those; two to each of these; then no more.
    assert [sum(len(c) == depth for c in chains) for depth in range(5)] == [1, 4, 12, 24, 0]
    assert all(len(set(c)) == len(c) for c in chains)


def test_what_follows_from_an_act_knows_its_rule(make_rule, place, actor, drain):
    SalesChannel.objects.update(confirms_by_itself=True)
    order = place("1")
    place_holds([order.pk], now=PLACED)
    drain()
    rule = make_rule(event="order.noted", action="orders.release_hold", parameters={})
    write_notes([order.pk], now=PLACED, text="go")

    drain()

    confirmed = Event.objects.get(kind="order.confirmed")
    assert confirmed.rules == [rule.pk]


def test_events_of_one_document_follow_each_other(make_rule, place, actor):
    rule = make_rule(event="order.noted", filter="is_held=false")
    order = place("1")
    for _ in range(3):
        write_notes([order.pk], now=PLACED, text="x")

    run_rules(list(Event.objects.filter(kind="order.noted")), now=PLACED)

    # The second note found the order held already.
    assert acts(rule) == [(order.pk, "ACTED")]
    assert Hold.objects.count() == 1


def test_what_is_blocked_says_why(make_rule, place, actor, drain):
    rule = make_rule(event="order.noted", action="orders.release_hold", parameters={})
    order = place("1")
    write_notes([order.pk], now=PLACED, text="x")

    drain()

    act = RuleAct.objects.get(rule=rule)
    assert (act.subject_id, act.result) == (order.pk, "BLOCKED")
    assert act.reasons == "The order is not on hold."


def test_one_document_that_fails_does_not_stop_the_others(
    make_rule, place_many, drain, monkeypatch
):
    rule = make_rule()
    ids = place_many(3)

    def fragile(order_ids, **call):
        if ids[1] in order_ids:
            raise ValueError("no")
        return place_holds(order_ids, now=call["now"])

    action = running.prepare(rule, now=PLACED).action
    monkeypatch.setitem(
        running.prepare.__globals__["ACTIONS"], "orders.hold", replace(action, service=fragile)
    )

    drain()

    assert acts(rule) == [(ids[0], "ACTED"), (ids[1], "FAILED"), (ids[2], "ACTED")]
    assert RuleAct.objects.get(result="FAILED").reasons == "ValueError: no"


def test_a_document_in_use_is_tried_again(
    transactional_db, make_rule, place, superuser_connection, monkeypatch
):
    monkeypatch.setattr("backoffice.core.actor.LOCK_TIMEOUT", "50ms")
    rule = make_rule()
    order = place("1")

    with superuser_connection.transaction():
        superuser_connection.execute(
            "SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk]
        )
        deliver(now=LATER)
    assert acts(rule) == []
    waiting = EventDelivery.objects.get(handler=events.FIRST)
    assert "in use" in waiting.error

    deliver(now=LATER + timedelta(days=1))
    assert acts(rule) == [(order.pk, "ACTED")]


def test_the_statements_do_not_grow_with_the_documents(make_rule, place_many, actor):
    make_rule(filter="channel=web", action="orders.tag", parameters={"tag": "x"}, max_acts=1000)
    place_many(3)
    few = list(Event.objects.filter(kind="order.placed"))
    with CaptureQueriesContext(connection) as first:
        run_rules(few, now=PLACED)
    place_orders([order_command(f"m{n}") for n in range(30)], now=PLACED)
    many = list(Event.objects.filter(kind="order.placed").order_by("-pk")[:30])

    with CaptureQueriesContext(connection) as second:
        run_rules(many, now=PLACED)

    assert RuleAct.objects.count() == 33
    assert len(second) <= len(first)


def test_a_rule_of_an_order_hears_what_belongs_to_it(make_rule, place, actor, drain):
    rule = make_rule(event="return.requested", action="orders.tag", parameters={"tag": "return"})
    order = place("1")
    order.lines.update(shipped=2, delivered=2)
    Order.objects.update(shipped_quantity=2, delivered_quantity=2)
    lines = [RequestedLine(order.lines.get().pk, 1)]
    asked = request_returns([RequestReturn(order.pk, lines)], now=PLACED)
    assert asked.refused == {}

    drain()

    assert acts(rule) == [(order.pk, "ACTED")]


def test_released_holds_do_not_come_back_by_themselves(make_rule, place, actor, drain):
    rule = make_rule()
    order = place("1")
    drain()
    release_holds([order.pk], now=PLACED)

    drain()

    order.refresh_from_db()
    assert (order.open_holds, len(acts(rule))) == (0, 1)
