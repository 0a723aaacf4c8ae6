"""Many documents in one call: each is answered for, and the cost does not grow with them."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.core.tokens import create_token
from inventory.models import Location, PurchaseOrder, StockMove
from tests.fixtures.inventory import bins, level

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def post(db):
    _token, text = create_token("wms", ["inventory:read", "inventory:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def run(path, body):
        raw = json.dumps(body)
        return client.post(f"/api/v1/{path}/", raw, content_type="application/json")

    return run


def order_of(sku, **changes):
    line = {"sku": sku, "quantity": 4}
    return {"supplier": "SUP", "warehouse": "BER", "lines": [line]} | changes


def test_each_item_is_answered_for_in_its_place(post, new_sku, supply, house):
    supply(new_sku("A"))
    items = [order_of("NONE"), order_of("A"), order_of("A", lines=[]), order_of("A", supplier="X")]

    answer = post("purchase-orders/bulk", {"items": items})

    assert answer.status_code == 200, answer.content
    unknown, made, empty, nobody = answer.json()["results"]
    assert [e["code"] for e in unknown["errors"]] == ["blocked", "blocked"]
    assert made == {
        "status": "CREATED",
        "numbers": [PurchaseOrder.objects.get().number],
        "errors": [],
    }
    assert [(e["field"], e["code"]) for e in empty["errors"]] == [
        ("lines.non_field_errors", "empty")
    ]
    assert [e["detail"] for e in nobody["errors"]] == [
        "The supplier does not exist or is not active."
    ]


def test_a_thousand_items_take_as_many_queries_as_one(post, new_sku, supply, house):
    supply(new_sku("A"))
    with CaptureQueriesContext(connection) as one:
        post("purchase-orders/bulk", {"items": [order_of("A")]})

    with CaptureQueriesContext(connection) as many:
        answer = post("purchase-orders/bulk", {"items": [order_of("A")] * 300})

    assert [r["status"] for r in answer.json()["results"]] == ["CREATED"] * 300
    assert len(many) <= len(one)
    assert PurchaseOrder.objects.count() == 301


@pytest.mark.parametrize("items", [None, [], {}, "A", [{}] * 1001])
def test_one_to_a_thousand_items_are_taken(post, house, items):
    assert post("purchase-orders/bulk", {"items": items}).status_code == 400
    assert not PurchaseOrder.objects.exists()


def test_what_is_no_object_is_refused_by_itself(post, house):
    [result] = post("purchase-orders/bulk", {"items": [5]}).json()["results"]

    assert (result["status"], result["errors"][0]["code"]) == ("REFUSED", "invalid")


def test_units_move_from_bin_to_bin(post, goods, house):
    a = goods("A", 5)
    main = Location.objects.get(warehouse=house)
    shelf = Location.objects.create(warehouse=house, code="S1")
    move = {
        "sku": "A",
        "quantity": 2,
        "from_location_id": main.pk,
        "to_location_id": shelf.pk,
    }

    answer = post("stock-moves/transfers", {"transfers": [move], "reason": "nearer"})

    assert (answer.status_code, answer.json()) == (201, {"entries": 2})
    assert bins(a) == {("MAIN", ""): (3, 0), ("S1", ""): (2, 0)}
    assert level(a, house) == (5, 0, 5)
    more = post("stock-moves/transfers", {"transfers": [move | {"quantity": 9}], "reason": "x"})
    strange = post(
        "stock-moves/transfers", {"transfers": [move | {"lot_id": 10**9}], "reason": "x"}
    )
    nowhere = move | {"to_location_id": 10**9}
    lost = post("stock-moves/transfers", {"transfers": [nowhere], "reason": "x"})
    assert (more.status_code, strange.status_code, lost.status_code) == (409, 400, 400)
    assert StockMove.objects.filter(kind="TRANSFER").count() == 2
