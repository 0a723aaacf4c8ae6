import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from backoffice.core.models import Event, User, WebhookAttempt, WebhookDelivery, WebhookEndpoint

ADD = reverse("admin:core_webhookendpoint_add")
LIST = reverse("admin:core_webhookdelivery_changelist")


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def said(response):
    return [str(m) for m in response.context["messages"]]


def page(endpoint):
    return reverse("admin:core_webhookendpoint_change", args=[endpoint.pk])


def act(endpoint, name):
    return reverse("admin:core_webhookendpoint_act", args=[endpoint.pk, name])


def form(**changes):
    values = {"description": "ERP", "url": "https://erp.example.com/in", "is_active": "on"}
    return values | {"kinds": ["order.*"], "filter_channel": ["web"]} | changes


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(boss, client, channel):
    answer = client.post(ADD, form(), follow=True)

    endpoint = WebhookEndpoint.objects.get()
    assert said(answer)[0] == f"The secret, shown this once: {endpoint.secret}"
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint.secret)
    assert (endpoint.kinds, endpoint.filters) == (["order.*"], {"channel": ["web"]})
    shown = client.get(page(endpoint)).content.decode()
    assert endpoint.secret not in shown
    assert '<option value="order.*" selected>' in shown
    history = endpoint.history.get()
    assert history.history_user == boss
    assert not hasattr(history, "secret")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kinds": ["order.bogus"]}, "order.bogus is not one of the available choices."),
        ({"kinds": []}, "This field is required."),
        ({"filter_channel": ["nowhere"]}, "nowhere is not one of the available choices."),
        ({"url": "ftp://erp.example.com/"}, "The address has to begin with https://."),
    ],
)
def test_a_bad_endpoint_is_refused(boss, client, channel, changes, error):
    answer = client.post(ADD, form(**changes))

    assert answer.status_code == 200
    assert error in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_editing_keeps_the_secret_and_may_drop_the_filter(boss, client, channel):
    client.post(ADD, form())
    before = WebhookEndpoint.objects.get()

    client.post(page(before), form(filter_channel=[], kinds=["*"]))

    after = WebhookEndpoint.objects.get()
    assert (after.secret, after.filters, after.kinds) == (before.secret, {}, ["*"])


def test_looking_at_a_dialog_changes_nothing(boss, client, endpoint):
    for name in ("test", "rotate", "replay"):
        assert client.get(act(endpoint, name)).status_code == 200
        assert act(endpoint, name) in client.get(page(endpoint)).content.decode()

    secret = endpoint.secret
    endpoint.refresh_from_db()
    assert endpoint.secret == secret
    assert not Event.objects.exists()


def test_a_test_event_is_sent(boss, client, endpoint):
    answer = client.post(act(endpoint, "test"), follow=True)

    assert said(answer) == ["A test event is on its way: see the deliveries."]
    delivery = WebhookDelivery.objects.get()
    assert (delivery.event.kind, delivery.event.actor_id) == ("webhook.tested", boss.pk)
    WebhookEndpoint.objects.update(is_active=False)
    refused = client.post(act(endpoint, "test"), follow=True)
    assert said(refused) == ["The endpoint is switched off."]
    assert WebhookDelivery.objects.count() == 1


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(boss, client, endpoint):
    old = endpoint.secret

    answer = client.post(act(endpoint, "rotate"), follow=True)

    endpoint.refresh_from_db()
    assert said(answer) == [f"The secret, shown this once: {endpoint.secret}"]
    assert endpoint.previous_secret == old != endpoint.secret
    left = endpoint.previous_secret_until - timezone.now()
    assert timedelta(hours=23, minutes=59) < left <= timedelta(days=1)
    assert Event.objects.get().kind == "webhook.secret_rotated"


def test_all_since_is_sent_again(boss, client, endpoint, place):
    place()
    values = {"since": "2026-01-01T00:00"}

    assert client.post(act(endpoint, "replay"), {"since": "x"}).status_code == 200
    assert not WebhookDelivery.objects.exists()
    answer = client.post(act(endpoint, "replay"), values, follow=True)

    assert said(answer) == ["1 events are sent again."]
    assert WebhookDelivery.objects.get().status == "QUEUED"


def test_deliveries_show_their_message_and_answers_and_are_sent_again_once_confirmed(
    boss, client, endpoint, place, drain
):
    order = place()
    drain()
    WebhookDelivery.objects.update(status="DEAD", attempts=9, answer_status=500)
    delivery = WebhookDelivery.objects.get()
    WebhookAttempt.objects.create(
        delivery=delivery, at=timezone.now(), status=500, milliseconds=12, answer="out of <b>ink"
    )

    shown = client.get(reverse("admin:core_webhookdelivery_change", args=[delivery.pk]))
    text = shown.content.decode()
    assert "out of &lt;b&gt;ink" in text
    assert f"&quot;order_number&quot;: &quot;{order.order_number}&quot;" in text
    chosen = {"action": "replay", "_selected_action": [delivery.pk]}
    asked = client.post(LIST, chosen).content.decode()
    assert "Send 1 webhook delivery again, under the same id." in asked
    delivery.refresh_from_db()
    assert delivery.status == "DEAD"

    answer = client.post(LIST, chosen | {"confirmed": "1"}, follow=True)

    assert said(answer) == ["Send again: 1 done."]
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("QUEUED", 0)


def test_who_may_only_look_does_nothing(db, client, endpoint, place, drain):
    clerk = User.objects.create(username="clerk", is_staff=True)
    names = ["view_webhookendpoint", "view_webhookdelivery"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(clerk)
    place()
    drain()
    WebhookDelivery.objects.update(status="DEAD")

    for name in ("test", "rotate", "replay"):
        assert client.post(act(endpoint, name)).status_code == 403
        assert act(endpoint, name) not in client.get(page(endpoint)).content.decode()
    pk = WebhookDelivery.objects.get().pk
    client.post(LIST, {"action": "replay", "_selected_action": [pk], "confirmed": "1"})

    assert WebhookDelivery.objects.get().status == "DEAD"
    assert Event.objects.filter(kind__startswith="webhook.").count() == 0
