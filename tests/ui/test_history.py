"""The history of a row: who, why, when and what, in few statements however long it is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.actor import acting, transaction
from backoffice.core.jobs import start_job
from backoffice.core.models import MessageTemplate, Rule, User
from backoffice.core.tokens import create_token
from orders.models import Price, SalesChannel
from tests.fixtures.core import NOW

ROWS = 200
MOST_QUERIES = 12


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def page(client, row):
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_history", args=[row.pk])


def written(row, by, request_id="", reason="", **values):
    with acting(by, request_id=request_id), transaction(now=NOW, reason=reason):
        type(row).objects.filter(pk=row.pk).update(**values)


@pytest.fixture
def price(service_sku, channel):
    given = {"sku": service_sku, "channel": channel, "currency": "EUR"}
    return Price.objects.create(unit_price=0, valid_from=NOW.date(), **given)


def test_two_hundred_rows_take_few_statements_and_are_turned_by_page(boss, client, price):
    channels = [
        SalesChannel.objects.create(code=f"c{n}", name=f"Channel {n}", currency="EUR")
        for n in range(3)
    ]
    for n in range(1, ROWS):
        written(price, boss.pk, unit_price=n, channel=channels[n % 3])
    url = page(client, price)
    client.get(url)

    with CaptureQueriesContext(connection) as queries:
        first = client.get(url)

    assert len(queries) <= MOST_QUERIES
    text = first.content.decode()
    assert f"unit price: {ROWS - 2:.2f} EUR → {ROWS - 1:.2f} EUR" in text
    assert f"channel: {channels[(ROWS - 2) % 3]} → {channels[(ROWS - 1) % 3]}" in text
    assert "Newest" not in text
    seen = [v.row.history_id for v in first.context["versions"]]
    while older := first.context["older"]:
        first = client.get(f"{url}?before={older}")
        seen += [v.row.history_id for v in first.context["versions"]]
    assert len(seen) == ROWS == len(set(seen))
    assert seen == sorted(seen, reverse=True)
    assert first.context["versions"][-1].lines == ()
    assert "Newest" in first.content.decode()
    assert {client.get(f"{url}?before={wrong}").status_code for wrong in ("x", "-1", "9" * 30)} == {
        404
    }


def test_each_entry_says_who_why_and_what_did_it(boss, client, price):
    job = start_job("orders.order.confirm", [1, 2], user_id=boss.pk)
    rule = Rule.objects.create(
        name="Dear ones",
        document="orders.order",
        filter="number=x",
        owner=boss,
        action="x",
        trigger="EVENT",
        event="order.placed",
    )
    token = create_token("Till", ["orders:read"])[0]
    machine = User.objects.get(username="job:core.process_waiting_inbox")
    written(price, boss.pk, f"job-{job.pk}", "a sale", unit_price=1)
    written(price, boss.pk, f"rule-{rule.pk}-0123456789ab", unit_price=2)
    written(price, token.user_id, "abc", unit_price=3)
    written(price, machine.pk, "job-999999999", unit_price=4)

    by_machine, by_token, by_rule, by_job, _made = client.get(page(client, price)).context[
        "versions"
    ]
    assert (by_job.who, by_job.why) == ("boss", "a sale")
    assert by_job.cause == f"job {job.pk}: Confirm: 2 orders"
    assert by_job.url == reverse("admin:core_job_change", args=[job.pk])
    assert by_rule.cause == f"rule {rule.pk}: Dear ones"
    assert (by_token.who, by_token.cause) == ("Till (API)", "")
    assert (by_machine.who, by_machine.cause) == ("Automatic: inbox processing", "")
    text = client.get(page(client, price)).content.decode()
    assert f"{NOW:%Y-%m-%d %H:%M:%S}" in text
    assert 'title="rule-' in text


def test_it_speaks_the_readers_language(boss, client, price):
    User.objects.filter(pk=boss.pk).update(language="zh-hans")
    written(price, boss.pk, reason="order cancelled", unit_price=1)

    newest = client.get(page(client, price)).context["versions"][0]

    assert (newest.why, newest.lines) == ("订单已取消", ["单价: 0.00 EUR → 1.00 EUR"])


def test_nothing_there_leads_back_and_it_is_not_for_everybody(boss, client):
    row = MessageTemplate.objects.create(key="k", language="en", subject="Hello", body="text")
    text = client.get(page(client, row)).content.decode()
    assert "revert" not in text.lower()
    assert client.post(page(client, row)).status_code in (200, 405)
    client.force_login(User.objects.create(username="ada", is_staff=True))
    assert client.get(page(client, row)).status_code == 403
