"""The theme is a coat: everything goes through our base, and the plain admin works without it."""

import os
import re
import subprocess
import sys

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin as PlainAdmin
from django.urls import reverse

from backoffice.core.models import Approval, User
from backoffice.ui.admin import BaseAdmin
from backoffice.ui.checks import check_screens
from backoffice.ui.site import ThemedSite
from orders.models import Order

MAIN = [
    "/admin/",
    "/admin/orders/order/",
    "/admin/logistics/shipment/",
    "/admin/logistics/parcel/",
    "/admin/inventory/stocklevel/",
    "/admin/finance/payment/",
    "/admin/support/ticket/",
    "/admin/core/job/",
    "/admin/core/user/add/",
    "/admin/invariants/",
]
PLAIN = """
import django; django.setup()
from django.core import checks
from django.test import Client
from django.test.utils import setup_test_environment
from backoffice.core.models import User
setup_test_environment()
print(checks.run_checks())
client = Client()
client.force_login(User.objects.get(username="boss"))
for url in {urls!r}:
    response = client.get(url)
    print(url, response.status_code, b"unfold" in response.content)
"""


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize("url", MAIN)
def test_a_page_runs_no_script_of_its_own_and_loads_nothing_from_outside(boss, client, url):
    text = client.get(url).content.decode()

    assert "unfold/css/styles.css" in text
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == []
    assert re.findall(r"\son[a-z]+=", text) == []
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', text)
    assert [a for a in addresses if re.match(r"(https?:)?//", a)] == []


@pytest.mark.django_db(transaction=True)
def test_without_the_theme_the_site_is_djangos_own(live_database_environment):
    User.objects.create(username="boss", is_staff=True, is_superuser=True)

    done = subprocess.run(
        [sys.executable, "-c", PLAIN.format(urls=MAIN)],
        env=os.environ | live_database_environment | {"BACKOFFICE_PLAIN_ADMIN": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.stdout.splitlines() == ["[]", *(f"{url} 200 False" for url in MAIN)], done.stderr


@pytest.fixture
def live_database_environment():
    from django.db import connection

    from tests import support_db

    name = connection.settings_dict["NAME"]
    return {v: support_db.url_of(v, name) for v in ("DATABASE_URL", "OWNER_DATABASE_URL")}


def test_a_foreign_screen_is_put_on_our_base_and_ours_wins():
    class Foreign(PlainAdmin):
        list_display = ("pk",)

    class Ours(BaseAdmin):
        pass

    site = ThemedSite(name="other")
    site.register(Order, Foreign)
    adopted = site._registry[Order]
    assert isinstance(adopted, BaseAdmin)
    assert adopted.list_display == ("pk",)

    site.register(Order, Ours)
    site.register([Order], Foreign)
    assert type(site._registry[Order]) is Ours


def test_a_screen_that_is_not_ours_is_refused(monkeypatch):
    assert check_screens(None) == []
    monkeypatch.setitem(admin.site._registry, Order, PlainAdmin(Order, admin.site))

    assert [e.id for e in check_screens(None)] == ["ui.E001"]


def test_an_inline_that_is_not_ours_is_refused(monkeypatch):
    class Lines(admin.TabularInline):
        model = Order

    monkeypatch.setattr(admin.site._registry[Order], "inlines", (Lines,))

    assert [e.id for e in check_screens(None)] == ["ui.E002"]


def links(response):
    return [link["url"] for group in response.context["bo_navigation"] for link in group.items]


def test_the_sidebar_shows_what_one_may_see(db, client, boss, django_user_model):
    from django.contrib.auth.models import Permission

    pages = sum(len(getattr(screen, "work_pages", ())) for screen in admin.site._registry.values())
    assert len(links(client.get("/admin/"))) == len(admin.site._registry) - 1 + pages

    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    client.force_login(clerk)
    response = client.get("/admin/orders/order/")

    assert links(response) == [reverse("admin:orders_order_changelist")]
    (group,) = response.context["bo_navigation"]
    assert group.items[0]["is_active"]
    assert b'aria-current="page"' in response.content


def test_the_sidebar_asks_the_database_nothing_more(boss, client, django_assert_max_num_queries):
    client.get("/admin/core/approval/")

    with django_assert_max_num_queries(7):
        # Session, user, limits, saved views, count, rows; own jobs for the head of the page.
        client.get("/admin/core/approval/")
    assert Approval.objects.count() == 0


def test_somebody_chooses_their_language_by_post(boss, client):
    url = reverse("admin:language")

    assert client.get(url).status_code == 405
    answer = client.post(url, {"language": "zh-hans", "next": "/admin/orders/order/"})

    assert answer["Location"] == "/admin/orders/order/"
    boss.refresh_from_db()
    assert boss.language == "zh-hans"
    assert boss.history.first().history_user == boss
    assert 'lang="zh-hans"' in client.get("/admin/").content.decode()

    assert client.post(url, {"language": "xx"}).status_code == 403
    away = client.post(url, {"language": "en", "next": "https://evil.example/"})
    assert away["Location"] == "/admin/"
