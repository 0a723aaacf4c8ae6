from datetime import date, timedelta
from threading import Event as Flag

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from backoffice.core import extensions
from backoffice.core.actor import service, transaction
from backoffice.core.models import Event
from backoffice.core.states import GONE, Guard, Machine, Outcome, Transition
from orders.models import Hold, Order
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders
from orders.states import ORDER
from tests.fixtures.core import NOW, together

HELD = "The order is on hold: release its holds first."
UNPAID = "The order is not paid: wait for the payment or record it."


@pytest.fixture
def machine(monkeypatch):
    """A machine over orders with guards of all shapes."""
    monkeypatch.setattr(Machine, "registry", {})
    open_hold = Hold.objects.filter(order=OuterRef("pk"), released_at=None)
    return Machine(
        Order,
        [
            Transition(
                "promise",
                "Promise",
                ["PENDING"],
                "CONFIRMED",
                "order.noted",
                guards=[
                    Guard("late", Q(promised_on__gt=date(2026, 1, 1)), "No later promise."),
                    Guard("early", ~Q(promised_on__gt=date(2030, 1, 1)), "Promised too late."),
                    Guard("free", ~Q(Exists(open_hold)), "It is held."),
                    Guard("shop", Q(channel__code="web"), "Not of the web shop."),
                ],
                stamp="confirmed_at",
            )
        ],
        order_field="pk",
    )


def reasons(outcome: Outcome, pk: int) -> list[str]:
    return [str(r) for r in outcome.blocked[pk]]


def test_a_null_column_blocks(machine, place, now):
    order = place()
    assert order.promised_on is None

    with transaction(now=now):
        outcome = machine.check([order.pk], "promise")

    # Django itself makes `NOT (promised_on > 2030)` true for NULL: guards are positive.
    assert reasons(outcome, order.pk) == ["No later promise."]


def test_all_reasons_of_all_guards_are_given(machine, place, channel, now):
    order = place(promised_on=date(2031, 1, 1))
    place_holds([order.pk], now=now)
    type(channel).objects.update(code="shop")

    with transaction(now=now):
        outcome = machine.check([order.pk], "promise")

    assert outcome.moved == []
    assert reasons(outcome, order.pk) == [
        "Promised too late.",
        "It is held.",
        "Not of the web shop.",
    ]


def test_a_document_in_another_state_has_that_one_reason(machine, place, now):
    order = place()
    Order.objects.filter(pk=order.pk).update(status="RELEASED")

    with transaction(now=now):
        outcome = machine.check([order.pk], "promise")

    assert reasons(outcome, order.pk) == ["Only possible in state Pending."]


def test_ids_that_do_not_exist_are_blocked(place, now):
    order = place()

    outcome = confirm_orders([order.pk, order.pk, 10**12], now=now)

    assert outcome.moved == [order.pk]
    assert outcome.blocked == {10**12: [GONE]}


def test_a_mixed_batch_moves_what_may_and_tells_of_it_alone(place, now):
    good, held, also_good = place("1"), place("2"), place("3")
    place_holds([held.pk], now=now)

    outcome = confirm_orders([also_good.pk, held.pk, good.pk], now=now)

    assert outcome.moved == [good.pk, also_good.pk]
    assert reasons(outcome, held.pk) == [HELD]
    told = Event.objects.filter(kind="order.confirmed").order_by("id")
    assert [e.subject_id for e in told] == [good.pk, also_good.pk]
    held.refresh_from_db()
    assert (held.status, held.confirmed_at, held.version) == ("PENDING", None, 1)


def test_moving_stamps_counts_the_version_and_says_who(place, now):
    order = place()

    confirm_orders([order.pk], now=now)

    order.refresh_from_db()
    assert (order.status, order.confirmed_at, order.updated_at) == ("CONFIRMED", now, now)
    assert (order.version, order.modified_by.username) == (1, "job:system")


def test_each_document_can_have_its_own_time_and_data(machine, place, now):
    a, b = place("1"), place("2")
    earlier = now - timedelta(days=5)

    with transaction(now=now):
        machine.move([a.pk, b.pk], "promise", times={a.pk: earlier}, data={b.pk: {"x": 1}})

    a.refresh_from_db()
    b.refresh_from_db()
    assert (a.confirmed_at, b.confirmed_at) == (earlier, now)
    told = Event.objects.filter(kind="order.noted").order_by("subject_id")
    assert [(e.occurred_at, e.data) for e in told] == [(earlier, {}), (now, {"x": 1})]


def test_machine_writes_do_not_make_open_forms_stale(machine, place, now):
    order = place()

    with transaction(now=now):
        machine.move([order.pk], "promise", versioned=False)

    order.refresh_from_db()
    assert (order.status, order.version) == ("CONFIRMED", 0)


def test_moving_rows_that_are_gone_fails_loudly(machine, actor, now):
    with transaction(now=now), pytest.raises(RuntimeError, match="0 of 1 rows changed"):
        machine.move([10**12], "promise")


def test_only_the_machine_asks_higher_floors_and_only_about_those_that_may(
    machine, place, now, monkeypatch
):
    monkeypatch.setattr(extensions, "_blockers", type(extensions._blockers)(list))
    good, held = place("1", promised_on=date(2027, 1, 1)), place("2")
    asked = []

    @extensions.blocker("orders.order", "promise")
    def ask(ids, transition):
        asked.append((ids, transition))
        return {good.pk: ["The carrier objects.", "So does the bank."]}

    with transaction(now=now):
        outcome = machine.check([good.pk, held.pk], "promise")

    assert asked == [([good.pk], "promise")]
    assert outcome.moved == []
    assert outcome.blocked == {
        good.pk: ["The carrier objects.", "So does the bank."],
        held.pk: ["No later promise."],
    }


def test_explaining_tells_of_every_verb_without_a_lock(place, channel):
    type(channel).objects.update(payment_terms="PREPAID")
    order = place()

    explained = {e.transition.name: e for e in ORDER.explain(order.pk)}

    assert [str(r) for r in explained["confirm"].reasons] == [UNPAID]
    assert [str(r) for r in explained["release"].reasons] == ["Only possible in state Confirmed."]
    assert explained["cancel"].is_possible
    assert explained["hold"].is_possible


def test_checking_costs_as_many_statements_for_many_as_for_one(
    place, now, django_assert_num_queries
):
    ids = [place(str(n)).pk for n in range(5)]

    with transaction(now=now), django_assert_num_queries(2):
        ORDER.check(ids, "confirm")


def test_a_verb_without_a_target_leaves_the_status(place, now):
    order = place()

    place_holds([order.pk], now=now)

    order.refresh_from_db()
    assert (order.status, order.version, order.open_holds) == ("PENDING", 1, 1)


def test_outcome_keeps_all_reasons_of_a_blocked_id():
    outcome = Outcome(moved=[1, 2])

    outcome.block([2], "first")
    outcome.block([2, 3], "second")

    assert (outcome.moved, outcome.blocked) == ([1], {2: ["first", "second"], 3: ["second"]})


def wait_for_a_waiter():
    """Wait until somebody waits for a row lock."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                " AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("Nobody waits.")


def test_a_hold_that_is_placed_while_we_wait_for_the_lock_is_seen(transactional_db, place):
    order = place()
    locked = Flag()

    @service
    def hold_slowly(*, now):
        outcome = place_holds([order.pk], now=now)
        locked.set()
        wait_for_a_waiter()
        return outcome

    def confirm():
        locked.wait(10)
        return confirm_orders([order.pk], now=NOW)

    held, confirmed = together(lambda: hold_slowly(now=NOW), confirm)

    assert held.moved == [order.pk]
    assert (confirmed.moved, reasons(confirmed, order.pk)) == ([], [HELD])
    order.refresh_from_db()
    assert (order.status, order.open_holds) == ("PENDING", 1)


def test_of_two_that_confirm_at_once_one_is_blocked(transactional_db, place):
    order = place()

    outcomes = together(*[lambda: confirm_orders([order.pk], now=NOW)] * 2)

    assert sorted(o.moved for o in outcomes) == [[], [order.pk]]
    assert Event.objects.filter(kind="order.confirmed").count() == 1


def test_busy_documents_are_reported_where_locks_are_skipped(transactional_db, place):
    busy, free = place("1"), place("2")
    locked, done = Flag(), Flag()

    @service
    def hold_on(*, now):
        ORDER.check([busy.pk], "confirm")
        locked.set()
        done.wait(10)

    @service
    def try_both(*, now):
        locked.wait(10)
        outcome = ORDER.check([busy.pk, free.pk], "confirm", skip_locked=True)
        done.set()
        return outcome

    outcome = together(lambda: hold_on(now=NOW), lambda: try_both(now=NOW))[1]

    assert outcome.moved == [free.pk]
    assert outcome.blocked == {busy.pk: [GONE]}
