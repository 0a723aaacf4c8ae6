"""Wrong passwords lock out, for a while, one user at one address."""

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from rest_framework.settings import api_settings

from backoffice.core.models import Event, User
from tests.fixtures.core import NOW

PASSWORD = "four words to remember"
LIST = "/admin/axes/accessattempt/"


@pytest.fixture(autouse=True)
def clock(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", password=PASSWORD, first_name="Ada")


def attempt(password="wrong", username="boss", **extra):
    values = {"username": username, "password": password}
    return Client().post("/admin/login/?next=/admin/", values, **extra)


def fail(times=5, **extra):
    return [attempt(**extra).status_code for _ in range(times)]


def test_the_fifth_wrong_password_locks_and_says_until_when(boss):
    assert fail() == [200, 200, 200, 200, 429]

    answer = attempt(PASSWORD)

    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    page = answer.content.decode()
    assert "Too many wrong passwords from your address." in page
    assert "Try again at 09:45:00 (UTC)." in page
    assert "sessionid" not in answer.cookies


def test_the_lock_ends_by_itself_and_trying_makes_it_no_longer(boss, clock):
    fail()
    clock.shift(timedelta(minutes=14))
    assert fail(3) == [429, 429, 429]

    clock.shift(timedelta(minutes=1, seconds=1))

    assert attempt(PASSWORD).status_code == 302
    assert AccessAttempt.objects.count() == 0


def test_a_right_password_forgets_the_wrong_ones(boss):
    fail(4)
    assert attempt(PASSWORD).status_code == 302

    assert fail(4) == [200] * 4


def test_others_and_other_addresses_are_not_locked(boss):
    User.objects.create_superuser("bob", password=PASSWORD)
    fail()

    assert attempt(PASSWORD, username="bob").status_code == 302
    assert attempt(PASSWORD, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_a_header_of_the_callers_own_changes_no_address(boss):
    assert fail(4, HTTP_X_FORWARDED_FOR="192.0.2.9") == [200] * 4
    assert fail(1, HTTP_X_FORWARDED_FOR="192.0.2.10") == [429]


def test_behind_a_proxy_callers_are_told_apart(boss, monkeypatch):
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    fail(5, HTTP_X_FORWARDED_FOR="192.0.2.9")

    assert attempt(PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.9").status_code == 429
    assert attempt(PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.10").status_code == 302


def test_no_password_is_kept(boss):
    attempt("my secret password")

    row = AccessAttempt.objects.values().get()
    assert "my secret password" not in str(row)


@pytest.mark.parametrize("name", ["x" * 2000, "a\x00b", "", "ﬁ'--"])
def test_odd_names_are_refused_quietly(db, name):
    assert attempt(username=name).status_code == 200


def test_one_address_cannot_try_everybody(db, settings):
    settings.SIGN_INS_PER_MINUTE = 3
    found = [attempt(username=f"user{n}").status_code for n in range(4)]

    assert found == [200, 200, 200, 429]
    assert attempt(username="user9", REMOTE_ADDR="192.0.2.9").status_code == 200


def test_sign_ins_and_sign_outs_are_noted(boss):
    browser = Client()
    browser.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    browser.post("/admin/logout/")

    row = AccessLog.objects.get()
    assert (row.username, row.attempt_time, row.logout_time) == ("boss", NOW, NOW)


@pytest.fixture
def helper(db):
    user = User.objects.create(username="helper", is_staff=True)
    names = ["view_accessattempt", "change_accessattempt"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


def unlock(user):
    browser = Client()
    browser.force_login(user)
    rows = list(AccessAttempt.objects.values_list("pk", flat=True))
    return browser, browser.post(LIST, {"action": "unlock", "_selected_action": rows}, follow=True)


def test_a_colleague_lifts_the_lock(boss, helper):
    fail()
    browser = Client()
    browser.force_login(helper)
    assert "Locked until 09:45:00" in browser.get(LIST).content.decode()

    _browser, answer = unlock(helper)

    assert "1 locks lifted: they may try again." in answer.content.decode()
    assert attempt(PASSWORD).status_code == 302
    event = Event.objects.get(kind="user.unlocked")
    assert (event.subject_id, event.actor_id) == (boss.pk, helper.pk)


def test_who_may_only_look_lifts_nothing(boss, helper):
    helper.user_permissions.remove(Permission.objects.get(codename="change_accessattempt"))
    fail()

    unlock(helper)

    assert AccessAttempt.objects.count() == 1
    assert attempt(PASSWORD).status_code == 429


def test_what_was_tried_is_never_edited(helper):
    fail(1, username="nobody")
    browser = Client()
    browser.force_login(helper)
    row = AccessAttempt.objects.get()

    url = reverse("admin:axes_accessattempt_change", args=[row.pk])
    assert browser.post(url, {"failures_since_start": 0}).status_code == 403
