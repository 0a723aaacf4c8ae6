import json
import socket
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from backoffice.core.models import (
    Event,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookHealth,
)
from backoffice.core.retention import remove_expired
from backoffice.core.webhooks import calls, guard
from backoffice.core.webhooks.endpoints import rotate_secret
from backoffice.core.webhooks.sending import LEASE, send_due
from tests.fixtures.core import together
from tests.fixtures.webhooks import Receiver, Reply, serve


@pytest.fixture
def at():
    """Return the true time: signatures are good for five minutes."""
    return timezone.now() + timedelta(seconds=5)


@pytest.fixture
def queued(endpoint, place, drain):
    """Return the delivery of one placed order, due now."""
    place()
    tell(drain)
    return WebhookDelivery.objects.get()


def tell(drain):
    """Queue what happened; `drain` believes that it is the year 2100."""
    drain()
    now = timezone.now()
    WebhookDelivery.objects.filter(attempts=0).update(queued_at=now, next_attempt_at=now)


def row(delivery):
    delivery.refresh_from_db()
    return delivery.status, delivery.attempts, delivery.answer_status


def verify(secret, call):
    headers, body = call
    return Webhook(secret).verify(body, headers)


def test_a_delivery_is_signed_and_says_ids_numbers_and_amounts_only(endpoint, queued, receiver, at):
    assert send_due(now=at) == 1

    event = Event.objects.get(kind="order.placed")
    number = f"SO-{event.order_id:08}"
    assert verify(endpoint.secret, receiver.calls[0]) == {
        "type": "order.placed",
        "timestamp": "2026-03-10T08:00:00Z",
        "data": {
            "id": event.order_id,
            "subject_type": "orders.order",
            "number": number,
            "order_id": event.order_id,
            "order_number": number,
            "origin": "LIVE",
            "details": {"channel": "web", "total": "23.80", "currency": "EUR", "lines": 1},
        },
    }
    assert receiver.ids == [f"evt_{event.pk}"]
    assert row(queued) == ("DELIVERED", 1, 200)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.answer, attempt.error) == (200, "ok", "")
    assert 0 <= attempt.milliseconds < 5000
    assert send_due(now=at + timedelta(days=9)) == 0


def test_words_never_leave(endpoint, queued, receiver, at):
    event = Event.objects.get(kind="order.placed")
    told = Event.objects.create(
        kind="order.noted",
        subject_type="orders.order",
        subject_id=event.order_id,
        actor_id=event.actor_id,
        reason="Ada called",
        data={"text": "Ada Lovelace", "mail": "ada@example.com", "more": {"a": 1}, "n": 1},
        occurred_at=at,
    )
    WebhookDelivery.objects.update(event_id=told.pk)

    send_due(now=at)

    assert json.loads(receiver.calls[0][1])["data"]["details"] == {"n": 1}
    assert b"Ada" not in receiver.calls[0][1]


def test_during_a_rotation_both_secrets_are_valid_afterwards_the_new_one_alone(
    endpoint, queued, receiver, at, actor
):
    new = rotate_secret(endpoint.pk, now=at)

    send_due(now=at)
    WebhookDelivery.objects.update(status="QUEUED", next_attempt_at=at)
    WebhookEndpoint.objects.update(previous_secret_until=at)
    send_due(now=at)

    first, second = receiver.calls
    assert new != endpoint.secret
    for secret in (new, endpoint.secret):
        assert verify(secret, first)["type"] == "order.placed"
    assert verify(new, second)["type"] == "order.placed"
    with pytest.raises(WebhookVerificationError):
        verify(endpoint.secret, second)


def test_a_failing_receiver_is_tried_ever_later_for_three_days_then_given_up(
    endpoint, queued, receiver, at
):
    receiver.replies = [Reply(500, b"x" * 5000)]
    moments = [at]
    while True:
        assert send_due(now=moments[-1]) == 1
        queued.refresh_from_db()
        if queued.status == "DEAD":
            break
        pause = (queued.next_attempt_at - moments[-1]).total_seconds()
        expected = min(12 * 3600, 10 * 4 ** (queued.attempts - 1))
        deadline = queued.queued_at + timedelta(days=3)
        assert queued.next_attempt_at == deadline or 0.75 * expected < pause < 1.25 * expected + 5
        assert send_due(now=queued.next_attempt_at - timedelta(seconds=1)) == 0
        WebhookHealth.objects.update(paused_until=None)
        moments.append(queued.next_attempt_at)

    assert moments[-1] - queued.queued_at == timedelta(days=3)
    assert 11 <= queued.attempts == len(receiver.calls) <= 15
    assert len(set(receiver.ids)) == 1
    assert row(queued)[2] == 500
    assert WebhookAttempt.objects.count() == queued.attempts
    assert {len(text) for text in WebhookAttempt.objects.values_list("answer", flat=True)} == {1024}
    WebhookHealth.objects.update(paused_until=None)
    assert send_due(now=at + timedelta(days=9)) == 0


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), 302, ""),
        (Reply(404), 404, ""),
        (Reply(dies=True), None, "Server disconnected"),
    ],
    ids=["redirects", "is lost", "is killed"],
)
def test_other_answers_are_failures_too(endpoint, queued, receiver, at, reply, status, error):
    receiver.replies = [reply]

    send_due(now=at)

    assert row(queued) == ("QUEUED", 1, status)
    assert WebhookAttempt.objects.get().error == error
    assert len(receiver.calls) == 1


def test_a_slow_receiver_is_not_waited_for(endpoint, queued, receiver, at, monkeypatch):
    monkeypatch.setattr(calls, "SECONDS", 0.2)
    receiver.replies = [Reply(delay=1)]

    send_due(now=at)

    assert row(queued) == ("QUEUED", 1, None)
    attempt = WebhookAttempt.objects.get()
    assert attempt.error == "no answer within 0 s"
    assert 150 < attempt.milliseconds < 900


def test_an_endless_answer_is_cut_off(endpoint, queued, receiver, at, monkeypatch):
    monkeypatch.setattr(calls, "LARGEST_ANSWER", 2000)
    receiver.replies = [Reply(200, b"\0" + b"y" * 3_000_000)]

    send_due(now=at)

    assert row(queued) == ("DELIVERED", 1, 200)
    assert WebhookAttempt.objects.get().answer == "y" * 1023


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_respected_for_the_whole_endpoint(
    endpoint, queued, place, drain, receiver, at, form
):
    back = (at + timedelta(hours=2)).replace(microsecond=0)
    text = "7200" if form == "seconds" else format_datetime(back)
    receiver.replies = [Reply(429, headers={"Retry-After": text}), Reply()]

    send_due(now=at)
    place("2")
    tell(drain)

    queued.refresh_from_db()
    asked = queued.next_attempt_at
    assert timedelta(hours=2) - timedelta(seconds=1) <= asked - at < timedelta(hours=2, seconds=5)
    assert send_due(now=at + timedelta(minutes=119)) == 0
    assert send_due(now=asked) == 2
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"DELIVERED"}


def test_gone_switches_the_endpoint_off(endpoint, queued, receiver, at):
    receiver.replies = [Reply(410)]

    send_due(now=at)

    endpoint.refresh_from_db()
    assert (endpoint.is_active, row(queued)) == (False, ("DEAD", 1, 410))
    event = Event.objects.get(kind="webhook.switched_off")
    assert (event.subject_id, event.reason) == (endpoint.pk, "410 Gone")
    assert endpoint.history.first().history_change_reason == "410 Gone"


def test_what_waits_for_a_switched_off_endpoint_is_sent_later_or_given_up(
    endpoint, queued, receiver, at
):
    WebhookEndpoint.objects.update(is_active=False)
    assert send_due(now=at + timedelta(days=2)) == 0
    assert row(queued) == ("QUEUED", 0, None)
    assert send_due(now=at + timedelta(days=4)) == 0
    assert row(queued) == ("DEAD", 0, None)
    assert receiver.calls == []


def test_an_endpoint_that_never_answers_is_left_in_peace_and_comes_back(
    endpoint, queued, receiver, at
):
    receiver.replies = [Reply(503), Reply()]
    WebhookHealth.objects.update(failures=11)

    send_due(now=at)

    health = WebhookHealth.objects.get()
    assert (health.failures, health.paused_until) == (12, at + timedelta(seconds=20))
    WebhookDelivery.objects.update(next_attempt_at=at)
    assert send_due(now=at + timedelta(seconds=19)) == 0
    assert send_due(now=at + timedelta(seconds=20)) == 1
    health.refresh_from_db()
    assert (health.failures, health.paused_until) == (0, None)
    assert health.last_success_at == at + timedelta(seconds=20)


def test_private_addresses_are_refused_when_the_name_is_resolved(
    endpoint, queued, receiver, at, settings
):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    port = receiver.server_address[1]
    WebhookEndpoint.objects.update(url=f"https://localhost:{port}/")

    send_due(now=at)

    assert row(queued) == ("QUEUED", 1, None)
    assert WebhookAttempt.objects.get().error == "The address leads into a private network."
    assert receiver.calls == []


def test_a_name_that_changes_its_address_is_asked_once_and_called_where_it_was_checked(
    endpoint, queued, receiver, at, monkeypatch
):
    port = receiver.server_address[1]
    trap = serve(Receiver("127.0.0.2", port))
    caught = next(trap)
    asked = []

    def rebinding(host, port, *args, **kwargs):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(guard, "is_public", lambda address: address == "127.0.0.1")
    WebhookEndpoint.objects.update(url=f"http://hooks.example.com:{port}/")

    send_due(now=at)

    assert (asked, len(receiver.calls), caught.calls) == (["hooks.example.com"], 1, [])
    assert receiver.calls[0][0]["host"] == f"hooks.example.com:{port}"
    next(trap, None)


def test_two_senders_send_each_delivery_once(
    transactional_db, actor, endpoint, place, drain, receiver
):
    for n in range(30):
        place(str(n))
    tell(drain)
    now = timezone.now()

    def work():
        total = 0
        while sent := send_due(now=now):
            total += sent
        return total

    assert sum(together(work, work)) == 30

    assert len(set(receiver.ids)) == len(receiver.ids) == 30
    assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("DELIVERED", 1)}


def test_a_broken_endpoint_does_not_hold_up_another(endpoint, place, drain, receiver, at):
    WebhookEndpoint.objects.create(description="Dead", url="http://127.0.0.1:1/", kinds=["order.*"])
    place()
    tell(drain)

    send_due(now=at)

    states = WebhookDelivery.objects.values_list("endpoint__description", "status")
    assert sorted(states) == [("Dead", "QUEUED"), ("Shop", "DELIVERED")]


def test_a_late_result_does_not_overwrite_a_replay(endpoint, queued, receiver, at, monkeypatch):
    def and_meanwhile(made, now):
        WebhookDelivery.objects.update(attempts=0, next_attempt_at=at)
        return [calls.Answer(500, 1)]

    monkeypatch.setattr("backoffice.core.webhooks.sending.make_calls", and_meanwhile)

    send_due(now=at)

    assert row(queued) == ("QUEUED", 0, None)
    assert queued.next_attempt_at == at
    assert timedelta(seconds=calls.SECONDS) < LEASE


def test_the_log_is_kept_for_thirty_days(endpoint, queued, place, drain, receiver, at):
    send_due(now=at)
    place("2")
    tell(drain)

    assert remove_expired(now=at + timedelta(days=29)) == {}
    assert remove_expired(now=at + timedelta(days=31)) == {
        "core.webhookattempt": 1,
        "core.webhookdelivery": 1,
    }
    assert WebhookDelivery.objects.get().status == "QUEUED"
