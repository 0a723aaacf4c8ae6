import pytest

from backoffice.core.files import FileRefusedError
from backoffice.core.imports import registry, running
from backoffice.core.imports.mapping import MappingError
from backoffice.core.imports.registry import Column, Importer, Verdict, importer
from backoffice.core.imports.running import (
    earlier_imports,
    map_columns,
    results,
    start_import,
    upload,
)
from backoffice.core.models import Import, ImportRow, Job, JobRow, MessageTemplate, StoredFile
from tests.fixtures.imports import bring, carry_out, lines, work

TEMPLATES = "core.messagetemplate"
GOOD = "key,language,subject,body\nmine,en,Hello,It left.\nmine,de,Hallo,Es ging.\n"
NEW = [(2, "READY", "NEW", ""), (3, "READY", "NEW", "")]
MINE = MessageTemplate.objects.filter(key="mine")


@pytest.fixture(autouse=True)
def _folder(quiet_files, chief):
    known = dict(registry.IMPORTERS)
    yield
    registry.IMPORTERS.clear()
    registry.IMPORTERS.update(known)


def numbers(**options):
    """Register a kind of file with one number a line."""
    importer(
        Importer(
            name="test.odd",
            label="Numbers",
            columns=[Column("n", "number", int)],
            permission="core.view_user",
            **{"load": lambda found, *, now, reason: {}} | options,
        )
    )


def test_a_file_is_mapped_tried_without_a_trace_and_then_carried_out(actor, now):
    run = upload(TEMPLATES, "t.csv", GOOD.encode(), now=now)

    assert run.headers == ["key", "language", "subject", "body"]
    assert run.samples == [["mine", "en", "Hello", "It left."], ["mine", "de", "Hallo", "Es ging."]]
    assert not ImportRow.objects.exists()

    run = bring(TEMPLATES, GOOD, now)

    assert lines(run) == NEW
    assert not MINE.exists()

    job = start_import(run.pk, now=now)

    assert start_import(run.pk, now=now) == job
    assert (Job.objects.count(), job.created_by_id) == (1, actor.user_id)
    assert work(job, now).status == "DONE"
    assert lines(run, "line", "status", "effect") == [(2, "DONE", "NEW"), (3, "DONE", "NEW")]
    stored = MINE.order_by("language").values_list("language", "subject")
    assert list(stored) == [("de", "Hallo"), ("en", "Hello")]


def test_the_same_file_sent_twice_is_one_import_until_it_was_started(actor, now):
    first = upload(TEMPLATES, "t.csv", GOOD.encode(), now=now)

    assert upload(TEMPLATES, "t.csv", GOOD.encode(), now=now) == first
    assert (Import.objects.count(), StoredFile.objects.count()) == (1, 1)

    carry_out(bring(TEMPLATES, GOOD, now), now)
    again = bring(TEMPLATES, GOOD, now)

    assert again != first
    assert earlier_imports(again) == [first]
    assert lines(again, "status", "effect") == [("READY", "UNCHANGED")] * 2
    assert MINE.count() == 2


def test_another_mapping_replaces_what_was_tried(actor, now):
    swapped = {"key": "key", "language": "language", "subject": "body", "body": "subject"}
    run = bring(TEMPLATES, GOOD, now, swapped)
    first = set(ImportRow.objects.values_list("pk", flat=True))

    run = bring(TEMPLATES, GOOD, now, {name: name for name in swapped})

    assert first.isdisjoint(ImportRow.objects.values_list("pk", flat=True))
    assert lines(run) == NEW
    assert ImportRow.objects.filter(run=run).first().values["subject"] == "Hello"
    start_import(run.pk, now=now)
    with pytest.raises(MappingError, match="was started already"):
        map_columns(run.pk, swapped, now=now)
    assert lines(run) == NEW


def test_what_was_not_tried_is_not_started(actor, now, monkeypatch):
    run = upload(TEMPLATES, "t.csv", GOOD.encode(), now=now)
    with pytest.raises(MappingError, match="not all tried yet"):
        start_import(run.pk, now=now)

    monkeypatch.setattr(running, "AT_ONCE", 1)
    run = bring(TEMPLATES, GOOD, now)

    assert lines(run, "status") == [("WAITING",), ("WAITING",)]
    assert run.trial.total == 2
    with pytest.raises(MappingError, match="not all tried yet"):
        start_import(run.pk, now=now)
    assert work(run.trial, now).status == "DONE"
    assert lines(run) == NEW
    assert carry_out(run, now).total == 2


def test_a_new_mapping_ends_the_trial_of_the_old_one(actor, now, monkeypatch):
    monkeypatch.setattr(running, "AT_ONCE", 1)
    first = bring(TEMPLATES, GOOD, now).trial
    run = bring(TEMPLATES, GOOD, now)

    first.refresh_from_db()
    assert (first.status, run.trial.status) == ("CANCELLED", "QUEUED")
    assert work(run.trial, now).status == "DONE"
    assert lines(run) == NEW


def test_lines_that_name_the_same_are_refused_but_for_the_first(actor, now):
    run = bring(TEMPLATES, GOOD + "MINE,en,Other,text\n", now)

    assert lines(run) == [*NEW, (4, "REFUSED", "", "It names the same as line 2.")]


def test_bad_lines_stay_with_their_reasons_and_come_back_as_a_file(actor, now):
    text = GOOD.replace("subject", "Title of it") + f"{'k' * 61},en,,text\n"
    mapping = {"key": "key", "language": "language", "subject": "Title of it", "body": "body"}
    run = bring(TEMPLATES, text, now, mapping)

    why = [
        ["key", "Ensure this value has at most 60 characters (it has 61)."],
        ["subject", "This field is required."],
    ]
    row = ImportRow.objects.get(run=run, line=4)
    told = "Key: Ensure this value has at most 60 characters (it has 61)."
    assert (row.status, row.details, row.reason) == ("REFUSED", why[:1], told)
    header, bad = results(run, ["REFUSED"])
    assert header == [
        *("line", "key", "language", "Title of it", "body"),
        *("status", "effect", "details", "reason"),
    ]
    assert bad == ["4", "k" * 61, "en", "", "text", "Refused", "", told, told]
    assert len(list(results(run))) == 4
    carry_out(run, now)
    assert MINE.count() == 2


def test_a_value_that_no_parser_reads_is_told_by_column(actor, now):
    numbers()
    run = bring("test.odd", "Number,x\n1,\nx,\n,1\n", now)

    wrong = "invalid literal for int() with base 10: 'x'"
    assert lines(run, "line", "status", "details", "reason") == [
        (2, "READY", [], ""),
        (3, "REFUSED", [["n", wrong]], f"number: {wrong}"),
        (4, "REFUSED", [["n", "is missing"]], "number: is missing"),
    ]


def test_what_the_loader_refuses_is_blocked_in_the_job(actor, now):
    numbers(
        check=lambda found: {r.id: Verdict(reason="too big") for r in found if r.values["n"] > 9},
        load=lambda found, *, now, reason: {
            r.id: Verdict(reason="odd") for r in found if r.values["n"] % 2
        },
    )
    run = bring("test.odd", "Number\n1\n2\n11\n", now)

    assert lines(run) == [*NEW, (4, "REFUSED", "", "too big")]
    job = carry_out(run, now)
    assert lines(run)[:2] == [(2, "REFUSED", "", "odd"), (3, "DONE", "NEW", "")]
    outcomes = JobRow.objects.filter(job=job).order_by("object_id")
    assert list(outcomes.values_list("outcome", "reason")) == [("BLOCKED", "odd"), ("DONE", "")]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "The file is empty."), (b"key,body\n", "The file has no rows.")],
)
def test_a_file_that_cannot_be_read_leaves_nothing(actor, now, content, words):
    with pytest.raises(FileRefusedError) as refused:
        upload(TEMPLATES, "t.csv", content, now=now)

    assert str(refused.value) == words
    assert not Import.objects.exists()
    assert not StoredFile.objects.exists()
