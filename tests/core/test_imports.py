import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from backoffice.core import imports, jobs
from backoffice.core.files import FileRefusedError
from backoffice.core.imports import Column, Importer, importer, rejects, start_import, upload
from backoffice.core.jobs import run_chunk
from backoffice.core.models import Import, ImportRow, Job, JobRow, MessageTemplate, StoredFile

GOOD = "key,language,subject,body\nmine,en,Hello,It left.\nmine,de,Hallo,Es ging.\n"
MINE = MessageTemplate.objects.filter(key="mine")


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(imports, "IMPORTERS", dict(imports.IMPORTERS))
    monkeypatch.setattr(jobs, "wake", lambda job_id: None)


def bring(text, now, name="core.messagetemplate", **options):
    content = text if isinstance(text, bytes) else text.encode()
    return upload(name, "templates.csv", content, now=now, **options)


def rows(run):
    found = ImportRow.objects.filter(run=run).order_by("line")
    return list(found.values_list("line", "status", "reason"))


def work(job, now):
    while run_chunk(job.pk, now=now):
        pass
    job.refresh_from_db()
    return job.status


def test_an_upload_is_tried_without_a_trace_and_then_carried_out(actor, now):
    run = bring(GOOD, now)

    assert rows(run) == [(2, "READY", ""), (3, "READY", "")]
    assert not MINE.exists()

    job = start_import(run.pk, now=now)

    assert start_import(run.pk, now=now) == job
    assert (Job.objects.count(), job.created_by_id) == (1, actor.user_id)
    assert work(job, now) == "DONE"
    assert rows(run) == [(2, "DONE", ""), (3, "DONE", "")]
    stored = MINE.order_by("language").values_list("language", "subject")
    assert list(stored) == [("de", "Hallo"), ("en", "Hello")]


def test_the_same_file_again_changes_what_is_there(actor, now):
    for text in (GOOD, GOOD.replace("Hello", "Good day")):
        assert work(start_import(bring(text, now).pk, now=now), now) == "DONE"

    assert MINE.count() == 2
    assert MINE.get(language="en").subject == "Good day"


def test_bad_lines_stay_with_their_reasons_and_come_back_as_a_file(actor, now):
    run = bring(GOOD + f"{'k' * 61},en,,text\n", now)

    assert rows(run)[2] == (
        4,
        "REFUSED",
        "key: longer than 60 characters subject is missing.",
    )
    assert list(rejects(run)) == [
        ["line", "key", "language", "subject", "body", "reason"],
        ["4", "k" * 61, "en", "", "text", rows(run)[2][2]],
    ]
    assert work(start_import(run.pk, now=now), now) == "DONE"
    assert MINE.count() == 2


def test_what_the_loader_refuses_is_blocked_in_the_job(actor, now):
    importer(
        Importer(
            name="test.odd",
            label="Numbers",
            columns=[Column("n", "number", int)],
            permission="core.view_user",
            check=lambda found: {r.id: "too big" for r in found if r.values["n"] > 9},
            load=lambda found, *, now, reason: {r.id: "odd" for r in found if r.values["n"] % 2},
        )
    )
    run = bring("Number\n1\n2\nx\n11\n", now, "test.odd")

    assert rows(run) == [
        (2, "READY", ""),
        (3, "READY", ""),
        (4, "REFUSED", "number: invalid literal for int() with base 10: 'x'"),
        (5, "REFUSED", "too big"),
    ]
    job = start_import(run.pk, now=now)
    work(job, now)
    assert [row[1:] for row in rows(run)[:2]] == [("REFUSED", "odd"), ("DONE", "")]
    outcomes = JobRow.objects.filter(job=job).order_by("object_id")
    assert list(outcomes.values_list("outcome", "reason")) == [("BLOCKED", "odd"), ("DONE", "")]


def test_headers_are_mapped_by_hand_by_name_and_by_label(actor, now):
    text = "Key;language;Betreff;BODY\nk;en;s;b\n"

    run = bring(text, now, mapping={"subject": "betreff"})

    values = ImportRow.objects.get(run=run).values
    assert values == {"key": "k", "language": "en", "subject": "s", "body": "b"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file lacks the columns key, language, subject, body."),
        ("key,language,subject,body\n", "The file has no rows."),
        ("key,body\n1,2\n", "The file lacks the columns language, subject."),
        (
            "key,Müller\n".encode("latin-1"),
            "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8.",
        ),
        (b"PK\x03\x04", "The workbook cannot be read: save it as XLSX or CSV."),
        (b"\xff\xfe\x00", "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8."),
        ('key,language,subject,body\na,b,"c"d,e\n', "Line 2 is no CSV: ',' expected after '\"'."),
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(actor, now, content, words):
    with pytest.raises(FileRefusedError) as refused:
        bring(content, now)

    assert str(refused.value) == words
    assert not Import.objects.exists()
    assert not StoredFile.objects.exists()


def workbook(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


CHINESE = "key,language,subject,body\nmine,zh-hans,您好,包裹已发出。\n"


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        CHINESE.encode("gbk"),
        workbook(*(line.split(",") for line in CHINESE.splitlines()), [None, None]),
    ],
    ids=["utf-8", "bom", "gbk", "xlsx"],
)
def test_a_file_is_read_however_a_spreadsheet_saved_it(actor, now, content):
    run = bring(content, now)

    assert work(start_import(run.pk, now=now), now) == "DONE"
    assert MINE.values_list("subject", "body").get() == ("您好", "包裹已发出。")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (3, "3"),
        (3.0, "3"),
        (0.1, "0.1"),
        (True, "true"),
        (datetime(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30), "2026-03-01T09:30:00"),
    ],
)
def test_a_cell_of_a_workbook_reads_as_in_a_csv_file(value, text):
    assert imports._sheet_text(value) == text


def test_a_workbook_that_unpacks_to_too_much_is_refused(actor, now, monkeypatch):
    monkeypatch.setattr(imports, "UNPACKED", 100)

    with pytest.raises(FileRefusedError, match="too big when unpacked"):
        bring(workbook(["key"]), now)
