"""Parcels and delivery exceptions made by programs."""

import json

import pytest
from django.test import Client

from backoffice.core.tokens import create_token
from logistics.models import DeliveryException, Parcel

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def post(db):
    _token, text = create_token("warehouse", ["logistics:read", "logistics:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def run(path, body):
        raw = json.dumps(body)
        return client.post(f"/api/v1/{path}/", raw, content_type="application/json")

    return run


def test_a_shipment_is_packed_once_however_often_it_is_named(post, ordered, warehouse):
    order = ordered(units=2)
    warehouse.release(order)
    shipments = warehouse.plan(order)
    warehouse.pick(*shipments)
    item = {"shipment": shipments[0].number, "parcels": [{"tracking_number": "X1"}]}

    done = post("parcels/bulk", {"items": [item, item, item | {"shipment": "SH-0"}]})

    made, twice, unknown = done.json()["results"]
    parcel = Parcel.objects.get()
    assert (made["status"], made["numbers"]) == ("CREATED", [parcel.number])
    assert twice["errors"][0]["detail"] == "The shipment is named twice."
    assert unknown["status"] == "REFUSED"
    packed = post("parcels", item)
    assert packed.status_code == 409
    assert Parcel.objects.count() == 1


def test_an_unknown_account_is_refused(post, ordered, warehouse):
    order = ordered(units=2)
    warehouse.release(order)
    shipments = warehouse.plan(order)
    warehouse.pick(*shipments)

    answer = post("parcels", {"shipment": shipments[0].number, "parcels": [{"account": "none"}]})

    assert answer.status_code == 409
    assert answer.json()["detail"] == "There is no such carrier account in use."


def test_a_problem_is_open_once(post, ordered, warehouse):
    (parcel,) = warehouse.send(ordered())
    item = {"parcel": parcel.number, "kind": "DAMAGED", "detail": "wet"}

    first = post("delivery-exceptions", item)
    again = post("delivery-exceptions", item)
    bulk = post("delivery-exceptions/bulk", {"items": [item, item | {"parcel": "PA-0"}]})

    assert (first.status_code, again.status_code) == (201, 200)
    number = DeliveryException.objects.get().number
    assert first.json()["number"] == again.json()["number"] == number
    assert [r["status"] for r in bulk.json()["results"]] == ["EXISTING", "REFUSED"]
