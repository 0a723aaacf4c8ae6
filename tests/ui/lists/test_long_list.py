"""The order list as if there were millions: `make bench` measures it, this guards its plans."""

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.models import User
from backoffice.ui.lists import order
from inventory.models import Seller, UserScope, Warehouse
from orders.models import Order
from tests.ui.lists.plans import nodes, scanned

BIG = {"orders_order", "orders_orderline", "orders_customer", "logistics_parcel"}
ADDRESSES = [
    "",
    "?p=2",
    "?o=-placed_at",
    "?status=RELEASED",
    "?status=PENDING&status=CONFIRMED",
    "?payment_status=REFUNDED",
    "?fulfilment_status=RETURNED",
    "?priority_min=5",
    "?sku=A-1",
    "?customer_id=1",
    "?q=SO-1",
    "?q=2120",
    "?q=ada%40",
    "?q=Ada+Lovelace",
    *(f"?{query}" for _name, query in admin.site._registry[Order].tabs),
]


@pytest.fixture
def boss(filled_shop, monkeypatch):
    # What is few elsewhere is many here.
    monkeypatch.setattr(order, "FEW", -1)
    with transaction.atomic():
        yield User.objects.create(username="boss", is_staff=True, is_superuser=True)
        transaction.set_rollback(True)


def statements(client, user, address):
    """Return what a page of the list asks the big tables."""
    client.force_login(user)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(reverse("admin:orders_order_changelist") + address)
    assert answer.status_code == 200
    told = [one["sql"] for one in asked if any(f'"{table}"' in one["sql"] for table in BIG)]
    return [sql for sql in told if sql.startswith(("SELECT", "("))]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_counts_rows_or_reads_a_whole_table(boss, client, monkeypatch, address):
    monkeypatch.setattr(admin.site._registry[Order], "list_per_page", 1)

    told = statements(client, boss, address)

    assert told
    for sql in told:
        assert "COUNT(" not in sql
        assert scanned(sql) & BIG == set(), sql


@pytest.mark.parametrize("limit", ["warehouse_ids", "seller_ids"])
def test_who_sees_a_part_walks_the_same_index_and_stops_at_a_full_page(boss, client, limit):
    owner = Warehouse if limit == "warehouse_ids" else Seller
    UserScope.objects.create(user=boss, **{limit: [owner.objects.first().pk]})

    (sql, *_others) = statements(client, boss, "")

    plan = nodes(sql)
    walk = next(node for node in plan if node.get("Relation Name") == "orders_order")
    assert walk["Index Name"] == "order_placed"
    # Whose all the lines are is asked of each order that is passed, not of all there are.
    assert {node["Node Type"] for node in plan} & {"Seq Scan", "Sort"} == set()
    assert any(node.get("Parent Relationship") == "SubPlan" for node in plan)


def test_the_lines_of_a_sku_have_an_index(boss):
    plan = nodes("SELECT order_id FROM orders_orderline WHERE sku_id = %s", [1])

    assert "line_sku" in {node.get("Index Name") for node in plan}
