"""The page on which somebody counts, and the API that a scanner's program uses."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.core.models import User
from backoffice.core.tasks import run_slot
from inventory import tasks
from inventory.models import CountPlan, Sku, StockCount, StockCountLine, StockHealth
from inventory.services.counts import StartCount, start_counts
from tests.fixtures.inventory import level

pytestmark = pytest.mark.usefixtures("proven")


@pytest.fixture
def walk(goods, house):
    """Return a count of two SKUs in one bin, and a client of somebody who counts."""
    a, b = goods("A", 5), goods("B", 7)
    Sku.objects.filter(pk=b.pk).update(barcode="4006381333931")
    start_counts([StartCount(house.pk)], now=timezone.now() - timedelta(minutes=5))
    client = Client()
    client.force_login(User.objects.create(username="w", is_staff=True, is_superuser=True))
    count = StockCount.objects.get()
    return client, count, f"/admin/inventory/stockcount/{count.pk}/walk/", a, b


def names(count):
    return {line.sku.code: f"line_{line.pk}" for line in count.lines.select_related("sku")}


def test_the_page_tells_nobody_what_is_expected(walk):
    client, count, url, *_skus = walk
    StockCountLine.objects.update(position=1)
    page = client.get(url).content.decode()

    assert "4006381333931" in page
    assert [name in page for name in names(count).values()] == [True, True]
    # On hand are five and seven: neither stands there as a number of its own.
    assert [text for text in (">5<", ">7<", 'value="5"', 'value="7"') if text in page] == []


def test_a_bin_is_counted_and_something_else_found(walk, goods, house):
    client, count, url, a, b = walk
    stray = goods("S", 0)
    form = {names(count)["A"]: "5", "bin": str(count.lines.first().location_id)}

    assert client.post(url, form).headers["Location"] == url
    form = {names(count)["B"]: "6", "found_code": "S", "found_units": "1"}
    client.post(url, form)

    count.refresh_from_db()
    assert count.status == "DONE"
    assert [level(sku, house)[0] for sku in (a, b, stray)] == [5, 6, 1]
    assert client.get(url).headers["Location"].endswith(f"/{count.pk}/change/")


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "Nothing was counted."),
        ({"A": "x"}, "A: write how many units lie there."),
        ({"A": "-1"}, "A: write how many units lie there."),
        ({"found_code": "NONE", "found_units": "1"}, "No SKU has the code or barcode NONE."),
        ({"found_code": "A"}, "A: write how many units lie there."),
    ],
)
def test_nonsense_is_told_and_kept_in_the_form(walk, form, text):
    client, count, url, *_skus = walk
    sent = {names(count).get(name, name): value for name, value in form.items()}

    page = client.post(url, sent)

    assert (page.status_code, text in page.content.decode()) == (200, True)
    assert count.lines.filter(status="OPEN").count() == 2


def test_the_phone_tells_when_it_was_counted(walk):
    client, count, url, *_skus = walk
    lines = {line.sku.code: line for line in count.lines.select_related("sku")}
    at = timezone.now() - timedelta(minutes=2)
    form = {f"line_{line.pk}": "5" for line in lines.values()}
    form |= {f"at_{lines['A'].pk}": at.isoformat(), f"at_{lines['B'].pk}": "2199-01-01T00:00:00Z"}

    client.post(url, form)

    for line in lines.values():
        line.refresh_from_db()
    assert lines["A"].counted_at == at
    # A clock that is wrong is not believed.
    assert at < lines["B"].counted_at <= timezone.now()


def test_a_program_draws_up_counts_and_adds_what_it_found(program, goods, house):
    a, stray = goods("A", 5), goods("S", 0)
    call = program(["inventory:read", "inventory:write"])

    made = call("stock_counts_create", {"warehouse": "BER", "skus": ["A"]})
    assert made.status_code == 201, made.content
    [drawn] = json.loads(made.content)
    again = call("stock_counts_create", {"warehouse": "BER", "skus": ["A"]})
    assert (again.status_code, "counted already" in again.content.decode()) == (409, True)
    line = drawn["lines"][0]
    found = [
        {"line_id": line["id"], "units": 4},
        {"sku": "S", "location_id": line["location_id"], "units": 1},
    ]
    counted = call("stock_counts_count_create", {"lines": found}, number=drawn["number"])

    assert counted.status_code == 200, counted.content
    assert (level(a, house)[0], level(stray, house)[0]) == (4, 1)


def test_the_night_classifies_and_plans(goods, house, now):
    goods("A", 5)
    CountPlan.objects.create(warehouse=house, every_days=1)
    function = tasks.check_stock_at_night.run.__wrapped__

    run = run_slot("inventory.check_stock", function, now=now, every=timedelta(hours=1))

    assert run.result == "1 warehouses, 1 levels, 1 counts"
    assert StockHealth.objects.get().abc == "C"
