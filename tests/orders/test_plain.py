"""`/order/<order number>`, as existing integrations call it."""

import json
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.core.actor import acting
from backoffice.core.approvals import approve_approvals
from backoffice.core.models import Approval, ApprovalPolicy, Event, IdempotencyKey, User
from backoffice.core.tokens import create_token
from orders.models import Order, OrderEdit
from orders.services.holds import place_holds
from orders.services.lifecycle import confirm_orders, release_orders
from tests.fixtures.core import together

pytestmark = pytest.mark.usefixtures("proven")
UPDATED = {"message": "Order updated"}


@pytest.fixture
def token(db):
    return create_token("erp", ["orders:read", "orders:write"])


@pytest.fixture
def api(token):
    return Client(headers={"Authorization": f"Bearer {token[1]}"})


@pytest.fixture
def free(db):
    return ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=10)


def url(order, slash=""):
    return f"/order/{order.order_number}{slash}"


def put(client, order, body, slash="", **headers):
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(url(order, slash), data, content_type="application/json", headers=headers)


def state(order):
    order.refresh_from_db()
    return order.status, str(order.total_amount), order.version


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_order_is_read(api, place, slash):
    order = place()

    answer = api.get(url(order, slash))

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == {
        "order": {
            "order_number": order.order_number,
            "order_date": "2026-03-10",
            "total_amount": "23.80",
            "status": "PENDING",
            "created_by": "job:system",
            "modified_by": "job:system",
            "updated_at": "2026-03-10T08:00:00Z",
        }
    }


@pytest.mark.parametrize("method", ["get", "put"])
def test_an_unknown_order_is_not_found(api, method):
    answer = api.generic(method.upper(), "/order/SO-99999999", '{"status": "CONFIRMED"}')
    if method == "put":
        answer = api.put("/order/SO-99999999", "{}", content_type="application/json")

    assert (answer.status_code, answer.json()) == (404, {"error": "Order not found"})


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_total_and_a_status_are_set_in_one_transaction(api, token, place, free, slash):
    order = place()
    body = {"total_amount": "20.00", "status": "CONFIRMED", "modified_by": "somebody else"}

    answer = put(api, order, body, slash)

    assert (answer.status_code, answer.json()) == (200, UPDATED)
    assert state(order) == ("CONFIRMED", "20.0000", 2)
    assert order.modified_by == token[0].user
    line = order.lines.order_by("-position").first()
    assert (line.kind, line.gross_amount, line.tax_amount) == (
        "DISCOUNT",
        Decimal("-3.80"),
        Decimal("-0.61"),
    )
    assert api.get(url(order)).json()["order"]["modified_by"] == token[0].user.username
    kinds = Event.objects.filter(order_id=order.pk).order_by("pk").values_list("kind", flat=True)
    assert list(kinds)[1:] == [
        *("order_edit.drafted", "order.edited", "order_edit.committed", "order.confirmed")
    ]


@pytest.mark.parametrize(
    ("raw", "total"),
    [
        ('{"total_amount": 23.8}', "23.8000"),
        ('{"total_amount": 24}', "24.0000"),
        ('{"total_amount": 24.10}', "24.1000"),
        ('{"total_amount": 2.5e1}', "25.0000"),
        ('{"total_amount": "24.1000"}', "24.1000"),
        ('{"total_amount": 0}', "0.0000"),
    ],
)
def test_exact_numbers_are_amounts_too(api, place, raw, total):
    ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=100)
    order = place()

    assert put(api, order, raw).json() == UPDATED

    assert state(order)[1] == total


def test_what_is_so_already_is_fine_and_leaves_no_trace(api, place):
    order = place()
    whole = api.get(url(order)).json()["order"]

    assert put(api, order, whole).json() == UPDATED

    assert state(order) == ("PENDING", "23.8000", 0)
    assert (order.modified_by.username, OrderEdit.objects.count()) == ("job:system", 0)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "Send an object with total_amount, status or both."),
        ("{", "The body is no JSON"),
        ('{"total_amount": NaN}', "The body is no JSON: NaN."),
        (b"\xff", "The body is no JSON"),
        ("[" * 100_000, "The body is no JSON"),
        ([], "Send an object with total_amount, status or both."),
        ({}, "Send an object with total_amount, status or both."),
        ({"modified_by": "x"}, "Send an object with total_amount, status or both."),
        ({"status": "CONFIRMED", "totl": 1}, "Unknown: totl. Send total_amount, status or both."),
        ({"status": "confirmed"}, "status has to be one of PENDING, CONFIRMED, RELEASED,"),
        ({"status": ""}, "status has to be one of"),
        ({"status": ["CONFIRMED"]}, "status has to be one of"),
        ({"status": None}, "status has to be one of"),
        ({"total_amount": None}, 'total_amount has to be a decimal, such as "19.90".'),
        ({"total_amount": True}, "total_amount has to be a decimal"),
        ({"total_amount": "1,5"}, "total_amount has to be a decimal"),
        ({"total_amount": "1e2"}, "total_amount has to be a decimal"),
        ({"total_amount": " 1"}, "total_amount has to be a decimal"),
        ({"total_amount": "٣"}, "total_amount has to be a decimal"),
        ({"total_amount": 10**20}, "total_amount has to be a decimal"),
        ('{"total_amount": 1e999999}', "total_amount has to be a decimal"),
        ('{"total_amount": 1e-999999}', "total_amount has to be a decimal"),
        ({"total_amount": "-0.01"}, "total_amount must not be negative."),
        ({"total_amount": "1.001"}, "total_amount has more digits than EUR knows."),
        ('{"total_amount": 23.80000000000000071}', "total_amount has to be a decimal"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(api, place, body, error):
    order = place()

    answer = put(api, order, body)

    assert answer.status_code == 400, answer.content
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].startswith(error)
    assert state(order) == ("PENDING", "23.8000", 0)


def test_what_no_single_step_leads_to_is_refused(api, place):
    order = place()

    answer = put(api, order, {"status": "RELEASED"})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "No single step leads from Pending to Released."},
    )


def test_a_guard_that_refuses_undoes_the_total_as_well(api, place, free, now):
    order = place()
    place_holds([order.pk], now=now)

    answer = put(api, order, {"total_amount": "20", "status": "CONFIRMED"})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "The order is on hold: release its holds first."},
    )
    assert state(order) == ("PENDING", "23.8000", 1)
    assert not OrderEdit.objects.exists()


def test_a_released_order_keeps_its_total(api, place, free, now):
    order = place()
    confirm_orders([order.pk], now=now)
    release_orders([order.pk], now=now)

    answer = put(api, order, {"total_amount": "20"})

    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "Only possible in state Pending / Confirmed."},
    )


def test_above_the_threshold_it_waits_and_nothing_else_is_done(api, place, free, drain, now):
    order = place()
    body = {"total_amount": "5.00", "status": "CONFIRMED"}

    first = put(api, order, body)
    again = put(api, order, body)
    other = put(api, order, {"total_amount": "6.00"})

    edit = OrderEdit.objects.get(status="PROPOSED")
    waits = {"message": "Order update waits for approval", "order_edit": edit.number}
    assert [(a.status_code, a.json()) for a in (first, again)] == [(202, waits)] * 2
    assert (other.status_code, other.json()) == (
        409,
        {"error": "Another edit of this order waits for approval: decide it first."},
    )
    assert state(order) == ("PENDING", "23.8000", 0)
    boss = User.objects.create(username="boss", is_superuser=True)
    with acting(boss.pk):
        approve_approvals([Approval.objects.get().pk], now=now)
    drain()
    assert state(order) == ("PENDING", "5.0000", 1)
    assert put(api, order, body).json() == UPDATED
    assert state(order)[0] == "CONFIRMED"


def test_an_impossible_status_is_refused_even_where_the_total_would_wait(api, place):
    order = place()

    assert put(api, order, {"total_amount": "5", "status": "COMPLETED"}).status_code == 409
    assert not OrderEdit.objects.exists()


def test_a_key_does_it_once(api, place, free):
    order = place()
    body = {"total_amount": "20.00"}

    first = put(api, order, body, Idempotency_Key="k1")
    put(api, order, {"total_amount": "21.00"})
    again = put(api, order, body, Idempotency_Key="k1")
    other = put(api, order, {"total_amount": "22.00"}, Idempotency_Key="k1")

    assert (first.json(), again.json(), again["Idempotency-Replayed"]) == (UPDATED, UPDATED, "true")
    assert (other.status_code, list(other.json())) == (422, ["error"])
    assert state(order)[1] == "21.0000"
    refused = [put(api, order, {"status": "COMPLETED"}, Idempotency_Key="k2") for _ in "ab"]
    assert [(a.status_code, a["Content-Type"]) for a in refused] == [(409, "application/json")] * 2
    assert refused[0].json() == refused[1].json()
    assert IdempotencyKey.objects.count() == 2


def test_two_calls_at_once_are_one_after_the_other(transactional_db, api, place, free):
    order = place()

    answers = together(*[lambda: put(api, order, {"total_amount": "20.00"})] * 2)

    assert [a.status_code for a in answers] == [200, 200]
    assert state(order)[1] == "20.0000"
    assert OrderEdit.objects.filter(status="COMMITTED").count() == 1


def test_tokens_need_their_scope(place):
    order = place()
    _token, text = create_token("reader", ["orders:read"])
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    nobody = Client().get(url(order))
    assert (nobody.status_code, list(nobody.json())) == (401, ["error"])
    assert nobody["WWW-Authenticate"] == 'Bearer realm="backoffice"'
    assert reader.get(url(order)).status_code == 200
    assert put(reader, order, {"status": "CONFIRMED"}).status_code == 403


def test_staff_need_the_permission_of_what_is_done(place, free):
    order = place()
    clerk = User.objects.create(username="clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.get(url(order)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    assert client.get(url(order)).status_code == 200

    for body in ({"total_amount": "20"}, {"status": "CONFIRMED"}):
        answer = put(client, order, body)
        assert (answer.status_code, answer.json()) == (
            409,
            {"error": "You lack the permission for this."},
        )
    clerk.user_permissions.add(Permission.objects.get(codename="edit_order"))
    clerk.user_permissions.add(Permission.objects.get(codename="confirm_order"))
    assert put(client, order, {"total_amount": "20", "status": "CONFIRMED"}).json() == UPDATED
    assert (state(order)[0], order.modified_by) == ("CONFIRMED", clerk)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk)
    assert put(strict, order, {"status": "CANCELLED"}).status_code == 403


def test_other_methods_and_types_are_refused_in_the_same_form(api, place):
    order = place()

    deleted = api.delete(url(order))
    form = api.put(url(order), "status=CONFIRMED", content_type="text/plain")

    assert (deleted.status_code, list(deleted.json())) == (405, ["error"])
    assert (form.status_code, list(form.json())) == (415, ["error"])
    assert Order.objects.get().version == 0


def test_it_is_described_once(client):
    paths = client.get("/api/v1/schema/?format=json").json()["paths"]

    assert [p for p in paths if p.startswith("/order/")] == ["/order/{number}"]
    assert sorted(paths["/order/{number}"]) == ["get", "put"]
    assert "202" in paths["/order/{number}"]["put"]["responses"]
