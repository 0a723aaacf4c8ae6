"""Rules by the clock: each slot once, late rather than never, each document once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from backoffice.core import tasks
from backoffice.core.actor import acting
from backoffice.core.models import Company, Rule, RuleAct, RuleRun, TaskRun
from backoffice.core.retention import expired
from backoffice.core.rules import running
from backoffice.core.rules.running import run_due_rules
from backoffice.core.rules.switching import switch_rules
from backoffice.core.rules.triggers import due_slot
from orders.models import Hold, Order
from orders.services.holds import release_holds
from tests.fixtures.core import together
from tests.fixtures.orders import PLACED
from tests.fixtures.rules import acts

EVERY = {"trigger": "EVERY", "event": "", "every_minutes": 10, "filter": "placed_before_ago=2h"}
DAILY = {"trigger": "DAILY", "event": "", "at_hour": 9, "filter": "placed_before_ago=2h"}
DUE = PLACED + timedelta(hours=2, minutes=1)


@pytest.fixture
def late_orders(place):
    def run(count):
        return [place(str(n)).pk for n in range(count)]

    return run


def test_a_slot_is_run_once(make_rule, late_orders, actor):
    rule = make_rule(**EVERY)
    ids = late_orders(2)

    assert run_due_rules(now=PLACED + timedelta(hours=1)) == 0
    assert run_due_rules(now=DUE) == 2
    assert run_due_rules(now=DUE) == 0

    assert acts(rule) == [(pk, "ACTED") for pk in ids]
    act = RuleAct.objects.order_by("pk")[0]
    assert (act.event_id, act.slot_at) == (None, DUE.replace(minute=0))
    runs = RuleRun.objects.order_by("slot_at").values_list("matched", "acted")
    assert list(runs) == [(0, 0), (2, 2)]


def test_two_beats_at_the_same_moment_run_once(transactional_db, make_rule, late_orders, place):
    rule = make_rule(**EVERY)
    ids = late_orders(3)

    done = together(*[lambda: run_due_rules(now=DUE)] * 3)

    assert sorted(done) == [0, 0, 3]
    assert acts(rule) == [(pk, "ACTED") for pk in ids]
    assert Hold.objects.count() == 3


def test_a_document_is_acted_on_once_however_many_slots(make_rule, late_orders, actor):
    rule = make_rule(**EVERY)
    (pk,) = late_orders(1)
    run_due_rules(now=DUE)
    release_holds([pk], now=DUE)

    for hours in range(1, 30):
        run_due_rules(now=DUE + timedelta(hours=hours))

    assert acts(rule) == [(pk, "ACTED")]


def test_a_document_is_acted_on_again_where_the_rule_says_so(make_rule, late_orders, actor):
    rule = make_rule(**EVERY, again_after_hours=24)
    (pk,) = late_orders(1)
    for hours in (0, 12, 23, 25, 30, 50):
        run_due_rules(now=DUE + timedelta(hours=hours))

    assert acts(rule) == [(pk, "ACTED")] * 3


def test_what_was_blocked_is_tried_again_after_an_hour(make_rule, late_orders, actor):
    rule = make_rule(**EVERY, action="orders.release_hold", parameters={})
    (pk,) = late_orders(1)

    for minutes in (0, 20, 40, 61):
        run_due_rules(now=DUE + timedelta(minutes=minutes))

    assert acts(rule) == [(pk, "BLOCKED")] * 2


def test_a_missed_beat_is_caught_up_by_one_run(make_rule, late_orders, actor):
    rule = make_rule(**DAILY)
    late_orders(1)
    # The zone is Berlin's: nine o'clock is 8:00 UTC in March. Nobody was there until evening.
    run_due_rules(now=PLACED + timedelta(hours=11))
    run_due_rules(now=PLACED + timedelta(hours=12))

    slots = RuleRun.objects.filter(rule=rule).values_list("slot_at", flat=True)
    assert list(slots) == [datetime(2026, 3, 10, 8, 0, tzinfo=UTC)]
    assert [result for _, result in acts(rule)] == ["ACTED"]


def test_a_day_missed_altogether_is_caught_up_in_the_night(make_rule, late_orders, actor):
    rule = make_rule(**DAILY)
    late_orders(1)

    run_due_rules(now=datetime(2026, 3, 12, 5, 0, tzinfo=UTC))

    slots = RuleRun.objects.filter(rule=rule).values_list("slot_at", flat=True)
    assert list(slots) == [datetime(2026, 3, 11, 8, 0, tzinfo=UTC)]


def test_a_rule_waits_for_its_first_slot_after_the_switch(make_rule, late_orders, actor):
    rule = make_rule(**DAILY, at=datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    late_orders(1)

    assert run_due_rules(now=datetime(2026, 3, 10, 20, 0, tzinfo=UTC)) == 0
    assert run_due_rules(now=datetime(2026, 3, 11, 7, 59, tzinfo=UTC)) == 0
    assert run_due_rules(now=datetime(2026, 3, 11, 8, 0, tzinfo=UTC)) == 1
    assert len(acts(rule)) == 1


@pytest.mark.parametrize(
    ("hour", "now", "slot"),
    [
        # Clocks go from 2:00 to 3:00 on 29 March and from 3:00 to 2:00 on 25 October.
        (9, (3, 29, 6, 59), (3, 28, 8)),
        (9, (3, 29, 7, 0), (3, 29, 7)),
        (2, (3, 29, 0, 59), (3, 28, 1)),
        (2, (3, 29, 1, 0), (3, 29, 1)),
        (2, (10, 25, 0, 0), (10, 25, 0)),
        (2, (10, 25, 1, 30), (10, 25, 0)),
        (2, (10, 26, 0, 59), (10, 25, 0)),
        (2, (10, 26, 1, 0), (10, 26, 1)),
        (0, (7, 1, 21, 59), (6, 30, 22)),
        (0, (7, 1, 22, 0), (7, 1, 22)),
        (23, (1, 1, 0, 30), (12, 31, 22)),
    ],
)
def test_an_hour_of_the_day_is_the_companys(db, hour, now, slot):
    Company.objects.update(time_zone="Europe/Berlin")
    rule = Rule(trigger="DAILY", at_hour=hour, mode_at=datetime(2025, 1, 1, tzinfo=UTC))
    year = 2025 if slot[0] == 12 else 2026

    assert due_slot(rule, datetime(2026, *now, tzinfo=UTC)) == datetime(year, *slot, tzinfo=UTC)


def test_too_many_documents_drop_the_rule_and_none_is_acted_on(make_rule, late_orders, actor):
    rule = make_rule(**EVERY, max_acts=2)
    ids = late_orders(5)

    assert run_due_rules(now=DUE) == 0

    rule.refresh_from_db()
    assert (rule.mode, rule.mode_at) == ("SHADOW", DUE)
    assert rule.alert == "It found more than 2 documents and acted on none of them."
    assert acts(rule) == [(pk, "SHADOW") for pk in ids[:2]]
    assert not Hold.objects.exists()


@pytest.mark.parametrize(("share", "mode"), [(50, "ON"), (49, "SHADOW")])
def test_too_big_a_share_of_all_documents_drops_the_rule(
    make_rule, late_orders, place, actor, share, mode
):
    rule = make_rule(**EVERY, max_share=share)
    late_orders(10)
    for n in range(10):
        place(f"new {n}", placed_at=DUE)

    run_due_rules(now=DUE)

    rule.refresh_from_db()
    assert rule.mode == mode
    assert Hold.objects.count() == (10 if mode == "ON" else 0)


def test_what_shadow_told_is_done_once_it_is_switched_on(make_rule, late_orders, actor, owner):
    rule = make_rule("SHADOW", **EVERY)
    (pk,) = late_orders(1)
    run_due_rules(now=DUE)
    run_due_rules(now=DUE + timedelta(minutes=10))
    with acting(owner.pk):
        switch_rules([rule.pk], mode="ON", now=DUE + timedelta(minutes=11))

    run_due_rules(now=DUE + timedelta(minutes=20))

    assert acts(rule) == [(pk, "SHADOW"), (pk, "ACTED")]


def test_rules_of_one_tick_go_in_order_and_a_final_one_stops_the_later(
    make_rule, late_orders, actor
):
    tag = {"action": "orders.tag"}
    make_rule(name="last", **EVERY, **tag, parameters={"tag": "last"}, priority=2)
    make_rule(name="first", **EVERY, **tag, parameters={"tag": "first"}, priority=1, is_final=True)
    (pk,) = late_orders(1)

    run_due_rules(now=DUE)

    assert Order.objects.get(pk=pk).tags == ["first"]


def test_a_rule_that_breaks_does_not_stop_the_others(make_rule, late_orders, actor, monkeypatch):
    bad = make_rule(name="bad", **EVERY, priority=1)
    good = make_rule(name="good", **EVERY, priority=2)
    late_orders(1)
    write = running._write

    def fragile(rule, *args):
        if rule.pk == bad.pk:
            raise ValueError("no")
        write(rule, *args)

    monkeypatch.setattr(running, "_write", fragile)

    with pytest.raises(ValueError):
        run_due_rules(now=DUE)

    assert (acts(bad), len(acts(good))) == ([], 1)
    # What it did is undone, and its slot is free for the next beat.
    assert Hold.objects.count() == 1
    monkeypatch.setattr(running, "_write", write)
    assert run_due_rules(now=DUE) == 1


def test_what_is_in_use_is_found_by_the_next_slot(
    transactional_db, make_rule, late_orders, place, superuser_connection, monkeypatch
):
    monkeypatch.setattr("backoffice.core.actor.LOCK_TIMEOUT", "50ms")
    rule = make_rule(**EVERY)
    busy, free = late_orders(2)

    with superuser_connection.transaction():
        superuser_connection.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [busy])
        assert run_due_rules(now=DUE) == 1
    assert acts(rule) == [(free, "ACTED")]

    assert run_due_rules(now=DUE + timedelta(minutes=10)) == 1
    assert acts(rule)[1:] == [(busy, "ACTED")]


def test_beat_runs_the_rules(db, make_rule):
    make_rule(**EVERY)
    tasks.run_scheduled_rules()

    run = TaskRun.objects.get(task="core.run_scheduled_rules")
    assert (run.result, run.error) == ("0", "")
    assert RuleRun.objects.count() == 1


def test_runs_are_forgotten_after_ninety_days(make_rule, actor):
    rule = make_rule(**EVERY)
    today = timezone.now()
    for days in (89, 91):
        RuleRun.objects.create(rule=rule, slot_at=today - timedelta(days=days), ran_at=today)

    condition = dict(expired(today))[RuleRun]

    assert RuleRun.objects.filter(condition).count() == 1
