import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from backoffice.core.models import ApiToken, InboundMessage, Job, TaskSwitch, User
from backoffice.core.tokens import find_token
from tests.fixtures.core import NOW


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def said(response):
    return [str(m) for m in response.context["messages"]]


def test_a_token_is_shown_once(boss, client):
    values = {"name": "Shop", "scopes": "orders:read", "allowed_ips": "192.0.2.1"}

    answer = client.post(reverse("admin:core_apitoken_add"), values, follow=True)

    text = re.search(r"bo_\w+_\S+", said(answer)[0])
    assert text is not None
    token = ApiToken.objects.get()
    assert find_token(text[0], address="192.0.2.1", now=NOW) == token
    assert token.history.last().history_user == boss
    page = client.get(reverse("admin:core_apitoken_change", args=[token.pk])).content.decode()
    assert text[0] not in page
    assert token.secret_hash not in page


def test_a_job_is_paused_and_goes_on(boss, client):
    switch = {"task": "core.forget_old_runs", "note": "moving house"}

    assert client.post(reverse("admin:core_taskswitch_add"), switch).status_code == 302

    row = TaskSwitch.objects.get()
    assert (row.is_running, row.history.get().history_user) == (False, boss)
    unknown = client.post(reverse("admin:core_taskswitch_add"), {"task": "no.such"})
    assert unknown.status_code == 200
    assert TaskSwitch.objects.count() == 1


@pytest.mark.parametrize(
    ("permissions", "moved"),
    [(["view_inboundmessage"], False), (["view_inboundmessage", "change_inboundmessage"], True)],
)
def test_only_who_may_change_messages_replays_them(db, client, permissions, moved):
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(clerk)
    message = InboundMessage.objects.create(
        source="none", external_id="1", body="", status="REFUSED", reason="bad"
    )

    client.post(
        reverse("admin:core_inboundmessage_changelist"),
        {"action": "replay", "_selected_action": [message.pk]},
    )

    message.refresh_from_db()
    assert (message.status == "NEW") is moved
