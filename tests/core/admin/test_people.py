"""Colleagues: added in one form, given roles, helped, kept from more than their manager has."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.access.second_factor import set_up
from backoffice.core.actor import acting
from backoffice.core.choices import Role, UserKind
from backoffice.core.models import Event, StaffRole, User
from backoffice.core.tokens import create_token
from tests.fixtures.core import NOW

ADD = "/admin/core/user/add/"
PASSWORD = "four words to remember"
INLINE = {"scope-TOTAL_FORMS": 0, "scope-INITIAL_FORMS": 0}
ANA = {
    "first_name": "Ana",
    "last_name": "Lima",
    "email": "Ana.Lima@example.com",
    "language": "zh-hans",
    "time_zone": "Asia/Shanghai",
    **INLINE,
}


def group(role):
    return Group.objects.get(staff_role__role=role)


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", "boss@example.com", PASSWORD)


@pytest.fixture
def manager(db):
    """Somebody who manages users, and does a warehouse's work."""
    user = User.objects.create(username="manager", email="m@example.com", is_staff=True)
    names = ["view_user", "change_user", "add_user"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    user.groups.add(group(Role.WAREHOUSE))
    return user


def add(user, **values):
    return browser(user).post(ADD, ANA | values, follow=True)


def page(user):
    return reverse("admin:core_user_change", args=[user.pk])


def act(by, user, name, **values):
    url = reverse("admin:core_user_act", args=[user.pk, name])
    return browser(by).post(url, values, follow=True)


def link_in(answer):
    return re.search(r"http://testserver(/admin/set-password/[^ <]+)", answer.content.decode())[1]


def said(answer):
    return [str(m) for m in answer.context["messages"]]


def test_a_colleague_is_added_in_one_form_and_sets_the_password_by_a_link(boss):
    answer = add(boss, groups=[group(Role.WAREHOUSE).pk, group(Role.SERVICE).pk])

    ana = User.objects.get(email="Ana.Lima@example.com")
    assert (ana.username, ana.kind, ana.is_staff) == ("ana.lima@example.com", "PERSON", True)
    assert (ana.language, ana.time_zone) == ("zh-hans", "Asia/Shanghai")
    assert (ana.is_superuser, ana.has_usable_password()) == (False, False)
    assert set(ana.groups.values_list("staff_role__role", flat=True)) == {"WAREHOUSE", "SERVICE"}
    changed = Event.objects.get(kind="user.roles_changed")
    assert (changed.subject_id, changed.actor_id) == (ana.pk, boss.pk)
    assert changed.data == {"given": "Customer service, Warehouse", "taken": ""}
    assert ana.history.earliest().history_user == boss

    guest = Client(headers={"Accept-Language": "en"})
    form = guest.get(link_in(answer), follow=True)
    assert form.redirect_chain[-1][0].endswith("/choose/")
    assert 'lang="zh-hans"' in form.content.decode()
    values = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    done = guest.post(form.redirect_chain[-1][0], values, follow=True)
    assert done.redirect_chain[-1][0] == "/admin/login/"
    entered = guest.post("/admin/login/", {"username": ana.username, "password": PASSWORD})
    assert entered.status_code == 302
    assert guest.get("/admin/logistics/shipment/").status_code == 200
    assert guest.get("/admin/finance/payout/").status_code == 403
    event = Event.objects.get(kind="user.password_set")
    assert (event.subject_id, event.actor_id) == (ana.pk, ana.pk)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"email": ""}, "This field is required."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"email": "BOSS@example.com"}, "boss has this address."),
        ({"username": "boss"}, "A user with that username already exists."),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
        ({"groups": [0]}, "Select a valid choice."),
    ],
)
def test_a_form_that_is_wrong_says_so_and_adds_nobody(boss, values, words):
    answer = add(boss, **values)

    assert words in answer.content.decode()
    assert User.objects.filter(kind="PERSON").count() == 1


def test_the_same_form_twice_adds_one(boss):
    add(boss)
    answer = add(boss)

    assert "Ana Lima has this address." in answer.content.decode()
    assert User.objects.filter(email=ANA["email"]).count() == 1


@pytest.fixture
def ana(boss):
    add(boss, groups=[group(Role.WAREHOUSE).pk])
    return User.objects.get(email=ANA["email"])


def open_link(path):
    guest = Client()
    return guest, guest.get(path, follow=True)


def test_a_link_opens_once_and_the_newest_alone(boss, ana):
    old = link_in(act(boss, ana, "link"))
    new = link_in(act(boss, ana, "link"))

    assert not open_link(old)[1].context["validlink"]
    guest, form = open_link(new)
    values = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    guest.post(form.redirect_chain[-1][0], values)
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)
    assert not open_link(new)[1].context["validlink"]


def test_a_link_is_good_for_a_day_and_for_who_may_come_in(boss, ana):
    with time_machine.travel(NOW, tick=False) as clock:
        link = link_in(act(boss, ana, "link"))
        clock.shift(timedelta(hours=24))
        assert open_link(link)[1].context["validlink"]
        clock.shift(timedelta(seconds=1))
        assert not open_link(link)[1].context["validlink"]

    link = link_in(act(boss, ana, "link"))
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert not open_link(link)[1].context["validlink"]


def test_a_new_link_signs_out_and_is_told(boss, ana):
    hers = browser(ana)
    assert hers.get("/admin/").status_code == 200

    act(boss, ana, "link")

    assert hers.get("/admin/").status_code == 302
    assert Event.objects.filter(kind="user.password_link_made", subject_id=ana.pk).count() == 2
    timeline = browser(boss).get(page(ana)).content.decode()
    assert "A password link was made" in timeline
    assert "given: Warehouse" in timeline


def test_looking_at_a_dialog_does_nothing(boss, ana):
    before = Event.objects.count()
    for name in ("link", "sign-out"):
        answer = browser(boss).get(reverse("admin:core_user_act", args=[ana.pk, name]))
        assert answer.status_code == 200

    assert Event.objects.count() == before


def test_signing_out_somebody_needs_a_reason(boss, ana):
    hers = browser(ana)
    act(boss, ana, "sign-out", reason="")
    assert hers.get("/admin/").status_code == 200

    act(boss, ana, "sign-out", reason="laptop stolen")

    assert hers.get("/admin/").status_code == 302
    assert Event.objects.latest("pk").reason == "laptop stolen"


def test_a_lost_second_factor_is_reset_by_a_superuser_with_a_reason(boss, ana, manager):
    assert act(boss, ana, "reset", reason="x").status_code == 403
    with acting(ana.pk):
        set_up(ana, "ff" * 20, 0, now=NOW)
    assert act(manager, ana, "reset", reason="x").status_code == 403
    act(boss, ana, "reset", reason="")
    assert not Event.objects.filter(kind="user.second_factor_reset").exists()
    assert "Set up on" in browser(boss).get(page(ana)).content.decode()

    act(boss, ana, "reset", reason="saw the passport")

    event = Event.objects.get(kind="user.second_factor_reset")
    assert (event.subject_id, event.actor_id, event.reason) == (ana.pk, boss.pk, "saw the passport")
    assert "Not set up" in browser(boss).get(page(ana)).content.decode()


def test_roles_are_taken_and_told(boss, ana):
    browser(boss).post(page(ana), ANA | {"is_active": "on", "groups": [group(Role.FINANCE).pk]})

    event = Event.objects.latest("pk")
    assert (event.kind, event.data) == (
        "user.roles_changed",
        {"given": "Finance", "taken": "Warehouse"},
    )


def test_who_is_switched_off_stays_in_the_books(boss, ana):
    hers = browser(ana)

    browser(boss).post(page(ana), ANA | {"groups": []})

    ana.refresh_from_db()
    assert (ana.is_active, ana.username) == (False, "ana.lima@example.com")
    assert hers.get("/admin/").status_code == 302
    assert browser(boss).post(page(ana).replace("change", "delete")).status_code == 403


@pytest.mark.parametrize("name", ["is_active", "is_superuser"])
def test_nobody_shuts_themselves_out(boss, name):
    values = ANA | {"email": "boss@example.com", "is_active": "on", "is_superuser": "on"}
    del values[name]

    answer = browser(boss).post(page(boss), values)

    assert "Let somebody else take this from you." in answer.content.decode()
    boss.refresh_from_db()
    assert getattr(boss, name)


def test_a_manager_gives_only_roles_that_they_have(manager):
    form = browser(manager).get(ADD).content.decode()
    assert re.findall(r'name="groups" value="(\d+)"', form) == [str(group(Role.WAREHOUSE).pk)]

    add(manager, groups=[group(Role.FINANCE).pk])
    assert not User.objects.filter(email=ANA["email"]).exists()
    add(manager, groups=[group(Role.WAREHOUSE).pk], is_superuser="on", user_permissions=[1])

    ana = User.objects.get(email=ANA["email"])
    assert (ana.is_superuser, ana.user_permissions.count(), ana.groups.count()) == (False, 0, 1)


def test_a_manager_gives_themselves_nothing(manager):
    values = ANA | {
        "email": "m@example.com",
        "is_active": "on",
        "is_superuser": "on",
        "user_permissions": [p.pk for p in Permission.objects.all()[:5]],
        "groups": [group(Role.WAREHOUSE).pk],
    }
    assert browser(manager).post(page(manager), values).status_code == 302

    manager.refresh_from_db()
    assert (manager.is_superuser, manager.user_permissions.count()) == (False, 3)
    assert manager.first_name == "Ana"


@pytest.fixture
def treasurer(db):
    user = User.objects.create(username="treasurer", email="t@example.com", is_staff=True)
    user.groups.add(group(Role.FINANCE))
    return user


def test_a_manager_touches_nobody_who_may_do_more(manager, boss, treasurer):
    for other in (boss, treasurer):
        assert browser(manager).get(page(other)).status_code == 200
        assert browser(manager).post(page(other), ANA | {"is_active": "on"}).status_code == 403
        for name in ("link", "sign-out", "reset"):
            assert act(manager, other, name, reason="x").status_code == 403
    assert not Event.objects.exists()


def test_programs_and_jobs_are_no_colleagues(boss):
    token, _text = create_token("Shop", ["orders:read"])
    for user in (token.user, User.objects.filter(kind=UserKind.JOB)[0]):
        assert browser(boss).get(page(user)).status_code == 200
        assert browser(boss).post(page(user), ANA | {"is_active": "on"}).status_code == 403
        assert act(boss, user, "link").status_code == 403


def test_only_superusers_change_what_a_group_may(manager, boss):
    names = ["view_group", "change_group", "add_group"]
    manager.user_permissions.add(*Permission.objects.filter(codename__in=names))
    url = reverse("admin:auth_group_change", args=[group(Role.WAREHOUSE).pk])
    values = {"name": "W", "permissions": [Permission.objects.get(codename="approve_payout").pk]}

    assert browser(manager).post(url, values).status_code == 403
    assert browser(manager).post("/admin/auth/group/add/", values).status_code == 403
    assert browser(boss).post(url, values).status_code == 302


def test_roles_are_named_in_the_readers_language_unless_renamed(boss, ana):
    User.objects.filter(pk=boss.pk).update(language="zh-hans")
    row = StaffRole.objects.get(role=Role.ANALYST)
    Group.objects.filter(pk=row.group_id).update(name="Numbers")

    form = browser(boss).get(ADD).content.decode()

    assert re.findall(r"(?<=\s)(Numbers|仓库|审计员|Warehouse|Auditor)(?=\s*</label>)", form) == [
        "审计员",
        "Numbers",
        "仓库",
    ]
