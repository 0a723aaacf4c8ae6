import json

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.core.models import Approval, ApprovalPolicy, User
from backoffice.core.tokens import create_token
from orders.models import Order, OrderEdit, OrderLine

URL = "/api/v1/order-edits/"
ADJUST = {"kind": "ADJUST_TOTAL", "amount": "-3.80"}


@pytest.fixture
def api(db):
    _token, text = create_token("shop", ["orders:read", "orders:write"])
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def free(db):
    return ApprovalPolicy.objects.create(kind="orders.edit", currency="EUR", above=5)


def post(client, url, data, **headers):
    return client.post(url, json.dumps(data), content_type="application/json", headers=headers)


def draft(api, order, *changes, **options):
    return post(api, URL, {"order": order.order_number, "changes": changes} | options)


def test_an_edit_is_drafted_previewed_and_committed(api, place, free):
    order = place()
    line = OrderLine.objects.get(order=order)

    made = draft(api, order, ADJUST, note="goodwill", version=0)

    assert made.status_code == 201, made.content
    body = made.json()
    assert {name: body[name] for name in ("order", "status", "total_before", "total_after")} == {
        "order": order.order_number,
        "status": "DRAFT",
        "total_before": "23.8000",
        "total_after": "20.0000",
    }
    assert (body["note"], body["needs_approval"], body["effects"]) == ("goodwill", False, [])
    assert [(c["kind"], c["amount"]) for c in body["lines"]] == [("ADJUST_TOTAL", "-3.8000")]
    done = post(api, f"{URL}{body['number']}/commit/", {"reason": "late"})
    assert done.json() == {"moved": [body["number"]], "blocked": {}}
    order.refresh_from_db()
    assert str(order.total_amount) == "20.0000"
    assert order.modified_by.username.startswith("api:")
    (listed,) = api.get(f"{URL}?status=COMMITTED&order={order.order_number}").json()["results"]
    assert listed["number"] == body["number"]
    assert line.order_id == order.pk


def test_above_the_threshold_it_has_to_be_proposed(api, place, free):
    order = place()
    number = draft(api, order, ADJUST | {"amount": "-9"}).json()["number"]
    assert api.get(f"{URL}{number}/").json()["needs_approval"] is True

    refused = post(api, f"{URL}{number}/commit/", {})
    proposed = post(api, f"{URL}{number}/propose/", {})

    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "It moves more money than one person may: ask for approval.",
    )
    assert proposed.status_code == 200
    assert Approval.objects.get().subject_id == OrderEdit.objects.get().pk


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"changes": []}, 400, "changes.non_field_errors"),
        ({"changes": [{"kind": "DANCE"}]}, 400, "changes.0.kind"),
        ({"changes": [ADJUST | {"amount": "x"}]}, 400, "changes.0.amount"),
        ({"changes": [{"kind": "CHANGE_ADDRESS", "ship_to": {"country": "Germany"}}]}, 400, None),
        ({"changes": [ADJUST], "order": "SO-99999999"}, 409, ""),
        ({"changes": [ADJUST], "version": 7}, 409, ""),
        ({"changes": [{"kind": "CHANGE_QUANTITY", "line_id": 1}]}, 409, ""),
    ],
)
def test_what_is_wrong_is_named(api, place, body, status, field):
    order = place()

    answer = post(api, URL, {"order": order.order_number} | body)

    assert answer.status_code == status, answer.content
    if field is not None:
        assert answer.json()["errors"][0]["field"] == field
    assert not OrderEdit.objects.exists()


def test_staff_need_the_permission_to_edit(place):
    order = place()
    clerk = User.objects.create(username="clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    names = ["add_orderedit", "view_orderedit"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    assert draft(client, order, ADJUST).status_code == 403

    clerk.user_permissions.add(Permission.objects.get(codename="edit_order"))
    assert draft(client, order, ADJUST).status_code == 201
    assert Order.objects.get().version == 0
