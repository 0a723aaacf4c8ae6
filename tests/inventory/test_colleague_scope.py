"""A colleague's warehouses are chosen where the colleague is added."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.core.models import User
from inventory.models import UserScope

ADD = "/admin/core/user/add/"
ANA = {"first_name": "Ana", "email": "ana@example.com", "language": "", "time_zone": "UTC"}


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("boss", "boss@example.com", "x")


def browser(user):
    client = Client()
    client.force_login(user)
    return client


def scope(codes, first=0, **values):
    return {
        "scope-TOTAL_FORMS": 1,
        "scope-INITIAL_FORMS": first,
        "scope-0-warehouse_ids": codes,
        "scope-0-seller_ids": "",
        "scope-0-is_active": "on",
        **values,
    }


def test_a_colleague_is_limited_in_the_same_form(boss, house):
    browser(boss).post(ADD, ANA | scope(house.code))

    row = UserScope.objects.get(user__email="ana@example.com")
    assert row.warehouse_ids == [house.pk]
    page = browser(boss).get(reverse("admin:core_user_change", args=[row.user_id]))
    assert f">\n{house.code}</textarea>" in page.content.decode()

    values = scope("", 1, **{"scope-0-id": row.pk, "scope-0-user": row.user_id})
    url = reverse("admin:core_user_change", args=[row.user_id])
    browser(boss).post(url, ANA | {"username": "ana", "is_active": "on"} | values)
    row.refresh_from_db()
    assert row.warehouse_ids == []


def test_an_unknown_warehouse_adds_nobody(boss):
    answer = browser(boss).post(ADD, ANA | scope("NOWHERE"))

    assert "NOWHERE is unknown" in answer.content.decode()
    assert not User.objects.filter(email="ana@example.com").exists()


def test_none_is_limited_where_nothing_is_said(boss):
    browser(boss).post(ADD, ANA | scope(""))

    assert User.objects.filter(email="ana@example.com").exists()
    assert not UserScope.objects.exists()


def test_who_is_limited_adds_nobody(db, house):
    manager = User.objects.create(username="manager", email="m@example.com", is_staff=True)
    names = ["view_user", "add_user", "change_user", "add_userscope", "change_userscope"]
    manager.user_permissions.set(Permission.objects.filter(codename__in=names))
    UserScope.objects.create(user=manager, warehouse_ids=[house.pk])

    answer = browser(manager).post(ADD, ANA | scope(""))

    assert answer.status_code == 403
    assert not User.objects.filter(email="ana@example.com").exists()
