"""Who is limited to warehouses or sellers reaches no row of others, by no address."""

import json
from dataclasses import dataclass, field

import pytest
from django.contrib import admin
from django.test import Client

from backoffice.core.models import User
from backoffice.core.states import GONE
from backoffice.core.tokens import create_token
from inventory.models import UserScope
from tests.api.operations import OPERATIONS, SCOPES
from tests.api.owners import OWNERS, whose
from tests.api.screens import addresses_of
from tests.api.test_reading import writes

LIMITS = {"W1": (["W1"], []), "S1": ([], ["S1"]), "W1-S1": (["W1"], ["S1"])}
LISTS = [o for o in OPERATIONS if o.action == "list"]
DETAILS = [o for o in OPERATIONS if o.is_detail]
BULK = [o for o in OPERATIONS if "/verbs/" in o.path]
MODELS = sorted(admin.site._registry, key=lambda m: m._meta.label_lower)


@dataclass
class Caller:
    """A limited program and a limited person with every right, and whose rows are theirs."""

    api: Client
    staff: Client
    warehouses: frozenset | None
    sellers: frozenset | None
    kept: dict = field(default_factory=dict)

    def sees(self, row, partly=False):
        own = whose(row)
        if partly and row._meta.label_lower == "orders.order":
            return own.is_shared_with(self.warehouses, self.sellers)
        return own.is_within(self.warehouses, self.sellers)

    def split(self, model, partly=False):
        """Return the keys of what is seen of a model and the rows that are not."""
        rows = list(model._default_manager.all()[:200])
        hidden = [row for row in rows if not self.sees(row, partly)]
        return {row.pk for row in rows} - {row.pk for row in hidden}, hidden


@pytest.fixture(params=LIMITS)
def caller(world, request):
    houses, sellers = LIMITS[request.param]
    ids = {
        "warehouse_ids": [world.houses[code].pk for code in houses],
        "seller_ids": [world.sellers[code].pk for code in sellers],
    }
    token, text = create_token("limited", SCOPES)
    person = User.objects.create(username="limited", is_staff=True, is_superuser=True)
    for user in (token.user, person):
        UserScope.objects.create(user=user, **ids)
    staff = Client()
    staff.force_login(person)
    sets = [frozenset(values) or None for values in ids.values()]
    return Caller(Client(headers={"Authorization": f"Bearer {text}"}), staff, *sets)


def test_the_shop_has_rows_of_all_kinds(world):
    """Keep the tests below from passing for want of rows."""
    empty = {o.model._meta.label for o in LISTS if not o.model._default_manager.exists()}

    assert empty == {"logistics.LabelRequest"} & empty


def test_lists_show_exactly_what_is_theirs(caller):
    wrong = {}
    for operation in LISTS:
        seen, _hidden = caller.split(operation.model, partly=True)
        page = caller.api.get(f"/api/v1{operation.path}?page_size=500")
        assert page.status_code == 200, (operation, page.content)
        listed = [row["id"] for row in page.json()["results"]]
        if len(listed) != len(set(listed)) or set(listed) != seen:
            wrong[str(operation)] = (sorted(listed), sorted(seen))

    assert wrong == {}


def test_rows_of_others_are_unknown_to_every_address(caller):
    caller.api.get("/api/v1/orders/")
    before = writes()
    wrong = {}
    for operation in DETAILS:
        _seen, hidden = caller.split(operation.model, partly=True)
        for row in hidden[:2]:
            answer = caller.api.generic(
                operation.method,
                operation.url(row),
                "{}",
                "application/json",
                headers={"If-Match": "*"},
            )
            if answer.status_code != 404:
                wrong[str(operation), str(row)] = answer.status_code

    assert wrong == {}
    assert writes() == before


def test_bulk_verbs_block_what_is_not_theirs_as_unknown(caller):
    caller.api.get("/api/v1/orders/")
    before = writes()
    wrong = {}
    for operation in BULK:
        _seen, hidden = caller.split(operation.model)
        name = "ids" if operation.resource == "webhook-deliveries" else "numbers"
        keys = [getattr(row, operation.view.lookup_field) for row in hidden[:3]]
        body = {name: keys, "text": "x", "body": "x", "agent": 1, "reason": "x"}
        body |= {"priority": 1, "tag": "x", "owner": "looker", "until": "2199-01-01T00:00:00Z"}
        if not keys:
            continue
        answer = caller.api.post(f"/api/v1{operation.path}", body, "application/json")
        expected = {"moved": [], "blocked": {str(key): [str(GONE)] for key in keys}}
        if answer.json() != expected:
            wrong[str(operation)] = answer.content

    assert wrong == {}
    assert writes() == before


def test_screens_list_exactly_what_is_theirs(caller):
    request = caller.staff.get("/admin/").wsgi_request
    from backoffice.core.actor import acting

    wrong = {}
    with acting(request.user.pk):
        for model, screen in admin.site._registry.items():
            if model._meta.label_lower not in OWNERS:
                continue
            seen, _hidden = caller.split(model)
            rows = list(screen.get_queryset(request).values_list("pk", flat=True))
            if len(rows) != len(set(rows)) or set(rows) != seen:
                wrong[model._meta.label] = (sorted(rows), sorted(seen))

    assert wrong == {}


def test_pages_of_others_rows_open_for_nobody(caller):
    caller.staff.get("/admin/")
    before = writes()
    wrong = {}
    for model in MODELS:
        _seen, hidden = caller.split(model)
        for row in hidden[:1]:
            for url in addresses_of(row):
                for call in (caller.staff.get, caller.staff.post):
                    status = call(url).status_code
                    if status not in (302, 403, 404, 405):
                        wrong[url, call.__name__] = status

    assert wrong == {}
    assert writes() == before


def test_a_shared_order_is_looked_at_in_part(caller, world):
    mixed = world.mixed
    order = caller.api.get(f"/api/v1/orders/{mixed.order_number}/")
    if not caller.sees(mixed, partly=True):
        assert order.status_code == 404
        return

    body = order.json()
    own = [line for line in mixed.lines.all() if caller.sees(line)]
    assert [line["id"] for line in body["lines"]] == [line.pk for line in own] != []
    assert {body["total_amount"], body["captured_amount"], body["ordered_quantity"]} == {None}
    moved = caller.api.post(f"/api/v1/orders/{mixed.order_number}/cancel/", {}, "application/json")
    assert (moved.status_code, moved.json()["type"]) == (403, "/problems/permission_denied")
    assert "Only a part of it is yours" in moved.json()["detail"]
    assert caller.staff.get(f"/admin/orders/order/{mixed.pk}/change/").status_code == 302
    assert caller.api.get(f"/order/{mixed.order_number}").status_code == 404


def test_an_order_of_theirs_is_whole(caller, world):
    order = world.pending["W1", "S1"]

    body = caller.api.get(f"/api/v1/orders/{order.order_number}/").json()
    moved = caller.api.post(
        f"/api/v1/orders/{order.order_number}/release-hold/", {}, "application/json"
    )

    assert (body["total_amount"], len(body["lines"]), len(body["holds"])) == ("11.9000", 1, 1)
    assert moved.status_code == 200, moved.content


def order_json(house, seller, **changes):
    line = {"sku": f"A-{seller}", "warehouse": house, "unit_price": "5.00"}
    return {
        "channel": "web",
        "external_id": f"new-{house}-{seller}",
        "placed_at": "2026-03-10T08:00:00Z",
        "customer": {"external_id": "new"},
        "ship_to": {"country": "DE"},
        "lines": [line],
    } | changes


def test_nothing_is_made_outside_of_ones_sight(caller, world):
    cells = [("W1", "S1"), ("W2", "S1"), ("W1", "S2"), ("W2", "S2")]
    items = [order_json(*cell) for cell in cells]
    codes = {frozenset([world.houses["W1"].pk]), None}
    allowed = [
        (caller.warehouses is None or house == "W1") and (caller.sellers is None or seller == "S1")
        for house, seller in cells
    ]
    assert caller.warehouses in codes

    answer = caller.api.post("/api/v1/orders/bulk/", {"items": items}, "application/json")
    single = caller.api.post(
        "/api/v1/orders/", order_json("W2", "S2", external_id="x"), "application/json"
    )

    got = [row["status"] == "CREATED" for row in answer.json()["results"]]
    assert got == allowed
    assert single.status_code == 409
    assert "outside of what you may see" in single.json()["detail"]
    made = world.mixed._meta.model.objects.filter(external_id__startswith="new-")
    assert sorted(made.values_list("external_id", flat=True)) == sorted(
        item["external_id"] for item, good in zip(items, allowed, strict=True) if good
    )


def test_stock_and_settings_of_others_are_not_written(caller, world):
    def adjust(house, seller):
        move = {"sku": f"A-{seller}", "warehouse": house, "quantity": 1}
        body = {"moves": [move], "reason": "x"}
        return caller.api.post("/api/v1/stock-moves/", body, "application/json").status_code

    assert adjust("W1", "S1") == 201
    assert adjust("W2", "S2") == 400
    policy = {"warehouse": "W2", "sku": "A-S2", "minimum": 1}
    url = "/api/v1/replenishment-policies/"
    body = policy | {"sku": None}
    assert caller.api.post(url, body, "application/json").status_code == 403
    product = {"code": "NEW", "name": "New", "seller": "S2"}
    made = caller.api.post("/api/v1/products/", product, "application/json")
    assert made.status_code == (201 if caller.sellers is None else 403)


def test_scans_of_others_parcels_are_unknown(caller, world):
    from logistics.models import Parcel

    rows = list(Parcel.objects.select_related("account", "shipment"))
    scans = [
        {
            "account": row.account.code,
            "tracking_number": row.tracking_number,
            "occurred_at": "2026-03-12T10:00:00Z",
            "description": "seen",
        }
        for row in rows
    ]

    answer = caller.api.post("/api/v1/parcels/scans/", {"scans": scans}, "application/json")

    refused = {int(n) for n in answer.json()["refused"]}
    own = {n for n, row in enumerate(rows) if caller.sees(row) and caller.sellers is None}
    assert set(range(len(rows))) - refused == own


def test_the_books_are_the_companys(caller):
    assert caller.api.get("/api/v1/journal-entries/trial-balance/").status_code == 403


def test_who_has_no_limits_sees_all(world):
    _token, text = create_token("free", SCOPES)
    api = Client(headers={"Authorization": f"Bearer {text}"})

    for operation in LISTS:
        page = api.get(f"/api/v1{operation.path}?page_size=500").json()["results"]
        assert len(page) == min(500, operation.model._default_manager.count()), operation
    body = api.get(f"/api/v1/orders/{world.mixed.order_number}/").json()
    assert (body["total_amount"], len(body["lines"])) == ("23.8000", 2)


def test_limits_that_are_switched_off_or_empty_limit_nothing(world):
    token, text = create_token("free", ["inventory:read"])
    scope = UserScope.objects.create(user=token.user, warehouse_ids=[world.houses["W1"].pk])
    api = Client(headers={"Authorization": f"Bearer {text}"})

    def count():
        return len(json.loads(api.get("/api/v1/warehouses/").content)["results"])

    assert count() == 1
    UserScope.objects.filter(pk=scope.pk).update(is_active=False)
    assert count() == 2
    UserScope.objects.filter(pk=scope.pk).update(is_active=True, warehouse_ids=[])
    assert count() == 2
