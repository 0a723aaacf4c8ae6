"""Long lists are written by a job: the same rows, for its maker alone."""

import csv
import io
from dataclasses import replace

import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.urls import reverse
from openpyxl import load_workbook

from backoffice.core import exports, jobs
from backoffice.core.jobs import run_chunk
from backoffice.core.models import Event, ExportPart, Job, StoredFile, User
from backoffice.core.retention import remove_expired
from backoffice.ui.exports import actions
from backoffice.ui.exports import job as export_job
from orders.models import Order

LIST = reverse("admin:orders_order_changelist")


@pytest.fixture(autouse=True)
def _small(monkeypatch, settings, tmp_path):
    """Six rows are many, and a part holds two."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(jobs, "wake", lambda job_id: None)
    monkeypatch.setattr(actions, "AT_ONCE", 5)
    monkeypatch.setattr(export_job, "PART", 2)


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def orders(actor, place):
    return [place(str(n)) for n in range(7)]


def clerk(*names):
    user = User.objects.create(username="clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


def asked(client, query="?o=-order_number", kind="csv"):
    """Ask for all rows of the list; return the job."""
    answer = client.post(LIST + query, {"action": f"export_{kind}", "select_across": "1"})
    job = Job.objects.latest("pk")
    assert answer.url == address("change", job)
    return job


def at_once(client, monkeypatch, query="?o=-order_number", kind="csv"):
    with monkeypatch.context() as patch:
        patch.setattr(actions, "AT_ONCE", 100)
        answer = client.post(LIST + query, {"action": f"export_{kind}", "select_across": "1"})
        return b"".join(answer.streaming_content)


def finish(job, now):
    while run_chunk(job.pk, now=now):
        pass
    job.refresh_from_db()


def address(name, job):
    return reverse(f"admin:core_job_{name}", args=[job.pk])


def content(client, job):
    answer = client.get(address("file", job))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_job_writes_the_file_that_is_streamed_at_once(
    boss, client, orders, monkeypatch, now, kind
):
    job = asked(client, kind=kind)
    page = client.get(address("change", job)).content.decode()
    assert f"Export as {kind.upper()}: 7 orders" in page
    assert "0 of 4" in page
    assert address("file", job) not in page
    assert client.get(address("file", job)).status_code == 404

    finish(job, now)

    assert address("file", job) in client.get(address("change", job)).content.decode()
    found = content(client, job)
    assert found == at_once(client, monkeypatch, kind=kind)
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(found), read_only=True).active
        numbers = [row[1] for row in sheet.values][1:]
    else:
        numbers = [row["number"] for row in csv.DictReader(io.StringIO(found.decode("utf-8-sig")))]
    assert numbers == [str(order) for order in reversed(orders)]
    told = Event.objects.filter(kind="user.exported_list").order_by("id")[0]
    assert (told.subject_id, told.data) == (
        boss.pk,
        {"list": "orders.order", "filter": "o=-order_number", "format": kind.upper(), "rows": 7},
    )
    assert not ExportPart.objects.exists()
    assert job.file.keep_until - now == export_job.KEEP


def test_which_rows_is_settled_at_the_start_and_each_is_read_once(boss, client, orders, now):
    job = asked(client, "?status=PENDING")
    Order.objects.filter(pk=orders[0].pk).update(status="CANCELLED", cancelled_quantity=2)
    finish(job, now)

    rows = list(csv.DictReader(io.StringIO(content(client, job).decode("utf-8-sig"))))
    assert sorted(row["number"] for row in rows) == [str(order) for order in orders]
    assert {row["number"]: row["status"] for row in rows}[str(orders[0])] == "CANCELLED"


def test_a_killed_worker_changes_nothing(boss, client, orders, monkeypatch, now):
    class Killed(BaseException):
        """The worker is gone."""

    def die(*args, **kwargs):
        raise Killed

    whole = asked(client)
    finish(whole, now)
    job = asked(client)
    assert run_chunk(job.pk, now=now)
    for place in ("_rows", "_record"):
        with monkeypatch.context() as patch:
            patch.setattr(export_job, place, die)
            with pytest.raises(Killed):
                finish(job, now)
        job.refresh_from_db()
        assert (job.status, job.file) == ("RUNNING", None)
    finish(job, now)

    assert job.status == "DONE"
    assert job.file.sha256 == whole.file.sha256
    assert (
        StoredFile.objects.count() == Event.objects.filter(kind="user.exported_list").count() == 2
    )


def test_who_may_not_see_a_column_gets_none(client, orders, now):
    user = clerk("view_order", "view_job")
    client.force_login(user)
    job = asked(client)
    assert "customer" not in job.parameters["columns"]
    assert {"order_number", "status"} <= set(job.parameters["columns"])

    # Rights count when the rows are read and when the file is taken.
    finish(job, now)
    assert b"SO-" in content(client, job)
    user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    told = client.get(address("file", job), follow=True).content.decode()
    assert "may not see this list" in told


def test_a_right_that_was_lost_leaves_no_file(client, orders, now):
    user = clerk("view_order", "view_job", "export_personal")
    client.force_login(user)
    job = asked(client)
    assert "customer" in job.parameters["columns"]
    run_chunk(job.pk, now=now)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_order", "view_job"]))
    finish(job, now)

    assert (job.status, job.file) == ("DONE", None)
    assert set(job.rows.values_list("outcome", "reason")) == {
        ("DONE", ""),
        ("BLOCKED", str(export_job.NO_RIGHT)),
    }
    page = client.get(address("change", job)).content.decode()
    assert "There is no file" in page
    assert "rows 3 to 4" in page


def test_only_its_maker_has_it(boss, client, orders, now):
    job = asked(client)
    finish(job, now)
    client.force_login(clerk("view_order", "view_job", "view_storedfile", "export_personal"))

    told = client.get(address("file", job), follow=True).content.decode()
    assert "Only boss, who started it, may download the file." in told
    listed = reverse("admin:core_storedfile_download", args=[job.file_id])
    assert client.get(listed).status_code == 403
    assert listed not in client.get(reverse("admin:core_storedfile_changelist")).content.decode()


def test_its_head_is_in_its_makers_language(boss, client, orders, now):
    User.objects.filter(pk=boss.pk).update(language="zh-hans")
    job = asked(client)
    finish(job, now)

    head = content(client, job).decode("utf-8-sig").splitlines()[0].split(",")
    assert "状态" in head
    assert "status" not in head


def test_what_no_sheet_holds_and_who_sees_no_jobs_is_told(boss, client, orders, monkeypatch):
    few = replace(exports.FORMATS["XLSX"], most_rows=6)
    monkeypatch.setitem(exports.FORMATS, "XLSX", few)

    def refused(kind):
        sent = {"action": f"export_{kind}", "select_across": "1"}
        return client.post(LIST, sent, follow=True).content.decode()

    assert "A sheet holds 6 rows: filter, or export as CSV." in refused("xlsx")
    client.force_login(clerk("view_order"))
    assert "you may not see jobs: filter." in refused("csv")
    assert (
        "This list cannot be sorted so."
        in client.post(
            f"{LIST}?o=nothing", {"action": "export_csv", "select_across": "1"}, follow=True
        ).content.decode()
    )
    assert not Job.objects.exists()


def test_parts_and_files_go_in_time(boss, client, orders, now):
    job = asked(client)
    jobs.cancel_jobs([job.pk], now=now)
    assert ExportPart.objects.count() == 4
    remove_expired(now=now + export_job.KEEP * 2)
    assert not ExportPart.objects.exists()

    made = asked(client)
    finish(made, now)
    exports_at = StoredFile.objects.get()
    exports_at.removed_at = now
    exports_at.save()
    assert "export the list again" in client.get(address("change", made)).content.decode()
    assert default_storage.exists(f"{exports_at.sha256[:2]}/{exports_at.sha256}")
