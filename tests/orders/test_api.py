import json

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.core.tokens import create_token
from orders.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db) -> Client:
    _token, text = create_token("shop", ["orders:read", "orders:write"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def order_json(external_id="A1", **changes):
    return {
        "channel": "web",
        "external_id": external_id,
        "placed_at": "2026-03-10T08:00:00Z",
        "customer": {"external_id": "c1", "name": "Ada"},
        "ship_to": {"country": "DE", "city": "Berlin"},
        "lines": [{"sku": "S-UNTRACKED", "quantity": 2, "unit_price": "11.90"}],
    } | changes


def post(api, url, data, **headers):
    return api.post(url, json.dumps(data), content_type="application/json", headers=headers)


def test_places_reads_and_moves_an_order(program, channel, service_sku):
    call = program(["orders:read", "orders:write"])
    made = call("orders_create", order_json())

    assert made.status_code == 201, made.content
    order = made.parsed
    assert (order.status, order.total_amount) == ("PENDING", "23.8000")
    detail = call("orders_retrieve", number=order.order_number)
    assert detail.headers["ETag"] == made.headers["ETag"] == '"0"'
    assert [line.quantity for line in detail.parsed.lines] == [2]
    moved = call("orders_confirm_create", number=order.order_number, if_match='"0"')
    assert (moved.json(), moved.headers["ETag"]) == (
        {"moved": [order.order_number], "blocked": {}},
        '"1"',
    )
    event_user = Order.objects.get().modified_by
    assert event_user.username.startswith("api:")


def test_a_blocked_verb_says_why(api, channel, service_sku):
    number = post(api, "/api/v1/orders/", order_json()).json()["order_number"]

    answer = post(api, f"/api/v1/orders/{number}/release/", {})

    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "Only possible in state Confirmed."


def test_a_stale_version_is_refused(api, channel, service_sku):
    number = post(api, "/api/v1/orders/", order_json()).json()["order_number"]

    answer = post(api, f"/api/v1/orders/{number}/confirm/", {}, **{"If-Match": '"7"'})

    assert answer.status_code == 412
    assert Order.objects.get().status == "PENDING"


def test_the_same_key_answers_the_same_and_works_once(api, channel, service_sku):
    first = post(api, "/api/v1/orders/", order_json(), **{"Idempotency-Key": "k1"})
    again = post(api, "/api/v1/orders/", order_json(), **{"Idempotency-Key": "k1"})
    other = post(api, "/api/v1/orders/", order_json("A2"), **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Order.objects.count() == 1


def test_bulk_answers_by_position(api, channel, service_sku):
    bad = order_json("B2", lines=[{"sku": "NO", "unit_price": "1"}])
    wrong = order_json("B3", placed_at="now")
    answer = post(api, "/api/v1/orders/bulk/", {"items": [order_json("B1"), bad, wrong]})
    again = post(api, "/api/v1/orders/bulk/", {"items": [order_json("B1")]})

    made, refused, invalid = answer.json()["results"]
    number = Order.objects.get().order_number
    assert made == {"status": "CREATED", "numbers": [number], "errors": []}
    assert (refused["status"], refused["numbers"]) == ("REFUSED", [])
    assert [e["detail"] for e in refused["errors"]] == ["Line 1: SKU 'NO' is unknown."]
    assert [(e["field"], e["code"]) for e in invalid["errors"]] == [("placed_at", "invalid")]
    assert again.json()["results"] == [made | {"status": "EXISTING"}]


@pytest.mark.parametrize(
    ("_case", "query", "field"),
    [
        ("unknown", "statuss=PENDING", "statuss"),
        ("bad value", "status=BOGUS", "status"),
        ("empty", "status=", "status"),
    ],
)
def test_a_bad_filter_never_selects_everything(api, place, _case, query, field):
    place()

    answer = api.get(f"/api/v1/orders/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_a_page_has_a_fixed_number_of_queries(api, place, django_assert_max_num_queries):
    for n in range(5):
        place(str(n))
    api.get("/api/v1/orders/")

    with django_assert_max_num_queries(4):
        answer = api.get("/api/v1/orders/")

    assert len(answer.json()["results"]) == 5


def test_scopes_and_tokens_are_checked(channel):
    _token, text = create_token("reader", ["orders:read"])
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    assert Client().get("/api/v1/orders/").status_code == 401
    assert (
        Client(headers={"Authorization": "Bearer bo_x_y"}).get("/api/v1/orders/").status_code == 401
    )
    assert reader.get("/api/v1/orders/").status_code == 200
    assert post(reader, "/api/v1/orders/", order_json()).status_code == 403
    _t, old = create_token("old", ["orders:read"], expires_at=timezone.now())
    assert (
        Client(headers={"Authorization": f"Bearer {old}"}).get("/api/v1/orders/").status_code == 401
    )


def test_nul_and_huge_numbers_are_bad_requests(api, channel, service_sku):
    nul = post(api, "/api/v1/orders/", order_json("A\x00"))
    huge = api.get("/api/v1/orders/?customer_id=99999999999999999999999999")

    assert nul.status_code == 400
    assert huge.status_code in (200, 400)


def test_the_schema_describes_itself(client):
    answer = client.get("/api/v1/schema/?format=json")

    assert answer.status_code == 200
    assert "/api/v1/orders/{number}/confirm/" in answer.json()["paths"]
