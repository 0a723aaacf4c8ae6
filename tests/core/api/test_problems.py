import pytest
from django.test import Client

from backoffice.core.models import User
from orders.models import Order
from tests.core.test_idempotency import BODY

PROBLEM = "application/problem+json"


def problem(response):
    assert response["Content-Type"] == PROBLEM
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["type"].removeprefix("/problems/")


def test_a_problem_says_what_where_and_in_which_request(api):
    response = api("get", "orders/SO-99999999/")

    body = response.json()
    assert problem(response) == (404, "not_found")
    assert body["instance"] == "/api/v1/orders/SO-99999999/"
    assert body["request_id"] == response["X-Request-Id"]
    assert body["title"] == "Not found"


def test_nobody_gets_401_with_how_to_sign_in(db):
    response = Client().get("/api/v1/orders/")

    assert problem(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="backoffice"'


def test_a_bad_token_gets_401(api):
    response = api("get", "orders/", Authorization="Bearer bo_x_y")

    assert problem(response) == (401, "authentication_failed")
    assert response.json()["detail"] == "The token is unknown, expired or revoked."


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("get", "orders/", ["orders:write", "inventory:read"]),
        ("post", "orders/", ["orders:read"]),
        ("post", "orders/verbs/confirm/", ["orders:read"]),
        ("get", "customers/", []),
    ],
)
def test_a_missing_scope_gets_403(api, method, path, scopes):
    response = api(method, path, BODY if method == "post" else None, scopes=scopes)

    assert problem(response) == (403, "permission_denied")
    assert Order.objects.count() == 0


def test_staff_need_the_models_permission(db, client):
    user = User.objects.create(username="ada", is_staff=True)
    client.force_login(user)

    assert problem(client.get("/api/v1/orders/"))[0] == 403
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    assert client.get("/api/v1/orders/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_staff=False)
    assert problem(client.get("/api/v1/orders/"))[0] == 403


def test_staff_need_a_csrf_token_to_write(db):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create(username="ada", is_staff=True, is_superuser=True))

    response = client.post("/api/v1/orders/", BODY, content_type="application/json")

    assert problem(response)[0] == 403
    assert response.json()["detail"].startswith("CSRF Failed")


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("colour=red", "colour", "This filter is unknown."),
        ("status=", "status", "This filter is empty."),
        ("status=PAID", "status", None),
        ("total_min=many", "total_min", None),
        ("channel=nowhere", "channel", None),
    ],
)
def test_a_filter_that_is_unknown_empty_or_wrong_gets_400(api, query, field, detail):
    response = api("get", f"orders/?{query}")

    assert problem(response) == (400, "invalid")
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert detail is None or error["detail"] == detail


def test_all_invalid_fields_are_named(api):
    response = api("post", "orders/", BODY | {"lines": [{"quantity": 0}], "placed_at": "now"})

    assert problem(response) == (400, "invalid")
    assert {e["field"] for e in response.json()["errors"]} == {"lines.0.quantity", "placed_at"}


@pytest.mark.parametrize("body", ["{", "[]", '"text"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_gets_400(api, body):
    assert problem(api("post", "orders/", body))[0] == 400


def test_a_nul_byte_gets_400(api):
    in_body = api("post", "orders/", BODY | {"external_id": "a\x00b"})
    in_query = api("get", "orders/?number=a%00b")

    assert problem(in_body)[0] == 400
    assert problem(in_query)[0] == 400


@pytest.mark.parametrize("number", ["1", "abc", "SO-", "so-00000001", "%20"])
def test_a_number_that_is_none_gets_404(api, place, number):
    place()
    assert problem(api("get", f"orders/{number}/")) == (404, "not_found")


@pytest.mark.parametrize("pk", ["99999999999999999999999", "abc", "0", "-1"])
def test_an_id_that_cannot_be_gets_404(api, pk):
    assert problem(api("get", f"sales-channels/{pk}/")) == (404, "not_found")


def test_a_method_that_is_not_offered_gets_405(api, place):
    response = api("delete", f"orders/{place().order_number}/")

    assert problem(response) == (405, "method_not_allowed")
    assert Order.objects.count() == 1
