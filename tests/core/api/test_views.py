import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.core.access import pace
from backoffice.core.models import Event
from backoffice.core.states import GONE
from backoffice.core.tokens import create_token
from orders.models import Order, SalesChannel
from orders.services.holds import place_holds
from tests.core.api.test_problems import problem
from tests.fixtures.core import together

HELD = "The order is on hold: release its holds first."


def test_a_document_carries_its_version_as_etag(api, place):
    order = place()

    first = api("get", f"orders/{order.order_number}/")
    again = api("get", f"orders/{order.order_number}/", If_None_Match=first["ETag"])

    assert (first.status_code, first["ETag"], first.json()["version"]) == (200, '"0"', 0)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", '"0"')


def test_a_verb_moves_one_document(api, place):
    order = place()

    response = api("post", f"orders/{order.order_number}/confirm/", {"reason": "by phone"})

    assert (response.status_code, response.json()) == (
        200,
        {"moved": [order.order_number], "blocked": {}},
    )
    assert response["ETag"] == '"1"'
    order.refresh_from_db()
    assert order.status == "CONFIRMED"
    event = Event.objects.get(kind="order.confirmed")
    assert event.reason == "by phone"
    assert event.request_id == response["X-Request-Id"]
    assert order.modified_by.kind == "INTEGRATION"


def test_a_blocked_verb_gets_409_with_its_reasons(api, place, now):
    order = place()
    place_holds([order.pk], now=now)

    response = api("post", f"orders/{order.order_number}/confirm/")

    assert problem(response) == (409, "blocked")
    assert [e["detail"] for e in response.json()["errors"]] == [HELD]
    order.refresh_from_db()
    assert (order.status, order.version) == ("PENDING", 1)


def test_a_bulk_verb_answers_for_each(api, place, now):
    good, held = place("1"), place("2")
    place_holds([held.pk], now=now)

    response = api(
        "post", "orders/verbs/confirm/", {"numbers": [held.order_number, good.order_number, "SO-9"]}
    )

    assert response.json() == {
        "moved": [good.order_number],
        "blocked": {held.order_number: [HELD], "SO-9": [str(GONE)]},
    }


@pytest.mark.parametrize("numbers", [[], [""], ["x" * 41], "SO-1", None, ["SO-1"] * 1001])
def test_a_bulk_verb_takes_one_to_a_thousand_numbers(api, numbers):
    assert problem(api("post", "orders/verbs/confirm/", {"numbers": numbers})) == (400, "invalid")


def test_a_stale_if_match_gets_412_and_changes_nothing(api, place, now):
    order = place()
    place_holds([order.pk], now=now)

    stale = api("post", f"orders/{order.order_number}/cancel/", If_Match='"0"')
    assert problem(stale) == (412, "stale")
    order.refresh_from_db()
    assert (order.status, order.version) == ("PENDING", 1)

    assert api("post", f"orders/{order.order_number}/cancel/", If_Match='"1"').status_code == 200


@pytest.fixture
def channel_call(api, channel):
    def call(method, **headers):
        path = f"sales-channels/{channel.pk}/"
        return api(method, path, {"name": "New"} if method == "patch" else None, **headers)

    return call


def test_settings_are_edited_under_the_etag_that_was_read(channel_call, channel):
    tag = channel_call("get")["ETag"]

    missing = channel_call("patch")
    assert problem(missing) == (428, "if_match_missing")
    changed = channel_call("patch", If_Match=tag)
    stale = channel_call("patch", If_Match=tag)

    assert (changed.status_code, changed.json()["name"]) == (200, "New")
    assert problem(stale) == (412, "stale")
    channel.refresh_from_db()
    assert (channel.name, channel.history.count()) == ("New", 2)


def test_lists_are_paged_by_an_opaque_cursor_without_a_count(api, place):
    ids = [place(str(n)).pk for n in range(3)]

    first = api("get", "orders/?page_size=2").json()
    second = Client().get(first["next"], headers={"Authorization": token()}).json()

    assert set(first) == {"next", "previous", "results"}
    assert [o["id"] for o in first["results"] + second["results"]] == ids[::-1]
    assert second["next"] is None
    assert len(api("get", "orders/?page_size=100000").json()["results"]) == 3


def test_a_list_takes_as_many_queries_for_many_rows_as_for_one(api, place):
    place("0")
    with CaptureQueriesContext(connection) as one:
        api("get", "orders/")
    for n in range(1, 6):
        place(str(n))

    with CaptureQueriesContext(connection) as many:
        response = api("get", "orders/")

    assert len(response.json()["results"]) == 6
    assert len(many) == len(one)


def token():
    return f"Bearer {create_token('Shop', ['orders:read'])[1]}"


def test_too_many_requests_get_429_with_when_to_come_back(db, settings, monkeypatch):
    settings.API_REQUESTS_PER_MINUTE = 2
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_020.0)
    caller, other = token(), token()

    def get(who):
        return Client().get("/api/v1/orders/", headers={"Authorization": who})

    assert [get(caller).status_code for _ in range(2)] == [200, 200]
    refused = get(caller)
    assert problem(refused) == (429, "throttled")
    assert refused["Retry-After"] == "60"
    assert get(other).status_code == 200
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_080.0)
    assert get(caller).status_code == 200


def test_requests_are_counted_exactly_when_they_come_at_once(
    transactional_db, settings, monkeypatch
):
    settings.API_REQUESTS_PER_MINUTE = 3
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_020.0)
    caller = token()

    def get():
        return Client().get("/api/v1/orders/", headers={"Authorization": caller}).status_code

    assert sorted(together(*[get] * 6)) == [200] * 3 + [429] * 3


def test_the_api_stays_open_where_the_counter_does_not_answer(db, monkeypatch):
    def fail(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(pace.cache, "add", fail)

    assert Client().get("/api/v1/orders/", headers={"Authorization": token()}).status_code == 200


def test_the_description_names_every_verb(db):
    schema = Client().get("/api/v1/schema/?format=json").json()

    assert "/api/v1/orders/{number}/confirm/" in schema["paths"]
    assert "/api/v1/orders/verbs/confirm/" in schema["paths"]
    assert SalesChannel.objects.count() == Order.objects.count() == 0


def test_who_guesses_tokens_has_to_wait_wherever_they_are_good(db, monkeypatch):
    monkeypatch.setattr(pace.time, "time", lambda: 1_000_020.0)
    client, good = Client(), create_token("Shop", ["orders:read"])[1]

    def ask(token, address="192.0.2.1"):
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/api/v1/orders/", headers=headers, REMOTE_ADDR=address)

    assert {ask(f"bo_{n:012x}_x").status_code for n in range(30)} == {401}

    waiting = ask(good)
    assert (waiting.status_code, waiting["Retry-After"]) == (429, "60")
    assert waiting.json()["type"] == "/problems/throttled"
    assert ask(good, "192.0.2.2").status_code == 200
