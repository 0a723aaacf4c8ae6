import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from backoffice.core import jobs
from backoffice.core.models import Import, ImportRow, Job, MessageTemplate, User

ADD = "admin:core_import_add"
TEXT = b"key,language,Title,body\nmine,en,Hello,It left.\nmine,de,,Es ging.\n"
MAPPING = "subject = Title"


@pytest.fixture(autouse=True)
def _quiet(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(jobs, "wake", lambda job_id: None)


@pytest.fixture
def boss(db, client):
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def bring(client, content=TEXT, mapping=MAPPING, importer="core.messagetemplate"):
    file = SimpleUploadedFile("t.csv", content)
    return client.post(
        reverse(ADD), {"importer": importer, "file": file, "mapping": mapping}, follow=True
    )


def test_a_file_is_tried_looked_at_and_started(boss, client):
    page = bring(client)

    run = Import.objects.get()
    start = reverse("admin:core_import_start", args=[run.pk])
    assert start in page.content.decode()
    assert "subject is missing." in page.content.decode()
    assert not MessageTemplate.objects.filter(key="mine").exists()

    assert client.get(start).status_code == 405
    assert not Job.objects.exists()
    assert client.post(start).status_code == 302
    client.post(start)
    assert Job.objects.get().total == 1
    assert (
        start not in client.get(reverse("admin:core_import_change", args=[run.pk])).content.decode()
    )


def test_the_refused_lines_come_back_as_a_file(boss, client):
    bring(client)

    response = client.get(reverse("admin:core_import_rejects", args=[Import.objects.get().pk]))

    text = b"".join(response.streaming_content).decode()
    assert text == (
        "\ufeffline,key,language,subject,body,reason\r\n3,mine,de,,Es ging.,subject is missing.\r\n"
    )


@pytest.mark.parametrize(
    ("content", "mapping", "words"),
    [
        (TEXT, "", "The file lacks the columns subject."),
        (TEXT, "subject", "Each line needs a sign: column = header"),
        (b"\xff", MAPPING, "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8."),
    ],
)
def test_a_file_that_cannot_be_used_says_why(boss, client, content, mapping, words):
    assert words in bring(client, content, mapping).content.decode()
    assert not Import.objects.exists()


def test_who_may_not_change_the_rows_can_neither_upload_nor_start(boss, client, django_user_model):
    bring(client)
    run = Import.objects.get()
    clerk = django_user_model.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=["add_import", "view_import"])
    )
    client.force_login(clerk)

    assert "Select a valid choice." in bring(client).content.decode()
    assert client.post(reverse("admin:core_import_start", args=[run.pk])).status_code == 403
    assert Import.objects.count() == 1
    assert ImportRow.objects.filter(status="READY").count() == 1
    assert not Job.objects.exists()
