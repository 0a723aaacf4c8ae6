"""How long a session lasts."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from backoffice.core.access.sessions import sign_out_everywhere
from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from tests.fixtures.core import NOW

PASSWORD = "four words to remember"


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def clock(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def sign_in(user):
    browser = Client()
    values = {"username": user.username, "password": PASSWORD, "next": "/admin/"}
    assert browser.post("/admin/login/", values)["Location"] == "/admin/"
    return browser


def is_in(browser):
    return browser.get("/admin/core/job/").status_code == 200


def test_who_works_stays_in_and_who_leaves_is_out_after_eight_hours(boss, clock):
    browser = sign_in(boss)

    clock.shift(timedelta(hours=7))
    assert is_in(browser)
    clock.shift(timedelta(hours=4, minutes=50))
    assert is_in(browser)

    idle = sign_in(boss)
    clock.shift(timedelta(hours=8, seconds=1))
    assert not is_in(idle)


def test_nobody_stays_in_for_more_than_twelve_hours(boss, clock):
    browser = sign_in(boss)

    for _ in range(3):
        clock.shift(timedelta(hours=4))
        assert is_in(browser)
    clock.shift(timedelta(seconds=1))

    assert not is_in(browser)
    assert Session.objects.count() == 0


def test_a_page_writes_the_session_only_now_and_then(boss, clock, django_assert_num_queries):
    browser = sign_in(boss)
    url = "/admin/jsi18n/"

    clock.shift(timedelta(minutes=5))
    with django_assert_num_queries(2):  # session, user
        browser.get(url)
    clock.shift(timedelta(seconds=1))
    browser.get(url)

    assert browser.session["seen_at"] == NOW.timestamp() + 301


def test_a_session_gets_a_new_key_when_somebody_signs_in(boss):
    browser = Client()
    browser.get("/admin/login/")
    session = browser.session
    session["mine"] = 1
    session.save()
    before = browser.cookies["sessionid"].value

    values = {"username": "boss", "password": PASSWORD}
    answer = browser.post("/admin/login/", values)

    cookie = answer.cookies["sessionid"]
    assert cookie.value != before
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 43200)
    assert not Session.objects.filter(session_key=before).exists()


def test_all_sessions_end_at_once(boss):
    here, there = sign_in(boss), sign_in(boss)

    with acting(boss.pk):
        sign_out_everywhere([boss.pk], now=NOW, reason="lost laptop")

    assert not is_in(here)
    assert not is_in(there)
    event = Event.objects.get(kind="user.signed_out")
    assert (event.subject_id, event.actor_id, event.reason) == (boss.pk, boss.pk, "lost laptop")
    assert is_in(sign_in(boss))


def test_a_new_password_ends_the_other_sessions(boss):
    here, there = sign_in(boss), sign_in(boss)
    new = "another five words to remember"

    values = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", values).status_code == 302

    assert is_in(here)
    assert not is_in(there)


def test_who_is_switched_off_is_out(boss):
    browser = sign_in(boss)

    User.objects.filter(pk=boss.pk).update(is_active=False)

    assert not is_in(browser)


def test_a_short_password_is_refused(boss):
    browser = sign_in(boss)

    values = {
        "old_password": PASSWORD,
        "new_password1": "Ab3$efgh9xy",
        "new_password2": "Ab3$efgh9xy",
    }
    answer = browser.post("/admin/password_change/", values)

    assert "at least 12 characters" in answer.content.decode()
