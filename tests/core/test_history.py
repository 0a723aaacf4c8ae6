import re

import pytest
from django.db import connection

from backoffice.core.actor import acting, service, transaction
from backoffice.core.events import Fact, emit
from backoffice.core.history import history_model, tracked_models, trigger_sql
from backoffice.core.models import Company, Currency, PersonalValue, User
from backoffice.core.sql import execute
from orders.models import Customer, Order, SalesChannel

BODY = re.compile(r'FUNCTION "(\w+)"\(\).*\$body\$(.*)\$body\$', re.DOTALL)


def last(row):
    record = row.history.first()
    return (
        record.history_type,
        record.history_user_id,
        record.history_change_reason,
        record.request_id,
        record.history_date,
    )


@pytest.mark.parametrize("how", ["update", "save", "raw"])
def test_each_way_of_changing_leaves_one_record(place, now, how):
    order = place()

    @service
    def change(*, now, reason):
        if how == "update":
            Order.objects.filter(pk=order.pk).update(priority=5)
        elif how == "save":
            order.priority = 5
            order.save(update_fields=["priority"])
        else:
            execute("UPDATE orders_order SET priority = 5 WHERE id = %s", [order.pk])
        emit("order.noted", [Fact(order.pk, order.pk)])

    with acting(order.created_by_id, request_id="req-7"):
        change(now=now, reason="urgent")

    assert order.history.count() == 2
    assert last(order) == ("~", order.created_by_id, "urgent", "req-7", now)
    assert [h.priority for h in order.history.all()] == [5, 0]


def test_bulk_create_leaves_one_record_for_each_row(actor, now):
    with transaction(now=now, reason="set up"):
        rows = Currency.objects.bulk_create(
            [Currency(code=code, name=code) for code in ("SEK", "NOK", "DKK")]
        )

    assert [r.history.count() for r in rows] == [1, 1, 1]
    assert last(rows[1]) == ("+", actor.user_id, "set up", actor.request_id, now)


def test_a_statement_over_many_rows_leaves_one_record_for_each(place, now):
    ids = [place(str(n)).pk for n in range(3)]

    @service
    def change(*, now):
        Order.objects.filter(pk__in=ids[:2]).update(priority=1)
        emit("order.noted", [Fact(i, i) for i in ids[:2]])

    change(now=now)

    counts = [Order.history.filter(id=i).count() for i in ids]
    assert counts == [2, 2, 1]


def test_deleting_is_recorded(actor, now):
    currency = Currency.objects.create(code="SEK", name="Krona")
    with transaction(now=now):
        Currency.objects.filter(pk="SEK").delete()

    types = Currency.history.filter(code=currency.code).values_list("history_type", flat=True)
    assert list(types) == ["-", "+"]


def test_changes_from_outside_of_services_are_recorded_without_an_actor(db):
    Company.objects.update(name="Renamed by hand")

    record = Company.objects.get().history.first()
    assert (record.name, record.history_user_id, record.request_id) == ("Renamed by hand", None, "")


def test_a_generated_column_is_recorded_as_it_was(place, now):
    order = place()

    record = order.history.get()

    assert (record.order_number, record.payment_status) == (order.order_number, "UNPAID")


def test_personal_columns_stay_out_of_history(db):
    names = {f.name for f in history_model(Customer)._meta.get_fields()}

    assert names.isdisjoint(Customer.personal_fields)
    assert {"source", "external_id", "country"} <= names
    assert {"password", "last_login"}.isdisjoint(
        f.name for f in history_model(User)._meta.get_fields()
    )


def test_a_sign_in_leaves_no_history_and_a_new_password_does(actor, now):
    user = User.objects.create_user("ada", password="x")
    User.objects.update(last_login=now, session_generation=5)
    assert user.history.count() == 1

    with transaction(now=now):
        user.set_password("y")
        user.save()
    User.objects.filter(pk=user.pk).update(first_name="Ada", last_login=None)

    assert [row.first_name for row in user.history.all()] == ["Ada", "", ""]
    assert not hasattr(user.history.first(), "password")


def test_earlier_personal_values_are_kept_apart_and_only_those_that_changed(place, now):
    customer = place().customer

    with transaction(now=now):
        Customer.objects.filter(pk=customer.pk).update(email="new@example.com", country="FR")
    with transaction(now=now):
        Customer.objects.filter(pk=customer.pk).update(country="DE")

    kept = PersonalValue.objects.get()
    assert (kept.subject_type, kept.subject_id) == ("orders.customer", customer.pk)
    assert (kept.changed_at, kept.values) == (now, {"email": "ada@example.com"})
    # History says that something changed, and not to what.
    assert customer.history.count() == 3


def test_nothing_personal_is_kept_while_erasing(place, now):
    customer = place().customer

    with transaction(now=now):
        execute("SELECT set_config('app.erasing', 'on', true)")
        Customer.objects.filter(pk=customer.pk).update(email="", name="")

    assert PersonalValue.objects.count() == 0


def test_the_triggers_in_the_database_are_those_of_the_models(db):
    models = tracked_models()
    assert {Order, Customer, SalesChannel, User} <= set(models)
    wanted = {}
    for model in models:
        for statement in trigger_sql(model):
            if found := BODY.search(statement):
                wanted[found[1]] = found[2]

    rows = execute(
        "SELECT proname, prosrc FROM pg_proc WHERE proname ~ '_(history|changed|personal)$'"
        " AND pronamespace = 'public'::regnamespace"
    )

    assert dict(rows) == wanted


def test_every_tracked_table_has_its_three_triggers(db):
    rows = execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
        " WHERE tgname ~ '^history_' ORDER BY 1, 2"
    )

    names = ("history_delete", "history_insert", "history_update")
    assert set(rows) == {(m._meta.db_table, name) for m in tracked_models() for name in names}


def test_tests_work_as_the_weak_role(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, pg_has_role('owner', 'member') FROM pg_roles"
            " WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("app", False, False)


def test_the_newest_rows_of_a_document_are_found_by_an_index(place):
    order = place()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT * FROM orders_historicalorder WHERE id = %s"
            " ORDER BY history_id DESC LIMIT 1",
            [order.pk],
        )
        plan = " ".join(row[0] for row in cursor.fetchall())

    assert "orders_historicalorder_of" in plan
