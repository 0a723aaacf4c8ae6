from datetime import timedelta
from threading import Barrier
from threading import Event as Flag

import pytest
from django.db import OperationalError, connection

from backoffice.core.actor import (
    MissingEventError,
    NoActorError,
    acting,
    current_actor,
    current_unit,
    service,
    transaction,
)
from backoffice.core.events import Fact, emit
from backoffice.core.models import Event
from orders.models import Order
from orders.services.lifecycle import confirm_orders, release_orders
from tests.fixtures.core import NOW, together


def settings() -> tuple[str, ...]:
    names = ("app.user_id", "app.request_id", "app.reason", "app.now", "lock_timeout")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(["current_setting(%s, true)"] * len(names)), list(names)
        )
        return cursor.fetchone()


@service
def change_silently(ids, *, now, tell=()):
    """Change orders by a plain UPDATE, and emit what is asked for."""
    Order.objects.filter(pk__in=ids).update(priority=7)
    for kind in tell:
        emit(kind, [Fact(i, i) for i in ids])


def test_a_document_that_changed_in_silence_is_refused_and_rolled_back(place, now):
    order = place()
    history = order.history.count()

    with pytest.raises(MissingEventError) as refused, transaction_of_its_own():
        change_silently([order.pk], now=now)

    assert str(refused.value) == (
        "orders.order changed without an event. Emit one in the same service."
    )
    order.refresh_from_db()
    assert (order.priority, order.history.count()) == (0, history)


def transaction_of_its_own():
    from django.db import transaction as django_transaction

    return django_transaction.atomic()


def test_raw_sql_is_seen_by_the_guard_as_well(place, now):
    order = place()

    @service
    def change(*, now):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_order SET priority = 3 WHERE id = %s", [order.pk])

    with pytest.raises(MissingEventError), transaction_of_its_own():
        change(now=now)


def test_an_event_about_the_document_satisfies_the_guard(place, now):
    order = place()

    change_silently([order.pk], now=now, tell=["order.noted"])

    order.refresh_from_db()
    assert order.priority == 7


def test_an_event_about_another_document_does_not_unless_it_is_declared_to(place, now):
    order = place()

    @service
    def change(kind, *, now):
        Order.objects.filter(pk=order.pk).update(priority=2)
        emit(kind, [Fact(1)])

    with pytest.raises(MissingEventError), transaction_of_its_own():
        change("stock.available", now=now)
    # orders.return is declared to tell of orders.order.
    change("return.received", now=now)

    order.refresh_from_db()
    assert order.priority == 2


def test_an_event_of_an_inner_service_counts_for_the_outer(place, now):
    order = place()

    @service
    def outer(*, now):
        Order.objects.filter(pk=order.pk).update(priority=1)
        assert confirm_orders([order.pk], now=now).moved == [order.pk]

    outer(now=now)

    order.refresh_from_db()
    assert (order.priority, order.status) == (1, "CONFIRMED")


def test_settings_tell_the_database_who_why_and_when_and_end_with_the_block(actor, now):
    with transaction(now=now, reason="because"):
        inside = settings()
        assert current_unit().reason == "because"

    assert inside == (str(actor.user_id), actor.request_id, "because", now.isoformat(), "3s")


def test_settings_are_gone_after_commit(transactional_db, now):
    from backoffice.core.actor import acting_job

    with acting_job("system"):
        with transaction(now=now, reason="because"):
            pass
        # PostgreSQL keeps a custom setting's name, without its value.
        assert settings() == ("", "", "", "", "0")


def test_a_nested_block_has_its_own_time_and_reason_and_gives_back_the_outer(actor, now):
    later = now + timedelta(days=3)
    with transaction(now=now, reason="outer"):
        with transaction(now=later, reason="inner") as unit:
            assert (unit.now, unit.reason) == (later, "inner")
            assert settings()[2:4] == ("inner", later.isoformat())
        assert (current_unit().now, current_unit().reason) == (now, "outer")
        assert settings()[2:4] == ("outer", now.isoformat())
        with transaction(now=later):
            assert settings()[2:4] == ("outer", later.isoformat())
        assert settings()[2:4] == ("outer", now.isoformat())


def test_a_failed_nested_block_gives_back_the_outer_settings_too(actor, now):
    later = now + timedelta(days=3)
    with transaction(now=now, reason="outer"):
        with (
            pytest.raises(ValueError),
            transaction_of_its_own(),
            transaction(now=later, reason="inner"),
        ):
            raise ValueError
        assert (current_unit().now, current_unit().reason) == (now, "outer")
        assert settings()[2:4] == ("outer", now.isoformat())


def test_nobody_acts_without_saying_who(db, now):
    with pytest.raises(NoActorError):
        current_actor()
    with pytest.raises(NoActorError), transaction(now=now):
        pass
    with pytest.raises(RuntimeError, match="No service block is open"):
        current_unit()


def test_one_request_id_runs_through_events_and_history(place, now):
    order = place()

    with acting(order.created_by_id, request_id="req-1"):
        confirm_orders([order.pk], now=now, reason="checked by hand")

    event = Event.objects.get(kind="order.confirmed")
    record = order.history.first()
    assert (event.request_id, event.reason) == ("req-1", "checked by hand")
    assert (record.request_id, record.history_change_reason) == ("req-1", "checked by hand")
    assert (record.history_user_id, record.history_date) == (order.created_by_id, now)


@pytest.fixture
def two_orders(transactional_db, place):
    return place("1").pk, place("2").pk


def lock_crosswise(first, second, barrier, runs):
    """Lock two orders in the given order, waiting in between for the other thread."""

    @service
    def run(*, now):
        runs.append(first)
        with connection.cursor() as cursor:
            # The loser is found at once, and waiting for it is no lock timeout.
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [first])
            if runs.count(first) == 1:
                barrier.wait(10)
            cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [second])
        emit("order.noted", [Fact(first, first)])
        return "done"

    return run


def test_a_deadlock_is_retried_by_the_outermost_block(two_orders):

    a, b = two_orders
    barrier, runs = Barrier(2), []

    results = together(
        lambda: lock_crosswise(a, b, barrier, runs)(now=NOW),
        lambda: lock_crosswise(b, a, barrier, runs)(now=NOW),
    )

    assert results == ["done", "done"]
    assert len(runs) == 3
    # The retried attempt left one event, not two.
    assert Event.objects.filter(kind="order.noted").count() == 2


def test_an_inner_block_leaves_the_retry_to_the_outermost(two_orders):

    a, b = two_orders
    barrier, runs, outers = Barrier(2), [], []

    def nested(first, second):
        inner = lock_crosswise(first, second, barrier, runs)

        @service
        def outer(*, now):
            outers.append(first)
            return inner(now=now)

        return lambda: outer(now=NOW)

    assert together(nested(a, b), nested(b, a)) == ["done", "done"]
    # Each try of the inner one had a try of the outer one around it.
    assert (len(runs), len(outers)) == (3, 3)


def test_a_lock_timeout_is_not_retried(two_orders, monkeypatch):

    monkeypatch.setattr("backoffice.core.actor.LOCK_TIMEOUT", "100ms")
    order = two_orders[0]
    held, done = Flag(), Flag()
    calls = []

    def holder():
        with transaction(now=NOW), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order])
            held.set()
            done.wait(10)

    @service
    def wanting(*, now):
        calls.append(1)
        return release_orders([order], now=now)

    def waiter():
        held.wait(10)
        try:
            wanting(now=NOW)
        except OperationalError as error:
            return error.__cause__.sqlstate
        finally:
            done.set()

    assert together(holder, waiter)[1] == "55P03"
    assert calls == [1]
