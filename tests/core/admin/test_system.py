import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from backoffice.core.models import ApiToken, TaskSwitch, User
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
    ("scopes", "words"),
    [
        ("order:read", "There is no scope order:read."),
        ("orders:read, orders:write", "orders:write would be more than you may do yourself."),
        ("finance:read", "finance:read would be more than you may do yourself."),
    ],
)
def test_nobody_gives_a_program_more_than_they_have(db, client, scopes, words):
    clerk = User.objects.create(username="clerk", is_staff=True)
    views = Permission.objects.filter(content_type__app_label="orders", codename__contains="view_")
    names = ["add_apitoken", "change_apitoken", "view_apitoken"]
    clerk.user_permissions.set([*views, *Permission.objects.filter(codename__in=names)])
    client.force_login(clerk)
    add = reverse("admin:core_apitoken_add")

    answer = client.post(add, {"name": "Shop", "scopes": scopes})
    assert words in answer.content.decode()
    assert not ApiToken.objects.exists()

    client.post(add, {"name": "Shop", "scopes": "orders:read"})
    token = ApiToken.objects.get()
    change = reverse("admin:core_apitoken_change", args=[token.pk])
    answer = client.post(change, {"name": "Shop", "scopes": scopes, "is_active": "on"})
    assert words in answer.content.decode()
    token.refresh_from_db()
    assert token.scopes == ["orders:read"]
