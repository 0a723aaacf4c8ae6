import csv
import io

import pytest
from django.urls import reverse

from backoffice.core import jobs
from backoffice.core.jobs import run_chunk, start_job
from backoffice.core.models import Job, User
from backoffice.core.models.job import RowOutcome
from orders.models import Order
from orders.services.intake import place_orders
from tests.fixtures.core import NOW
from tests.fixtures.orders import order_command

NAME = "orders.order.confirm"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "wake", lambda job_id, **options: None)


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def orders(actor, channel, service_sku):
    return list(place_orders([order_command(str(n)) for n in range(3)], now=NOW).created.values())


@pytest.fixture
def job(boss, orders):
    return start_job(NAME, orders, user_id=boss.pk, reason="a sale")


def address(name, job):
    return reverse(f"admin:core_job_{name}", args=[job.pk])


def finish(job):
    while run_chunk(job.pk, now=NOW):
        pass


def test_the_page_of_a_job_renews_itself_until_it_has_ended(job, client):
    page = client.get(address("change", job)).content.decode()
    assert f'data-live="{address("progress", job)}"' in page
    assert 'value="0"' in page
    assert "0 of 3" in page
    # The head of every page leads there, while the work goes on.
    elsewhere = reverse("admin:orders_order_changelist")
    assert address("change", job) in client.get(elsewhere).content.decode()

    assert b"data-live-done" not in client.get(address("progress", job)).content
    finish(job)
    assert b"data-live-done" in client.get(address("progress", job)).content
    page = client.get(address("change", job)).content.decode()
    assert "data-live=" not in page
    assert "3 of 3" in page
    assert address("change", job) not in client.get(elsewhere).content.decode()


def test_what_was_not_done_stands_on_the_page_and_in_the_file(job, orders, client):
    Order.objects.filter(pk=orders[1]).update(status="CANCELLED", cancelled_quantity=2)
    finish(job)
    order = Order.objects.get(pk=orders[1])

    page = client.get(address("change", job)).content.decode()
    assert reverse("admin:orders_order_change", args=[order.pk]) in page
    assert "Only possible in state Pending." in page
    listed = f"{reverse('admin:core_jobrow_changelist')}?job={job.pk}&outcome=BLOCKED"
    assert listed.replace("&", "&amp;") in page
    assert len(client.get(listed).context["bo_list"].rows) == 1

    def sent(query):
        answer = client.get(address("rows", job) + query)
        text = b"".join(answer.streaming_content).decode().removeprefix("\ufeff")
        return list(csv.reader(io.StringIO(text)))[1:]

    assert sent("?outcome=BLOCKED") == [
        [str(order.pk), str(order), "Blocked", "Only possible in state Pending."]
    ]
    assert [row[2] for row in sent("")] == ["Done", "Blocked", "Done"]
    assert client.get(address("rows", job) + "?outcome=x").status_code == 404


def test_a_job_is_paused_resumed_and_cancelled_by_buttons_alone(job, client):
    def status():
        job.refresh_from_db()
        return job.status

    for name in ("pause", "resume", "cancel"):
        assert client.get(address(name, job)).status_code == 405
    assert status() == "QUEUED"
    client.post(address("pause", job))
    assert status() == "PAUSED"
    client.post(address("resume", job))
    assert status() == "QUEUED"
    client.post(address("cancel", job))
    assert status() == "CANCELLED"

    finish(job)
    assert status() == "CANCELLED"
    assert set(job.rows.values_list("outcome", "reason")) == {
        (RowOutcome.BLOCKED, "The job was cancelled before.")
    }
    assert Order.objects.filter(status="PENDING").count() == 3
    told = client.post(address("resume", job), follow=True)
    assert "Nothing to do" in told.content.decode()


def test_who_may_only_look_moves_no_job(job, client, django_user_model):
    clerk = django_user_model.objects.create(username="clerk", is_staff=True)
    client.force_login(clerk)

    for name in ("pause", "resume", "cancel", "undo"):
        assert client.post(address(name, job)).status_code == 403
    assert client.get(address("progress", job)).status_code == 403
    assert client.get(address("rows", job)).status_code == 403


def test_what_a_job_did_is_taken_back_by_another(boss, orders, client, job):
    assert client.post(address("undo", job)).status_code == 403

    done = Job.objects.create(action="finance.accountingperiod.close", created_by=boss)
    done.rows.create(object_id=7, outcome="DONE")
    done.rows.create(object_id=8, outcome="BLOCKED")
    Job.objects.update(status="DONE")
    assert address("undo", done) in client.get(address("change", done)).content.decode()

    client.post(address("undo", done))

    back = Job.objects.get(action="finance.accountingperiod.reopen")
    assert list(back.rows.values_list("object_id", flat=True)) == [7]
    assert (back.total, back.parameters["reason"]) == (1, f"takes back job {done.pk}")


def test_all_that_match_become_rows_without_their_keys_being_read(
    boss, orders, client, monkeypatch
):
    monkeypatch.setattr("backoffice.ui.admin.bulk.INLINE_LIMIT", 1)
    monkeypatch.setattr("backoffice.ui.admin.bulk.LOOKED_AT", 2)
    url = f"{reverse('admin:orders_order_changelist')}?status=PENDING"
    chosen = {"action": "verb_confirm", "select_across": "1"}

    page = client.post(url, chosen).content.decode()
    assert "These are the first 2 of 3" in page
    client.post(url, chosen | {"confirmed": "1", "reason": "a sale"})

    job = Job.objects.get()
    assert (job.total, job.rows.count(), job.parameters["reason"]) == (3, 3, "a sale")
    none = start_job(NAME, Order.objects.none().values("pk"), user_id=boss.pk)
    assert none.total == 0
