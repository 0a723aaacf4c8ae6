from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backoffice.core.actor import acting_job
from backoffice.core.choices import Origin
from backoffice.core.models import Event, EventDelivery, WebhookDelivery, WebhookEndpoint
from backoffice.core.past import playing
from backoffice.core.webhooks.endpoints import send_test
from backoffice.core.webhooks.queue import replay_deliveries, replay_since
from orders.services.lifecycle import confirm_orders


def make(**changes):
    values = {"description": "x", "url": "https://example.com/", "kinds": ["order.placed"]}
    return WebhookEndpoint.objects.create(**values | changes)


def queued(endpoint):
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("event_id")
    return list(rows.values_list("event__kind", "status"))


def test_without_an_endpoint_nothing_waits_for_one(place):
    place()

    assert not EventDelivery.objects.filter(handler="core.queue_webhooks").exists()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["order.placed"], ["order.placed"]),
        (["order.*"], ["order.placed", "order.confirmed"]),
        (["*"], ["order.placed", "order.confirmed"]),
        (["parcel.*", "order.confirmed"], ["order.confirmed"]),
        (["parcel.*"], []),
    ],
)
def test_an_endpoint_hears_what_it_asked_for_once(place, drain, now, kinds, expected):
    endpoint = make(kinds=kinds)
    order = place()
    confirm_orders([order.pk], now=now)

    drain()
    drain()

    heard = [(k, s) for k, s in queued(endpoint) if k.startswith("order.")]
    assert heard == [(kind, "QUEUED") for kind in expected]


def test_a_switched_off_endpoint_hears_nothing(place, drain):
    endpoint = make(is_active=False)
    place()
    drain()

    assert queued(endpoint) == []


def test_filters_let_through_what_they_name(place, drain, channel):
    mine = make(filters={"channel": ["web"]})
    other = make(filters={"channel": ["shop"]})
    place()
    drain()

    assert queued(mine) == [("order.placed", "QUEUED")]
    assert queued(other) == []


def test_demo_is_told_only_to_who_wants_it(place, drain):
    curious, other = make(includes_demo=True), make()
    with acting_job("demo", origin=Origin.DEMO):
        place()
    drain()

    assert (queued(curious), queued(other)) == ([("order.placed", "QUEUED")], [])


def test_what_is_imported_is_recorded_and_never_sent(place, drain, now):
    endpoint = make()
    with acting_job("importer", origin=Origin.IMPORT):
        place()
    drain()
    (pk,) = WebhookDelivery.objects.values_list("pk", flat=True)

    assert queued(endpoint) == [("order.placed", "SUPPRESSED")]
    outcome = replay_deliveries([pk], now=now)
    assert [str(r) for r in outcome.blocked[pk]] == [
        "The event was imported or played: nothing is sent for it."
    ]
    assert replay_since(endpoint.pk, now - timedelta(days=9000), now=now) == 0
    assert queued(endpoint) == [("order.placed", "SUPPRESSED")]


def test_what_happens_in_a_played_past_is_never_sent(place, drain, now):
    endpoint = make()
    with playing(now):
        place()
        drain()
    recorded = Event.objects.values_list("recorded_at", flat=True)

    assert queued(endpoint) == [("order.placed", "SUPPRESSED")]
    assert replay_since(endpoint.pk, min(recorded), now=now) == 0
    assert queued(endpoint) == [("order.placed", "SUPPRESSED")]


def test_queueing_takes_as_many_statements_for_many_events(place, drain):
    make()
    counts = []
    for number in (1, 8):
        for n in range(number):
            place(f"{number}-{n}")
        with CaptureQueriesContext(connection) as queries:
            drain()
        counts.append(sum("core_webhook" in q["sql"] for q in queries))

    assert WebhookDelivery.objects.count() == 9
    assert counts[0] == counts[1]


def test_deliveries_are_replayed_under_their_ids(place, drain, now):
    endpoint = make()
    place()
    drain()
    WebhookDelivery.objects.update(status="DEAD", attempts=12, finished_at=now, answer_status=500)
    (delivery,) = WebhookDelivery.objects.all()
    later = now + timedelta(hours=1)

    outcome = replay_deliveries([delivery.pk, 99], now=later)

    assert (outcome.moved, list(outcome.blocked)) == ([delivery.pk], [99])
    again = WebhookDelivery.objects.get()
    assert again.message_id == delivery.message_id
    assert (again.status, again.attempts, again.queued_at, again.next_attempt_at) == (
        "QUEUED",
        0,
        later,
        later,
    )
    assert again.finished_at is None
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
    refused = replay_deliveries([delivery.pk], now=later)
    assert [str(r) for r in refused.blocked[delivery.pk]] == ["The endpoint is switched off."]


def test_all_since_sends_again_what_was_sent_and_what_was_never(place, drain, now):
    place("before")
    drain()
    endpoint = make()
    place("after")
    drain()
    WebhookDelivery.objects.update(status="DELIVERED", attempts=1, finished_at=now)
    recorded = list(Event.objects.filter(kind="order.placed").values_list("recorded_at", flat=True))

    assert replay_since(endpoint.pk, max(recorded) + timedelta(seconds=1), now=now) == 0
    assert replay_since(endpoint.pk, min(recorded), now=now) == 2

    assert queued(endpoint) == [("order.placed", "QUEUED")] * 2
    assert set(WebhookDelivery.objects.values_list("attempts", "finished_at")) == {(0, None)}


def test_a_test_event_goes_to_its_endpoint_alone(actor, drain, now):
    endpoint, other = make(), make(kinds=["*"])

    event_id = send_test(endpoint.pk, now=now)
    drain()

    event = Event.objects.get(pk=event_id)
    assert (event.kind, event.subject_id) == ("webhook.tested", endpoint.pk)
    assert queued(endpoint) == [("webhook.tested", "QUEUED")]
    assert queued(other) == []
