"""Personal data follow from what the models declare."""

import json

import pytest
from django.db import ProgrammingError
from django.db import transaction as django_transaction

from backoffice.core import checks, personal
from backoffice.core.actor import transaction
from backoffice.core.models import Address, OutboundMessage
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.personal import erase_rows, tell_rows
from backoffice.core.sql import execute
from orders.models import Customer, Note, Order
from orders.services.commands import AddressData, Change, EditOrder
from orders.services.edits import draft_edits
from orders.services.holds import place_holds, write_notes

SUBJECT = "orders.customer"
ADA = AddressData("DE", "Ada Byron", line1="Street 2", city="Bonn")


def erase(pk, now):
    with transaction(now=now):
        execute("SELECT set_config('app.erasing', 'on', true)")
        rows = erase_rows(SUBJECT, pk)
        execute("SELECT set_config('app.erasing', '', true), set_config('app.written', '', true)")
    return {table: n for table, n in rows.items() if n}


@pytest.fixture
def known(place, now):
    """A customer about whom something is known in every corner of orders."""
    order = place()
    place_holds([order.pk], now=now, reason="Ada asked to wait")
    write_notes([order.pk], now=now, text="Ada called")
    edit = EditOrder(order.pk, [Change("CHANGE_ADDRESS", address=ADA)], note="Ada moves")
    assert draft_edits([edit], now=now).refused == {}
    letters = [
        WriteMessage(f"{n}", "ada@example.com", body="Dear Ada", order_id=order.pk) for n in "12"
    ]
    with transaction(now=now):
        queue_messages(letters, now=now)
    OutboundMessage.objects.filter(dedupe_key="1").update(status="SENT")
    return order


def test_all_that_is_declared_is_erased_with_what_it_points_to(known, now):
    assert erase(known.customer_id, now) == {
        "orders_customer": 1,
        "core_address": 2,
        "orders_hold": 1,
        "orders_note": 1,
        "orders_orderedit": 1,
        "core_outboundmessage": 1,
    }
    told = tell_rows(SUBJECT, known.customer_id)
    queued = told.pop("core_outboundmessage")
    assert "Ada" not in json.dumps(told, default=str)
    assert [m["body"] for m in queued] == ["", "Dear Ada"]
    assert Order.objects.get().total_amount == known.total_amount


def test_all_that_is_declared_is_told(known):
    told = tell_rows(SUBJECT, known.customer_id)

    assert [n["text"] for n in told["orders_note"]] == ["Ada called"]
    assert [n["note"] for n in told["orders_hold"]] == ["Ada asked to wait"]
    assert [n["note"] for n in told["orders_orderedit"]] == ["Ada moves"]
    assert [a["city"] for a in told["core_address"]] == ["Berlin", "Bonn"]
    assert told["orders_customer"][0]["email"] == "ada@example.com"
    assert told["orders_order"][0]["order_number"] == known.order_number


def test_a_column_is_declared_in_one_place(known, now, monkeypatch):
    monkeypatch.setattr(Customer, "personal_fields", (*Customer.personal_fields, "country"))
    assert tell_rows(SUBJECT, known.customer_id)["orders_customer"][0]["country"] == "DE"

    erase(known.customer_id, now)

    assert Customer.objects.get().country == ""


def test_only_an_erasure_touches_an_append_only_note(known, now):
    for sql in ("UPDATE orders_note SET text = ''", "DELETE FROM orders_note"):
        with pytest.raises(ProgrammingError), django_transaction.atomic():
            execute(sql)
    with transaction(now=now):
        execute("SELECT set_config('app.erasing', 'on', true)")
        for sql in ("UPDATE orders_note SET author_id = 1", "DELETE FROM orders_note"):
            with pytest.raises(ProgrammingError), django_transaction.atomic():
                execute(sql)
    assert Note.objects.get().text == "Ada called"


def errors():
    return [(e.id, e.msg) for e in checks.check_personal_data(None)]


def test_what_looks_personal_is_declared(monkeypatch):
    assert errors() == []
    monkeypatch.setattr(Customer, "personal_fields", ("name", "email"))

    assert errors() == [("core.E006", "orders.Customer.phone looks personal and is not declared.")]


def test_whose_it_is_has_to_be_said(monkeypatch):
    holdings = [h for h in personal.HOLDINGS[SUBJECT] if h.model not in (Note, Order)]
    monkeypatch.setitem(personal.HOLDINGS, SUBJECT, holdings)

    assert errors() == [
        ("core.E006", "orders.Order.ship_to looks personal and is not declared."),
        ("core.E006", "orders.Order.bill_to looks personal and is not declared."),
        ("core.E008", "orders.Note has personal data and nobody says whose."),
    ]


def test_what_cannot_be_blank_is_no_personal_column(monkeypatch):
    monkeypatch.setattr(Address, "personal_fields", (*Address.personal_fields, "id"))

    assert ("core.E007", "core.Address.id cannot be blanked.") in errors()


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        *(("email", True), ("contact_phone", True), ("recipient", True), ("gift_note", True)),
        *(("billing_address", True), ("customer_name", True), ("text", True), ("birthday", True)),
        *(("status", False), ("subject_type", False), ("number", False), ("file_name", False)),
    ],
)
def test_words_that_mean_somebody(name, looks):
    assert bool(personal.TELLING.search(name)) is looks
