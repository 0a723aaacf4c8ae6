import json

import pytest
from django.test import Client

from backoffice.core.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from backoffice.core.tokens import create_token

ENDPOINTS, DELIVERIES = "/api/v1/webhook-endpoints/", "/api/v1/webhook-deliveries/"


@pytest.fixture
def api(db):
    _, text = create_token("ERP", ["core:read", "core:write"])
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def call(method, url, body=None, **headers):
        data = json.dumps(body) if body is not None else ""
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return client.generic(
            method.upper(), url, data, content_type="application/json", headers=headers
        )

    return call


def body(**changes):
    return {
        "description": "ERP",
        "url": "https://erp.example.com/in",
        "kinds": ["order.*", "parcel.delivered"],
    } | changes


def test_an_endpoint_is_made_and_its_secret_told_once(api, channel):
    made = api("post", ENDPOINTS, body(filters={"channel": ["web"]}))

    assert made.status_code == 201, made.content
    endpoint = WebhookEndpoint.objects.get()
    assert made.json()["secret"] == endpoint.secret
    url = f"{ENDPOINTS}{endpoint.pk}/"
    read = api("get", url)
    assert "secret" not in read.json()
    assert read.json()["filters"] == {"channel": ["web"]}
    changed = api("patch", url, {"kinds": ["*"]}, If_Match=read["ETag"])
    assert (changed.status_code, changed.json()["kinds"]) == (200, ["*"])
    assert "secret" not in changed.json()


@pytest.mark.parametrize(
    ("changes", "field", "detail"),
    [
        ({"kinds": ["order.bogus"]}, "kinds", "There is no event order.bogus."),
        ({"kinds": []}, "kinds", None),
        ({"filters": {"chanel": ["web"]}}, "filters", "There is no filter 'chanel'"),
        ({"filters": {"channel": []}}, "filters", "Filter 'channel' needs a list of values."),
        ({"filters": {"channel": ["x"]}}, "filters", "Filter 'channel' does not know x."),
        ({"url": "http://[::1"}, "url", "This is no address."),
        ({"secret": "whsec_bXk="}, None, None),
    ],
)
def test_what_is_wrong_is_named(api, channel, changes, field, detail):
    answer = api("post", ENDPOINTS, body(**changes))

    if field is None:
        assert answer.json()["secret"] != "whsec_bXk="
        return
    assert answer.status_code == 400, answer.content
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert detail is None or error["detail"].startswith(detail)
    assert not WebhookEndpoint.objects.exists()


def test_secrets_rotate_and_test_events_go_out(api, endpoint):
    url = f"{ENDPOINTS}{endpoint.pk}/"

    rotated = api("post", f"{url}rotate-secret/", {"reason": "leaked"})
    tested = api("post", f"{url}test/", {})

    endpoint.refresh_from_db()
    assert rotated.json() == {"secret": endpoint.secret}
    assert Event.objects.get(kind="webhook.secret_rotated").reason == "leaked"
    event_id = tested.json()["event_id"]
    assert WebhookDelivery.objects.get().event_id == event_id
    WebhookEndpoint.objects.update(is_active=False)
    refused = api("post", f"{url}test/", {})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "The endpoint is switched off.",
    )


def test_deliveries_are_listed_read_and_replayed(api, endpoint, place, drain, now):
    place()
    drain()
    WebhookDelivery.objects.update(status="DEAD", attempts=3, answer_status=500)
    delivery = WebhookDelivery.objects.get()
    WebhookAttempt.objects.create(
        delivery=delivery, at=now, status=500, milliseconds=7, answer="no"
    )

    (listed,) = api("get", f"{DELIVERIES}?status=DEAD&kind=order.placed").json()["results"]
    read = api("get", f"{DELIVERIES}{delivery.pk}/").json()
    assert api("get", f"{DELIVERIES}?status=DEAD&endpoint=999999").status_code == 400

    assert (listed["message_id"], listed["kind"]) == (f"evt_{delivery.event_id}", "order.placed")
    assert read["log"] == [
        {
            "at": "2026-03-10T09:30:00Z",
            "status": 500,
            "milliseconds": 7,
            "error": "",
            "answer": "no",
        }
    ]
    one = api("post", f"{DELIVERIES}{delivery.pk}/replay/", {})
    assert one.json() == {"moved": [str(delivery.pk)], "blocked": {}}
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("QUEUED", 0)
    many = api("post", f"{DELIVERIES}verbs/replay/", {"ids": [delivery.pk, 12345]})
    assert (many.json()["moved"], list(many.json()["blocked"])) == ([str(delivery.pk)], ["12345"])


def test_all_since_is_replayed(api, endpoint, place):
    place()
    url = f"{ENDPOINTS}{endpoint.pk}/replay/"

    assert api("post", url, {}).status_code == 400
    assert api("post", url, {"since": "2026-01-01T00:00:00Z"}).json() == {"events": 1}


def test_scopes_are_checked(endpoint):
    _, text = create_token("reader", ["core:read", "orders:write"])
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    assert reader.get(ENDPOINTS).status_code == 200
    assert reader.post(f"{ENDPOINTS}{endpoint.pk}/rotate-secret/").status_code == 403
    assert Client().get(DELIVERIES).status_code == 401
