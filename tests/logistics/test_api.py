import json

import pytest
from django.test import Client

from backoffice.core.tokens import create_token
from logistics.models import CarrierAccount, Parcel, PickLine, Shipment

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def api(db) -> Client:
    scopes = ["logistics:read", "logistics:write"]
    _token, text = create_token("warehouse", scopes)
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(api, url, data=None, **headers):
    raw = json.dumps(data or {})
    return api.post(f"/api/v1/{url}", raw, content_type="application/json", headers=headers)


def test_a_shipment_is_worked_through_by_a_program(program, ordered, warehouse):
    call = program(["logistics:read", "logistics:write"])
    order = ordered(units=3)
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)

    listed = call("shipments_list", order_id=order.pk, status=["PLANNED"]).parsed.results
    assert [(s.number, s.order, s.warehouse) for s in listed] == [
        (shipment.number, order.order_number, "W1")
    ]
    assert call("shipments_pick_create", number=shipment.number).status_code == 200
    (pick_list,) = call("pick_lists_list", status=["OPEN"]).parsed.results
    (line,) = pick_list.lines
    assert (line.sku, line.quantity, line.picked) == ("A", 3, None)
    found = {"picked": {str(line.id): 3}}
    assert call("pick_lists_confirm_create", found, number=pick_list.number).status_code == 200
    lines = {str(shipment.lines.get().pk): 3}
    body = {
        "shipment": shipment.number,
        "parcels": [{"lines": lines, "tracking_number": "API-1"}],
    }
    answer = call("parcels_create", body)
    assert answer.status_code == 201, answer.content
    (parcel,) = answer.parsed
    assert (parcel.status, parcel.order) == ("LABELLED", order.order_number)
    seen = f'"{parcel.version}"'
    shipped = call("parcels_ship_create", number=parcel.number, if_match=seen)
    assert shipped.parsed.moved == [parcel.number]
    scan = {
        "account": "sandbox",
        "tracking_number": "API-1",
        "occurred_at": "2026-03-12T10:00:00Z",
        "status": "DELIVERED",
    }
    scans = {"scans": [scan, scan | {"tracking_number": "X"}]}
    done = call("parcels_scans_create", scans).json()
    assert (done["new"], done["moved"], list(done["refused"])) == (1, [parcel.number], ["1"])
    detail = call("parcels_retrieve", number=parcel.number).parsed
    assert (detail.status, len(detail.scans)) == ("DELIVERED", 1)
    order.refresh_from_db()
    assert order.fulfilment_status == "DELIVERED"


def test_a_blocked_verb_says_why(api, ordered, warehouse):
    order = ordered()
    warehouse.release(order)
    (shipment,) = warehouse.plan(order)
    answer = post(api, f"shipments/{shipment.number}/pack/")
    assert answer.status_code == 409
    assert "not picked" in answer.json()["detail"]
    assert Shipment.objects.get().status == "PLANNED"


@pytest.mark.parametrize(
    "picked", [{"x": 1}, {"1": -1}, {"99999999999999999999": 1}, {"1": "many"}, [1]]
)
def test_bad_picks_are_refused(api, ordered, warehouse, picked):
    order = ordered()
    warehouse.release(order)
    post(api, f"shipments/{warehouse.plan(order)[0].number}/pick/")
    line = PickLine.objects.get()
    answer = post(api, f"pick-lists/{line.pick_list.number}/confirm/", {"picked": picked})
    assert answer.status_code == 400
    line.refresh_from_db()
    assert line.picked is None


def test_secrets_are_written_and_never_read(api, carrier_account):
    url = f"/api/v1/carrier-accounts/{carrier_account.pk}/"
    answer = api.get(url)
    assert "whsec" not in answer.content.decode()
    changed = api.patch(
        url,
        json.dumps({"webhook_secret": "new"}),
        content_type="application/json",
        headers={"If-Match": answer["ETag"]},
    )
    assert changed.status_code == 200, changed.content
    account = CarrierAccount.objects.get()
    assert (account.webhook_secret, account.previous_webhook_secret) == ("new", "whsec")
    assert account.previous_webhook_secret_until is not None


def test_a_page_has_a_fixed_number_of_queries(
    api, ordered, warehouse, django_assert_max_num_queries
):
    warehouse.send(*[ordered(units=1, external_id=str(n)) for n in range(5)])
    for path in ("shipments", "parcels", "pick-lists", "delivery-exceptions"):
        with django_assert_max_num_queries(14):
            assert api.get(f"/api/v1/{path}/").status_code == 200
    assert Parcel.objects.count() == 5


def test_a_parcel_is_given_its_number(api, place, warehouse):
    order = place()
    warehouse.release(order)
    [parcel] = warehouse.pack(*warehouse.plan(order), label=False)
    parcel.label_request.delete()
    CarrierAccount.objects.update(adapter="manual")
    url = f"parcels/{parcel.number}/enter-number/"

    refused = post(api, url, {"tracking_number": " "})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "tracking_number")
    assert post(api, url, {"tracking_number": "X1"}).json()["moved"] == [parcel.number]

    shown = api.get(f"/api/v1/parcels/{parcel.number}/").json()
    assert (shown["status"], shown["tracking_number"]) == ("LABELLED", "X1")
    assert api.get("/api/v1/parcels/?needs_number=true").json()["results"] == []
