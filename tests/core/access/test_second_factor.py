"""The second factor: set up, asked, refused, lost."""

import re
from base64 import b32decode
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
import time_machine
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver, reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from backoffice.core.access.second_factor import (
    check_code,
    offer_key,
    recovery_codes_left,
    reset_second_factors,
    set_up,
)
from backoffice.core.actor import acting
from backoffice.core.models import Event, User
from backoffice.core.tokens import create_token
from tests.fixtures.core import NOW, together

PASSWORD = "four words to remember"
KEY = "3132333435363738393031323334353637383930"
CODE, SET_UP, RENEW = (
    reverse(f"admin:{name}") for name in ("second_factor", "second_factor_set_up", "recovery_codes")
)


@pytest.fixture(autouse=True)
def clock(db):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def codes(boss):
    """Give the boss a second factor; return the recovery codes."""
    with acting(boss.pk):
        return set_up(boss, KEY, 0, now=NOW)


def code_now(key=KEY):
    return f"{totp(bytes.fromhex(key)):06d}"


def sign_in(user, **extra):
    browser = Client()
    values = {"username": user.username, "password": PASSWORD}
    assert browser.post("/admin/login/?next=/admin/", values, **extra).status_code == 302
    return browser


def is_in(browser):
    return browser.get("/admin/core/job/").status_code == 200


def give(browser, code, **values):
    return browser.post(CODE, {"code": code, **values})


def errors(response):
    return re.findall(r'<ul class="errorlist"[^>]*><li>([^<]*)</li>', response.content.decode())


def test_who_gave_the_password_alone_is_asked_for_the_code(boss, codes):
    browser = sign_in(boss)

    chain = browser.get("/admin/orders/order/", follow=True).redirect_chain
    assert unquote(chain[-1][0]) == f"{CODE}?next=/admin/orders/order/"
    assert not is_in(browser)

    answer = give(browser, code_now(), next="/admin/orders/order/")

    assert answer["Location"] == "/admin/orders/order/"
    assert is_in(browser)


def staff_pages():
    """Return every address of the staff site that takes no argument."""
    found = []
    for pattern in get_resolver("backoffice.urls").url_patterns:
        if getattr(pattern, "namespace", "") != "admin":
            continue
        for inner in pattern.url_patterns:
            stack = [(str(inner.pattern), inner)]
            while stack:
                path, item = stack.pop()
                if hasattr(item, "url_patterns"):
                    stack += [(path + str(p.pattern), p) for p in item.url_patterns]
                elif not re.search(r"[<(?]", path):
                    found.append(f"/admin/{path}")
    return found


OPEN = {"/admin/login/", CODE, SET_UP}


def test_every_page_of_the_staff_site_refuses_half_a_sign_in(boss, codes):
    browser = sign_in(boss)
    pages = staff_pages()

    assert len(pages) > 100
    for url in pages:
        if url in OPEN:
            continue
        for answer in (browser.get(url), browser.post(url)):
            assert answer.status_code == 302, url
            assert "/admin/login/" in answer["Location"] or answer["Location"] in (
                "/admin/",
                SET_UP + "?next=%2Fadmin%2F",
            ), url


def test_the_api_refuses_half_a_sign_in(boss, codes):
    browser = sign_in(boss)

    assert browser.get("/api/v1/orders/").status_code == 401
    give(browser, code_now())
    assert browser.get("/api/v1/orders/").status_code == 200


def test_half_a_sign_in_ends_after_a_quarter_of_an_hour(boss, codes, clock):
    browser = sign_in(boss)
    clock.shift(timedelta(minutes=15, seconds=1))

    give(browser, code_now())

    assert not is_in(browser)


def test_the_session_gets_a_new_key_with_the_code(boss, codes):
    browser = sign_in(boss)
    before = browser.cookies["sessionid"].value

    give(browser, code_now())

    assert browser.cookies["sessionid"].value != before


def test_a_session_from_before_it_was_required_is_half(boss, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    browser = sign_in(boss)
    assert is_in(browser)

    settings.REQUIRE_SECOND_FACTOR = True

    assert not is_in(browser)


def test_where_it_is_not_required_who_has_one_is_asked_and_others_are_not(boss, codes, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    bob = User.objects.create_superuser("bob", password=PASSWORD)

    assert is_in(sign_in(bob))
    assert not is_in(sign_in(boss))


def test_a_code_opens_once(boss, codes, clock):
    code = code_now()
    give(sign_in(boss), code)

    again = sign_in(boss)
    assert errors(give(again, code)) == [
        "This code is wrong, too old, or was used before. Wait for the next one."
    ]
    assert not is_in(again)
    clock.shift(timedelta(seconds=31))
    give(again, code_now())
    assert is_in(again)


@pytest.mark.django_db(transaction=True)
def test_a_code_opens_once_for_those_who_come_together(boss, codes):
    browsers = [sign_in(boss) for _ in range(3)]
    code, barrier = code_now(), Barrier(3)

    def enter(browser):
        barrier.wait(10)
        return give(browser, code).status_code

    answers = together(*(lambda b=b: enter(b) for b in browsers), start=False)

    assert sorted(answers) == [200, 200, 302]


def test_a_code_may_be_half_a_minute_late_but_no_later(boss, codes, clock):
    browser, code = sign_in(boss), code_now()
    clock.shift(timedelta(seconds=61))
    give(browser, code)
    assert not is_in(browser)

    clock.shift(timedelta(seconds=5))
    code = code_now()
    clock.shift(timedelta(seconds=30))
    give(browser, code)

    assert is_in(browser)


def test_wrong_codes_cost_more_and_more_time(boss, codes, clock):
    browser = sign_in(boss)

    give(browser, "000000")
    assert errors(give(browser, code_now())) == ["Too many wrong codes. Try again at 09:30:01."]
    for pause in (1, 2, 4, 8):
        clock.shift(timedelta(seconds=pause))
        give(browser, "000000")
    assert errors(give(browser, code_now())) == ["Too many wrong codes. Try again at 09:30:31."]

    clock.shift(timedelta(seconds=16))
    give(browser, code_now())

    assert is_in(browser)


@pytest.mark.parametrize("code", ["", "12345", "１２３４５６", "0" * 21, "abcd-efgh", "\x00", "-1"])
def test_what_is_no_code_is_refused(boss, codes, code):
    answer = give(sign_in(boss), code)

    assert answer.status_code == 200
    assert len(errors(answer)) == 1


def test_a_recovery_code_opens_once_and_says_what_is_left(boss, codes):
    browser = sign_in(boss)
    answer = browser.post(CODE, {"code": f" {codes[0].upper()} "}, follow=True)

    assert "9 recovery codes are left." in answer.content.decode()
    assert is_in(browser)
    event = Event.objects.get(kind="user.recovery_code_used")
    assert (event.subject_id, event.actor_id, event.data) == (boss.pk, boss.pk, {"left": 9})

    again = sign_in(boss)
    give(again, codes[0])
    assert not is_in(again)


def test_the_database_knows_no_recovery_code(boss, codes):
    kept = set(StaticToken.objects.values_list("token", flat=True))

    assert len(codes) == len(kept) == 10
    assert not kept & {code.replace("-", "") for code in codes}


def test_ones_code_opens_no_other_door(boss, codes, actor):
    bob = User.objects.create_superuser("bob", password=PASSWORD)
    set_up(bob, "ff" * 20, 0, now=NOW)

    assert not check_code(bob, codes[0], now=NOW).is_right
    assert not check_code(bob, code_now(), now=NOW).is_right
    assert check_code(boss, code_now(), now=NOW).is_right


def page_key(page):
    text = page.content.decode()
    sealed = re.search(r'name="sealed" value="([^"]+)"', text)[1]
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", text)[1]
    return sealed, key


def as_hex(key):
    return b32decode(key.replace(" ", "")).hex()


def test_the_first_sign_in_sets_it_up(boss, clock):
    browser = sign_in(boss)
    page = browser.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0].startswith(SET_UP)
    assert 'class="qr"' in page.content.decode()
    assert TOTPDevice.objects.count() == 0

    sealed, key = page_key(page)
    code = code_now(as_hex(key))
    answer = browser.post(SET_UP, {"sealed": sealed, "new_code": code})

    shown = re.findall(r"<li>(\w{4}-\w{4})</li>", answer.content.decode())
    assert len(shown) == 10
    assert "no-store" in answer["Cache-Control"]
    assert is_in(browser)
    event = Event.objects.get(kind="user.second_factor_set_up")
    assert (event.subject_id, event.actor_id) == (boss.pk, boss.pk)

    other = sign_in(boss)
    give(other, code)
    assert not is_in(other)
    clock.shift(timedelta(seconds=31))
    give(other, shown[0])
    assert is_in(other)


def test_a_wrong_code_sets_nothing_up(boss):
    browser = sign_in(boss)
    sealed, _key = page_key(browser.get(SET_UP))

    answer = browser.post(SET_UP, {"sealed": sealed, "new_code": "000000"})

    assert errors(answer) == [
        "This code does not fit. Scan the new picture and enter the code it shows."
    ]
    assert TOTPDevice.objects.count() == 0
    assert not is_in(browser)


@pytest.mark.parametrize("case", ["old", "foreign", "forged"])
def test_only_a_key_that_was_offered_to_this_user_now_is_taken(boss, clock, case):
    browser = sign_in(boss)
    sealed, key = page_key(browser.get(SET_UP))
    if case == "old":
        clock.shift(timedelta(minutes=14))
        browser = sign_in(boss)
        clock.shift(timedelta(minutes=1, seconds=1))
    elif case == "foreign":
        sealed = offer_key(User.objects.create(username="eve")).sealed
    else:
        sealed = sealed[:-1] + ("A" if sealed[-1] != "A" else "B")

    answer = browser.post(SET_UP, {"sealed": sealed, "new_code": code_now(as_hex(key))})

    assert len(errors(answer)) == 1
    assert TOTPDevice.objects.count() == 0


def test_who_gave_the_password_alone_replaces_no_second_factor(boss, codes):
    browser = sign_in(boss)
    offer = offer_key(boss)
    values = {"sealed": offer.sealed, "new_code": code_now(as_hex(offer.text)), "code": code_now()}

    assert browser.get(SET_UP)["Location"].startswith("/admin/login/")
    assert browser.post(SET_UP, values)["Location"].startswith("/admin/login/")
    assert TOTPDevice.objects.get().key == KEY


def entered(user):
    browser = sign_in(user)
    give(browser, code_now())
    assert is_in(browser)
    return browser


def test_a_new_phone_needs_a_code_of_the_old_one_and_ends_other_sessions(boss, codes, clock):
    browser = entered(boss)
    clock.shift(timedelta(seconds=31))
    other = entered(boss)
    clock.shift(timedelta(seconds=31))
    sealed, key = page_key(browser.get(SET_UP))
    values = {"sealed": sealed, "new_code": code_now(as_hex(key))}

    assert len(errors(browser.post(SET_UP, {**values, "code": "000000"}))) == 1
    assert TOTPDevice.objects.get().key == KEY
    clock.shift(timedelta(seconds=2))
    # A code is not used up where the other one is wrong.
    browser.post(SET_UP, {**values, "new_code": "000000", "code": code_now()})
    browser.post(SET_UP, {**values, "code": code_now()})

    assert TOTPDevice.objects.get().key == as_hex(key)
    assert is_in(browser)
    assert not is_in(other)


def test_new_recovery_codes_take_a_code_and_the_place_of_the_old(boss, codes, clock):
    browser = entered(boss)
    clock.shift(timedelta(seconds=31))

    assert errors(browser.post(RENEW, {"code": "000000"}))
    clock.shift(timedelta(seconds=2))
    answer = browser.post(RENEW, {"code": code_now()})

    assert len(re.findall(r"<li>\w{4}-\w{4}</li>", answer.content.decode())) == 10
    assert recovery_codes_left(boss) == 10
    again = sign_in(boss)
    give(again, codes[0])
    assert not is_in(again)


def test_nobody_has_no_recovery_codes_to_renew(db):
    assert Client().get(RENEW)["Location"].startswith(SET_UP)
    assert Client().get(SET_UP)["Location"].startswith("/admin/login/")


def test_a_reset_ends_all_sessions_and_lets_them_set_up_anew(boss, codes, actor):
    browser = entered(boss)

    reset_second_factors([boss.pk], now=NOW, reason="phone lost, saw the passport")

    assert not is_in(browser)
    assert (TOTPDevice.objects.count(), StaticToken.objects.count()) == (0, 0)
    event = Event.objects.get(kind="user.second_factor_reset")
    assert (event.subject_id, event.reason) == (boss.pk, "phone lost, saw the passport")
    assert sign_in(boss).get("/admin/", follow=True).redirect_chain[-1][0].startswith(SET_UP)


def test_the_last_administrator_is_helped_on_the_machine(boss, codes):
    call_command("reset_second_factor", "boss", reason="phone lost")

    assert Event.objects.get(kind="user.second_factor_reset").reason == "phone lost"
    with pytest.raises(CommandError, match="There is no user 'eve'"):
        call_command("reset_second_factor", "eve", reason="x")


def test_one_can_leave_for_somebody_else(boss, codes):
    browser = sign_in(boss)

    answer = browser.post(CODE, {"leave": "1"}, follow=True)

    assert answer.redirect_chain[-1][0] == "/admin/login/?next=/admin/"
    assert "sessionid" not in {k for k, v in browser.cookies.items() if v.value}


def test_the_pages_speak_the_users_language_and_go_nowhere_else(boss, codes):
    User.objects.update(language="zh-hans")
    browser = sign_in(boss, headers={"Accept-Language": "en"})

    page = browser.get(f"{CODE}?next=https://evil.example/")

    assert 'lang="zh-hans"' in page.content.decode()
    assert give(browser, code_now(), next="https://evil.example/")["Location"] == "/admin/"


def test_the_keys_have_no_screen():
    labels = {model._meta.app_label for model in admin.site._registry}

    assert not labels & {"otp_totp", "otp_static"}


def test_a_token_needs_no_second_factor(db):
    headers = {"Authorization": f"Bearer {create_token('Shop', ['orders:read'])[1]}"}
    assert Client().get("/api/v1/orders/", headers=headers).status_code == 200
