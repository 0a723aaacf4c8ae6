"""Limits of users: written by staff, read once, heeded by filters, jobs, imports and forms."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.actor import acting
from backoffice.core.files import FileRefusedError
from backoffice.core.filtering import select
from backoffice.core.imports.running import upload
from backoffice.core.jobs import bulk_action, run_chunk, start_job
from backoffice.core.models import Company, Job, JobRow, User
from backoffice.core.scope import for_actor, is_limited, visible_ids
from backoffice.core.states import GONE, Outcome
from inventory.models import Product, Seller, StockLevel, UserScope, Warehouse

pytestmark = pytest.mark.django_db
ADD = "admin:inventory_userscope_add"


@pytest.fixture
def boss(client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def clerk(house):
    user = User.objects.create(username="clerk", is_staff=True, is_superuser=True)
    UserScope.objects.create(user=user, warehouse_ids=[house.pk])
    return user


@pytest.fixture
def far(actor):
    return Warehouse.objects.create(code="FAR", name="Far away")


def test_staff_limit_a_user_by_codes(boss, client, house, far):
    user = User.objects.create(username="clerk")
    form = {"user": user.pk, "warehouse_ids": "BER, FAR", "seller_ids": "", "is_active": "on"}

    answer = client.post(reverse(ADD), form)

    assert answer.status_code == 302
    row = UserScope.objects.get()
    assert (row.user, row.warehouse_ids, row.seller_ids) == (user, [house.pk, far.pk], [])
    assert row.history.get().history_user == boss
    page = client.get(reverse("admin:inventory_userscope_change", args=[row.pk]))
    assert "BER, FAR" in page.content.decode()


def test_an_unknown_code_is_refused_and_limits_nobody(boss, client, house):
    user = User.objects.create(username="clerk")
    form = {"user": user.pk, "warehouse_ids": "BER NOWHERE", "is_active": "on"}

    answer = client.post(reverse(ADD), form)

    assert "NOWHERE is unknown: look the code up in its list." in answer.content.decode()
    assert not UserScope.objects.exists()


def test_limits_are_read_once_for_all_that_somebody_does(clerk):
    with acting(clerk.pk), CaptureQueriesContext(connection) as queries:
        assert is_limited()
        for_actor(Warehouse.objects.all())
        for_actor(StockLevel.objects.all())

    assert len(queries) == 1


def test_what_nobody_declared_is_not_seen(clerk):
    assert Company.objects.exists()
    with acting(clerk.pk):
        assert not for_actor(Company.objects.all()).exists()


def test_a_limit_to_sellers_hides_our_own_goods(house, new_sku):
    own = new_sku("OWN")
    seller = Seller.objects.create(code="S", name="S", currency="EUR")
    Product.objects.create(code="P-S", name="S", seller=seller)
    user = User.objects.create(username="seller")
    UserScope.objects.create(user=user, seller_ids=[seller.pk])

    with acting(user.pk):
        assert list(for_actor(Product.objects.values_list("code", flat=True))) == ["P-S"]
        assert visible_ids(type(own), [own.pk]) == set()


def test_filters_select_within_the_limits(clerk, far, now):
    with acting(clerk.pk):
        rows = select("inventory.warehouse", "is_active=true", now=now)

    assert [row.code for row in rows] == ["BER"]


def test_a_job_leaves_what_its_owner_may_not_see(clerk, house, far, now, monkeypatch):
    seen = []

    def visit(ids, *, now, reason=""):
        seen.extend(ids)
        return Outcome(list(ids))

    bulk_action("inventory.warehouse.visit", "Visit", visit)
    job = start_job("inventory.warehouse.visit", [house.pk, far.pk], user_id=clerk.pk)

    run_chunk(job.pk, now=now)

    assert seen == [house.pk]
    rows = dict(JobRow.objects.values_list("object_id", "outcome"))
    assert rows == {house.pk: "DONE", far.pk: "BLOCKED"}
    assert JobRow.objects.get(object_id=far.pk).reason == str(GONE)
    other = Job.objects.create(action="x", created_by=User.objects.create(username="other"))
    with acting(clerk.pk):
        assert list(for_actor(Job.objects.all())) == [job]
    assert Job.objects.filter(pk=other.pk).exists()


def test_files_are_brought_in_by_who_sees_all(clerk, now):
    with acting(clerk.pk), pytest.raises(FileRefusedError, match="sees all warehouses"):
        upload("orders", "orders.csv", b"x", now=now)


def test_a_form_writes_nothing_out_of_its_writers_sight(clerk, client, far):
    client.force_login(clerk)
    url = reverse("admin:inventory_location_add")
    form = {"warehouse": far.pk, "code": "X1", "kind": "STORAGE", "pick_order": 0}

    answer = client.post(url, form | {"is_active": "on"})

    assert answer.status_code == 403
    assert not far.locations.filter(code="X1").exists()


def test_the_first_page_tells_no_figures_of_the_company(clerk, client):
    client.force_login(clerk)

    page = client.get("/admin/")

    assert page.status_code == 200
    assert (page.context["bo_tiles"], page.context["bo_board"]) == ([], None)
    assert client.get(reverse("admin:invariants")).status_code == 403
