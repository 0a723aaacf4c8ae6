import json
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client

from backoffice.core.tokens import create_token
from inventory.models import (
    PurchaseOrder,
    Receipt,
    ReplenishmentPolicy,
    Sku,
    StockLevel,
    StockMove,
)
from inventory.services.replenishment import propose_replenishment
from tests.fixtures.inventory import bring, level

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def api(db) -> Client:
    _token, text = create_token("wms", ["inventory:read", "inventory:write"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(api, url, data, **headers):
    return api.post(
        f"/api/v1/{url}/", json.dumps(data), content_type="application/json", headers=headers
    )


def adjust(api, **move):
    return post(api, "stock-moves", {"moves": [move], "reason": "counted"})


LISTS = [
    *("sellers", "products", "skus", "warehouses", "locations", "suppliers", "supplier-items"),
    *("replenishment-policies", "stock-levels", "bin-stock", "stock-moves", "reservations"),
    *("allocations", "lots", "purchase-orders", "receipts", "replenishment-proposals"),
]


@pytest.fixture
def everything(goods, house, supply, supplier, now):
    a = goods("A", 3)
    supply(a)
    ReplenishmentPolicy.objects.create(warehouse=house, sku=a, minimum=9)
    propose_replenishment(now=now)
    return a


@pytest.mark.parametrize("name", LISTS)
def test_every_list_answers(api, everything, name):
    answer = api.get(f"/api/v1/{name}/")

    assert answer.status_code == 200, answer.content
    assert "results" in answer.json()


def test_stock_is_read_by_code(api, goods, house):
    goods("A", 3)
    goods("B", 5)

    [row] = api.get("/api/v1/stock-levels/?sku=B&warehouse=BER").json()["results"]

    assert (row["sku"], row["on_hand"], row["available"]) == ("B", 5, 5)
    assert row["average_cost"] == "2.0000"
    assert api.get("/api/v1/stock-levels/?color=red").status_code == 400


def test_stock_is_told_for_an_instant(api, goods, house, now):
    a = goods("A", 3)
    goods("B", 1)
    bring(a, house, -2, at=now + timedelta(days=1))
    url = "/api/v1/stock-levels/as-of/?sku=A&at="

    [then] = api.get(f"{url}{quote(now.isoformat())}").json()["results"]
    [later] = api.get(f"{url}{quote((now + timedelta(days=1)).isoformat())}").json()["results"]

    assert then == {"sku": "A", "warehouse": "BER", "on_hand": 3}
    assert later["on_hand"] == 1
    assert len(api.get("/api/v1/stock-levels/as-of/").json()["results"]) == 2
    assert api.get(f"{url}yesterday").status_code == 400


def test_an_adjustment_goes_through_the_ledger(api, goods, house):
    a = goods("A", 3)

    answer = adjust(api, sku="A", warehouse="BER", quantity=-1)

    assert answer.status_code == 201, answer.content
    assert level(a, house) == (2, 0, 2)
    move = StockMove.objects.latest("pk")
    assert (move.kind, move.reason) == ("ADJUSTMENT", "counted")


@pytest.mark.parametrize(
    ("move", "status"),
    [
        ({"quantity": -4}, 409),
        ({"quantity": 0}, 400),
        ({"quantity": 1, "kind": "WRITE_OFF"}, 400),
        ({"quantity": 1, "kind": "RECEIPT"}, 400),
        ({"quantity": 1, "location_id": 999}, 400),
        ({"quantity": 1, "lot_id": 999}, 400),
        ({"quantity": 1, "unit_cost": "-1"}, 400),
        ({"quantity": 1, "sku": "NONE"}, 400),
    ],
)
def test_a_bad_adjustment_changes_nothing(api, goods, house, move, status):
    a = goods("A", 3)

    answer = adjust(api, **{"sku": "A", "warehouse": "BER"} | move)

    assert answer.status_code == status, answer.content
    assert level(a, house) == (3, 0, 3)


def test_a_purchase_order_from_draft_to_receipt(program, new_sku, supply, house):
    call = program(["inventory:read", "inventory:write"])
    supply(new_sku("A"), price="2.50")
    body = {"supplier": "SUP", "warehouse": "BER", "lines": [{"sku": "A", "quantity": 4}]}
    made = call("purchase_orders_create", body)
    assert made.status_code == 201, made.content
    order = made.parsed
    assert (order.status, order.total_amount) == ("DRAFT", "10.0000")
    goods = {
        "purchase_order": order.number,
        "lines": [{"line_id": order.lines[0].id, "quantity": 3}],
        "delivery_note": "D1",
    }

    assert call("receipts_create", goods).status_code == 409
    assert not Receipt.objects.exists()
    approved = call("purchase_orders_approve_create", number=order.number)
    assert approved.parsed.moved == [order.number]
    assert call("purchase_orders_send_create", number=order.number).status_code == 200
    first, again = call("receipts_create", goods), call("receipts_create", goods)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.parsed.purchase_order == order.number
    assert call("purchase_orders_receive_create", number=order.number).status_code == 200
    assert PurchaseOrder.objects.get().status == "RECEIVED"
    assert StockLevel.objects.get().on_hand == 4


def test_a_purchase_order_of_nothing_is_refused(api, new_sku, house, supplier):
    new_sku("A")

    answer = post(
        api,
        "purchase-orders",
        {"supplier": "SUP", "warehouse": "BER", "lines": [{"sku": "A", "quantity": 4}]},
    )

    assert answer.status_code == 409
    assert "no price" in answer.content.decode()
    assert not PurchaseOrder.objects.exists()


def test_proposals_are_approved_and_ordered_in_bulk(api, everything):
    [proposal] = api.get("/api/v1/replenishment-proposals/?status=PROPOSED").json()["results"]
    assert "The policy sets the reorder point: 9." in proposal["why"]
    ids = {"numbers": [proposal["number"]]}

    assert post(api, "replenishment-proposals/verbs/approve", ids).json()["moved"] == ids["numbers"]
    assert post(api, "replenishment-proposals/verbs/order", ids).json()["moved"] == ids["numbers"]
    assert post(api, f"replenishment-proposals/{proposal['number']}/reject", {}).status_code == 409
    assert PurchaseOrder.objects.count() == 1


def test_a_bin_keeps_its_kind(api, goods, house):
    goods("A", 3)
    [row] = api.get("/api/v1/locations/?warehouse=BER").json()["results"]
    url = f"/api/v1/locations/{row['id']}/"
    tag = api.get(url)["ETag"]

    answer = api.patch(
        url,
        json.dumps({"kind": "QUARANTINE"}),
        content_type="application/json",
        headers={"If-Match": tag},
    )

    assert answer.status_code == 400
    assert "create another" in answer.content.decode()


def test_master_data_is_created_and_edited(api, new_sku):
    new_sku("A")
    made = post(api, "skus", {"code": "N", "name": "New", "product": "P-INV", "weight_grams": 120})
    assert made.status_code == 201, made.content
    assert Sku.objects.get(code="N").weight_grams == 120


def test_without_the_scope_nothing_is_done(db, goods, house):
    a = goods("A", 3)
    _token, text = create_token("reader", ["inventory:read"])
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    assert reader.get("/api/v1/stock-levels/").status_code == 200
    assert adjust(reader, sku="A", warehouse="BER", quantity=1).status_code == 403
    assert level(a, house) == (3, 0, 3)
