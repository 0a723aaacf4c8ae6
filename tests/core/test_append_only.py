import pytest
from django.db import ProgrammingError, transaction

from backoffice.core.database import append_only_models
from backoffice.core.history import history_model, tracked_models
from backoffice.core.models import Event
from backoffice.core.personal import personal_fields
from backoffice.core.sql import execute
from orders.models import Note, Order

TABLES = sorted(m._meta.db_table for m in append_only_models())
HISTORY = sorted(history_model(m)._meta.db_table for m in tracked_models())
DENIED = "42501"


def refused(sql: str) -> str:
    """Run a statement that has to fail; return its SQLSTATE."""
    with pytest.raises(ProgrammingError) as error, transaction.atomic():
        execute(sql)
    return error.value.__cause__.sqlstate


def existing(tables):
    return [t for t in tables if execute("SELECT to_regclass(%s)", [t])[0][0]]


def first_column(table):
    sql = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1"
    return execute(sql, [table])[0][0]


def test_the_log_and_the_notes_are_among_them():
    assert {"core_event", "orders_note"} <= set(TABLES)
    assert "orders_historicalorder" in HISTORY


@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"]
)
def test_what_is_append_only_refuses_the_app(db, statement):
    tables = existing(TABLES + HISTORY)

    answers = {t: refused(statement.format(t, first_column(t))) for t in tables}

    assert answers == dict.fromkeys(tables, DENIED)


def test_history_refuses_rows_that_no_trigger_writes(db):
    for table in existing(HISTORY):
        assert refused(f"INSERT INTO {table} DEFAULT VALUES") == DENIED, table


def test_no_row_of_them_can_be_locked(db):
    # Whoever may erase words of a row may lock it.
    erasable = {m._meta.db_table for m in append_only_models() if personal_fields(m)}
    for table in existing(sorted(set(TABLES) - erasable)):
        assert refused(f"SELECT 1 FROM {table} FOR UPDATE") == DENIED, table


def test_even_the_owner_is_stopped_by_the_trigger(superuser_connection):
    for sql in (
        "UPDATE core_event SET kind = 'x'",
        "DELETE FROM core_event",
        "TRUNCATE orders_note",
    ):
        with pytest.raises(Exception, match="is append-only") as error:
            superuser_connection.execute(sql)
        assert error.value.sqlstate == DENIED


def test_the_refused_rows_are_unchanged(place):
    order = place()
    event = Event.objects.get()

    refused("UPDATE core_event SET kind = 'order.cancelled'")
    refused("DELETE FROM orders_historicalorder")

    assert Event.objects.get().kind == event.kind == "order.placed"
    assert order.history.count() == 1


def test_django_is_refused_as_well(place, actor, now):
    order = place()
    note = Note.objects.create(order=order, text="first", author_id=actor.user_id)

    with pytest.raises(ProgrammingError), transaction.atomic():
        Note.objects.filter(pk=note.pk).update(text="second")
    with pytest.raises(ProgrammingError), transaction.atomic():
        note.delete()

    assert Note.objects.get().text == "first"


def test_the_app_owns_no_table_and_makes_none(db):
    owned = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = 'app'"
    assert execute(owned) == [(0,)]
    assert refused("CREATE TABLE mine (id int)") == DENIED
    assert Order.objects.count() == 0
