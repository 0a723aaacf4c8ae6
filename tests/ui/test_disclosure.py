import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from backoffice.core.actor import acting, transaction
from backoffice.core.approvals import approve_approvals
from backoffice.core.models import Address, Approval, User
from backoffice.core.personal import erase_rows
from backoffice.core.privacy import disclose_subject, request_erasures
from backoffice.core.sql import execute
from orders.models import Customer
from orders.services.commands import AddressData, Change, CustomerData, EditOrder
from orders.services.edits import commit_edits, draft_edits
from orders.services.lifecycle import cancel_orders
from support.services.commands import OpenTicket
from support.services.opening import open_tickets

URL = "/admin/orders/customer/"


def take(client, *customers):
    data = {"action": "disclose", "_selected_action": [c.pk for c in customers]}
    return client.post(URL, data, follow=True)


def test_every_floor_tells_what_it_knows(admin_client, place, now):
    order = place()
    customer = order.customer
    other = place("2", customer=CustomerData("c2", "Bob", "bob@example.com"))
    with transaction(now=now):
        Customer.objects.filter(pk=customer.pk).update(email="new@example.com")
    command = OpenTicket(
        "Where is it?",
        "I wait.",
        order_id=order.pk,
        customer_id=customer.pk,
        requester_email="ada@example.com",
    )
    open_tickets([command], now=now)

    response = take(admin_client, customer)

    assert response["Content-Disposition"] == f'attachment; filename="customer-{customer.pk}.json"'
    known = response.json()["known"]
    assert known["orders_customer"][0]["email"] == "new@example.com"
    assert known["core_personalvalue"][0]["values"] == {"email": "ada@example.com"}
    assert [o["order_number"] for o in known["orders_order"]] == [order.order_number]
    assert [a["line1"] for a in known["core_address"]] == ["Street 1"]
    assert [t["subject"] for t in known["support_ticket"]] == ["Where is it?"]
    assert [m["body"] for m in known["support_message"]] == ["I wait."]
    assert other.order_number not in response.content.decode()
    assert LogEntry.objects.get().change_message == "Personal data as a file"


def test_it_is_for_one_person_at_a_time(admin_client, place):
    one = place().customer
    two = place("2", customer=CustomerData("c2", "Bob")).customer

    page = take(admin_client, one, two).content.decode()

    assert "Choose one row: the file is for one person." in page
    assert LogEntry.objects.count() == 0


def test_who_may_only_look_is_not_offered_it(client, place):
    customer = place().customer
    user = User.objects.create(username="ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client.force_login(user)

    assert "Personal data as a file" not in client.get(URL).content.decode()
    assert "attachment" not in take(client, customer).get("Content-Disposition", "")


@pytest.mark.usefixtures("actor")
def test_of_a_stranger_nothing_is_known():
    known = disclose_subject("orders.customer", 10**12)

    assert {table for table, rows in known.items() if rows} == set()


def test_erasing_blanks_the_name_in_the_admins_log_as_well(admin_client, place, now, drain):
    order = place()
    take(admin_client, order.customer)
    assert LogEntry.objects.get().object_repr == "Ada Lovelace"
    cancel_orders([order.pk], now=now)
    people = [User.objects.create(username=n, is_superuser=True) for n in ("asker", "checker")]
    with acting(people[0].pk):
        request_erasures("orders.customer", [order.customer_id], now=now, reason="asked")
    with acting(people[1].pk):
        approve_approvals(list(Approval.objects.values_list("pk", flat=True)), now=now)

    drain()

    assert LogEntry.objects.get().object_repr == ""
    assert Customer.objects.get().name == ""


def test_addresses_of_edits_are_told_and_erased(admin_client, place, now):
    order = place()
    command = EditOrder(order.pk, [Change("CHANGE_ADDRESS", address=AddressData("DE", "Ada King"))])
    with transaction(now=now):
        commit_edits(list(draft_edits([command], now=now).created.values()), now=now)

    known = take(admin_client, order.customer).json()["known"]["core_address"]
    assert [a["recipient"] for a in known] == ["Ada Lovelace", "Ada King"]

    with transaction(now=now):
        erase_rows("orders.customer", order.customer_id)
        execute("SELECT set_config('app.written', '', true)")
    assert set(Address.objects.values_list("recipient", "line1")) == {("", "")}
