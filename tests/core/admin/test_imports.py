import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from backoffice.core.imports import running
from backoffice.core.jobs import run_chunk
from backoffice.core.models import Import, ImportRow, Job, MessageTemplate, User

ADD = "admin:core_import_add"
TEXT = b"key,language,Title,body\nmine,en,Hello,It left.\nmine,de,,Es ging.\n"
CHOICE = {"column_0": "key", "column_1": "language", "column_2": "subject", "column_3": "body"}


@pytest.fixture(autouse=True)
def _quiet(quiet_files):
    """Wake no worker."""


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def bring(client, content=TEXT, importer="core.messagetemplate"):
    file = SimpleUploadedFile("t.csv", content)
    return client.post(reverse(ADD), {"importer": importer, "file": file}, follow=True)


def at(name, run=None):
    return reverse(f"admin:core_import_{name}", args=[(run or Import.objects.get()).pk])


def text(page):
    return page.content.decode()


def test_after_the_upload_each_column_has_a_select_box_and_its_first_values(boss, client):
    page = bring(client)

    assert page.redirect_chain == [(at("mapping"), 302)]
    form = page.context["form"]
    assert [(field.label, field.initial, values) for field, values in form.lines()] == [
        ("key", "key", ["mine", "mine"]),
        ("language", "language", ["en", "de"]),
        ("Title", "", ["Hello", ""]),
        ("body", "body", ["It left.", "Es ging."]),
    ]
    choices = dict(form.fields["column_0"].choices)
    assert choices["key"] == "Key *"
    assert choices["subject"] == "Subject (new rows)"
    assert choices[""] == "– not imported –"
    assert "<div>It left.</div>" in text(page)
    assert not ImportRow.objects.exists()


def test_a_file_is_mapped_tried_looked_at_and_started(boss, client):
    bring(client)
    page = client.post(at("mapping"), CHOICE, follow=True)

    start = at("start")
    assert page.redirect_chain == [(at("change"), 302)]
    assert f'action="{start}"' in text(page)
    assert "Import 1 row" in text(page)
    assert "<strong>Subject</strong>: This field is required." in text(page)
    assert not MessageTemplate.objects.filter(key="mine").exists()

    assert client.get(start).status_code == 405
    assert not Job.objects.exists()
    assert client.post(start).status_code == 302
    client.post(start)
    job = Job.objects.get()
    assert (job.total, job.created_by) == (1, boss)
    run_chunk(job.pk, now=job.created_at)
    assert MessageTemplate.objects.get(key="mine").subject == "Hello"
    done = text(client.get(at("change")))
    assert start not in done
    assert at("mapping") not in done
    assert client.get(at("mapping")).url == at("change")


def test_going_back_changes_nothing_and_keeps_what_was_chosen(boss, client):
    bring(client)
    client.post(at("mapping"), CHOICE)
    before = list(ImportRow.objects.values())

    form = client.get(at("mapping")).context["form"]

    assert [field.initial for field, _values in form.lines()] == list(CHOICE.values())
    assert list(ImportRow.objects.values()) == before
    client.post(at("mapping"), CHOICE | {"column_3": "subject", "column_2": "body"})
    assert Import.objects.get().mapping["subject"] == "body"
    assert ImportRow.objects.count() == 2


def test_an_upload_sent_twice_is_one_import(boss, client):
    bring(client)
    bring(client)
    client.post(at("mapping"), CHOICE)
    client.post(at("mapping"), CHOICE)

    assert ImportRow.objects.count() == 2
    client.post(at("start"))
    bring(client)
    first, again = Import.objects.order_by("pk")
    page = text(client.get(at("mapping", again)))
    assert "This same file was imported before, by boss" in page
    assert f'href="{at("change", first)}"' in page


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (CHOICE | {"column_0": ""}, "Choose which column of the file is: Key."),
        (
            CHOICE | {"column_3": "subject"},
            "“Title” and “body” are given the same meaning: choose one.",
        ),
        (CHOICE | {"column_0": "nothing"}, "nothing is not one of the available choices."),
    ],
)
def test_a_wrong_choice_says_so_and_tries_nothing(boss, client, choice, words):
    bring(client)

    page = client.post(at("mapping"), choice)

    assert page.status_code == 200
    assert words in text(page)
    assert not ImportRow.objects.exists()
    assert Import.objects.get().mapping == {}


def test_all_rows_and_the_refused_come_back_as_files(boss, client):
    bring(client)
    client.post(at("mapping"), CHOICE)

    def download(query=""):
        return b"".join(client.get(at("rows") + query).streaming_content).decode()

    head = "\ufeffline,key,language,Title,body,status,effect,details,reason\r\n"
    why = "Subject: This field is required."
    bad = f"3,mine,de,,Es ging.,Refused,,{why},{why}\r\n"
    assert download() == head + "2,mine,en,Hello,It left.,Ready,New,,\r\n" + bad
    assert download("?status=REFUSED") == head + bad


def test_many_rows_are_tried_by_a_job(boss, client, monkeypatch):
    monkeypatch.setattr(running, "AT_ONCE", 1)
    bring(client)

    page = client.post(at("mapping"), CHOICE, follow=True)

    job = Job.objects.get()
    assert f'data-live="/admin/core/job/{job.pk}/progress/"' in text(page)
    assert at("start") not in text(page)
    run_chunk(job.pk, now=job.created_at)
    run_chunk(job.pk, now=job.created_at)
    assert "Import 1 row" in text(client.get(at("change")))


def test_rows_that_would_change_nothing_are_not_started(boss, client):
    MessageTemplate.objects.create(key="mine", language="en", subject="Hello", body="It left.")
    bring(client)

    page = client.post(at("mapping"), CHOICE, follow=True)

    assert "no row would be new or changed" in text(page)
    assert at("start") not in text(page)


def test_a_file_that_cannot_be_used_says_why(boss, client):
    page = bring(client, b"\xff")

    assert "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8." in text(page)
    assert not Import.objects.exists()


def test_who_may_not_change_the_rows_can_neither_upload_nor_map_nor_start(boss, client):
    bring(client)
    client.post(at("mapping"), CHOICE)
    run = Import.objects.get()
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=["add_import", "view_import"])
    )
    client.force_login(clerk)

    assert "Select a valid choice." in text(bring(client))
    assert client.post(at("start", run)).status_code == 403
    assert client.get(at("mapping", run)).status_code == 403
    assert client.get(at("change", run)).status_code == 200
    assert Import.objects.count() == 1
    assert ImportRow.objects.filter(status="READY").count() == 1
    assert not Job.objects.exists()


def test_another_colleague_looks_at_an_import_and_does_not_start_it(boss, client):
    bring(client)
    client.post(at("mapping"), CHOICE)
    other = User.objects.create(username="other", is_staff=True, is_superuser=True)
    client.force_login(other)

    page = text(client.get(at("change")))

    assert at("start") not in page
    assert client.post(at("start")).status_code == 403
    assert not Job.objects.exists()
