"""What somebody may change of their own."""

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.access.second_factor import set_up
from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from tests.fixtures.core import NOW

ACCOUNT = "/admin/account/"
OUT = "/admin/account/sign-out/"


@pytest.fixture
def clerk(db):
    return User.objects.create_user("clerk", password="x", is_staff=True)


@pytest.fixture
def page(clerk):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(clerk)
    return client


def test_language_and_zone_are_chosen_and_noticed_at_once(page, clerk):
    answer = page.post(ACCOUNT, {"language": "zh-hans", "time_zone": "Asia/Shanghai"}, follow=True)

    clerk.refresh_from_db()
    assert (clerk.language, clerk.time_zone) == ("zh-hans", "Asia/Shanghai")
    assert clerk.history.first().history_user == clerk
    text = answer.content.decode()
    assert "已保存。" in text
    assert '<option value="Asia/Shanghai" selected>' in text


@pytest.mark.parametrize(
    "values",
    [{"language": "xx", "time_zone": "UTC"}, {"language": "en", "time_zone": "Mars/Olympus"}],
)
def test_what_is_none_is_refused(page, clerk, values):
    answer = page.post(ACCOUNT, values | {"is_superuser": "on"})

    assert "Select a valid choice." in answer.content.decode()
    clerk.refresh_from_db()
    assert (clerk.language, clerk.time_zone, clerk.is_superuser) == ("", "UTC", False)


def test_nobody_becomes_more_by_it(page, clerk):
    values = {"language": "en", "time_zone": "UTC", "is_superuser": "on", "username": "boss"}
    page.post(ACCOUNT, values)

    clerk.refresh_from_db()
    assert (clerk.username, clerk.is_superuser, clerk.language) == ("clerk", False, "en")


def test_the_second_factor_is_told(page, clerk):
    assert reverse("admin:second_factor_set_up") in page.get(ACCOUNT).content.decode()
    with acting(clerk.pk):
        set_up(clerk, "ff" * 20, 0, now=NOW)
    page.force_login(User.objects.get(pk=clerk.pk))
    session = page.session
    session["second_factor"] = "given"
    session.save()

    assert "10 recovery codes are left." in page.get(ACCOUNT).content.decode()


def test_one_signs_out_everywhere_by_post(page, clerk):
    other = Client()
    other.force_login(clerk)
    assert page.get(OUT).status_code == 405

    answer = page.post(OUT, follow=True)

    assert "You are signed out everywhere." in answer.content.decode()
    for client in (page, other):
        assert client.get(ACCOUNT).status_code == 302
    event = Event.objects.get(kind="user.signed_out")
    assert (event.subject_id, event.actor_id) == (clerk.pk, clerk.pk)


def test_strangers_have_no_account(db):
    for client_call in (Client().get, Client().post):
        assert client_call(ACCOUNT)["Location"].startswith("/admin/login/")
        assert client_call(OUT)["Location"].startswith("/admin/login/")
