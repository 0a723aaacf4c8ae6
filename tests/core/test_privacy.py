import json
from decimal import Decimal

import pytest

from backoffice.core import extensions
from backoffice.core.actor import acting, service
from backoffice.core.approvals import approve_approvals
from backoffice.core.models import Address, Approval, Event, PersonalValue, User
from backoffice.core.privacy import carry_out_erasures, request_erasures
from orders.models import Customer
from orders.privacy import STILL_OPEN
from orders.services.lifecycle import cancel_orders
from support.models import Message, Ticket
from support.services.commands import OpenTicket
from support.services.opening import open_tickets


@pytest.fixture
def customer(db):
    found = Customer.objects.create(
        source="web", external_id="c1", name="Ada", email="ada@example.com", phone="1"
    )
    Customer.objects.filter(pk=found.pk).update(name="Ada Lovelace")
    return found


@pytest.fixture
def people(db):
    return [User.objects.create(username=n, is_superuser=True) for n in ("asker", "checker")]


def personal(customer):
    customer.refresh_from_db()
    return customer.name, customer.email, customer.phone


def request(people, customer, now):
    with acting(people[0].pk):
        return request_erasures("orders.customer", [customer.pk], now=now, reason="asked by mail")


def test_erasing_waits_for_a_second_person(people, customer, now, drain):
    assert request(people, customer, now).moved == [customer.pk]
    assert personal(customer) == ("Ada Lovelace", "ada@example.com", "1")
    assert PersonalValue.objects.filter(subject_id=customer.pk).count() == 1

    approval = Approval.objects.get()
    assert (approval.kind, approval.note) == ("core.erasure", "asked by mail")
    with acting(people[1].pk):
        assert approve_approvals([approval.pk], now=now).moved == [approval.pk]
    drain()

    assert personal(customer) == ("", "", "")
    assert not PersonalValue.objects.filter(subject_id=customer.pk).exists()
    event = Event.objects.get(kind="personal_data.erased")
    assert (event.subject_type, event.subject_id) == ("core.approval", approval.pk)
    assert event.data["rows"]["orders_customer"] == 1


def test_without_an_approval_nothing_is_erased(people, customer, now):
    request(people, customer, now)

    with acting(people[0].pk):
        assert carry_out_erasures([Approval.objects.get().pk], now=now) == {}

    assert personal(customer) == ("Ada Lovelace", "ada@example.com", "1")


def test_a_floor_can_keep_what_it_still_needs(people, customer, now, monkeypatch):
    key = ("orders.customer", "erase")
    keep = lambda ids, verb: {i: ["still needed"] for i in ids}  # noqa: E731
    monkeypatch.setitem(extensions._blockers, key, [keep])

    assert request(people, customer, now).blocked == {customer.pk: ["still needed"]}
    assert not Approval.objects.exists()


def test_a_customer_of_open_orders_stays(people, place, now):
    order = place()

    outcome = request(people, order.customer, now)

    assert outcome.blocked == {order.customer_id: [STILL_OPEN]}
    assert not Approval.objects.exists()


def test_all_floors_forget_and_the_documents_stay(people, place, now, drain, proven):
    order = place()
    assert cancel_orders([order.pk], now=now).moved == [order.pk]
    asked = OpenTicket("Ada asks", "I am Ada.", customer_id=order.customer_id)
    ticket = open_tickets([asked], now=now).created[0]
    drain()
    request(people, order.customer, now)
    with acting(people[1].pk):
        approve_approvals([Approval.objects.get().pk], now=now)
    drain()

    order.refresh_from_db()
    address = order.ship_to
    assert (order.status, order.total_amount) == ("CANCELLED", Decimal("23.80"))
    assert (address.recipient, address.line1, address.city) == ("", "", "Berlin")
    assert Ticket.objects.get(pk=ticket).subject == ""
    words = json.dumps(
        [list(m.objects.values()) for m in (Customer, Address, Ticket, Message, PersonalValue)],
        default=str,
    )
    assert "Ada" not in words


@service
def rename(customer_id, *, now):
    Customer.objects.filter(pk=customer_id).update(name="Again")


def test_after_an_erasing_values_are_kept_again(people, customer, now, drain):
    request(people, customer, now)
    with acting(people[1].pk):
        approve_approvals([Approval.objects.get().pk], now=now)
    drain()

    with acting(people[0].pk):
        Customer.objects.filter(pk=customer.pk).update(name="New")
        rename(customer.pk, now=now)

    values = PersonalValue.objects.filter(subject_id=customer.pk).order_by("pk")
    assert list(values.values_list("values", flat=True)) == [{"name": ""}, {"name": "New"}]
