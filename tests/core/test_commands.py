import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.core.management import CommandError, call_command

from backoffice.core import invariants
from backoffice.core.invariants import Invariant
from backoffice.core.management.commands import messages


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue()


@pytest.fixture
def broken(monkeypatch):
    sql = "SELECT n AS id, 'x' AS why FROM generate_series(1, 30) n"
    wrong = Invariant("test.wrong", "Nothing is wrong.", sql, "Do it again.")
    monkeypatch.setattr(invariants, "REGISTRY", invariants.REGISTRY | {"test.wrong": wrong})
    monkeypatch.setattr(
        "backoffice.core.management.commands.check_invariants.REGISTRY", invariants.REGISTRY
    )


def test_an_empty_shop_breaks_no_invariant(db):
    assert run("check_invariants") == f"{len(invariants.REGISTRY)} invariants hold.\n"


def test_what_is_broken_is_shown_with_its_rows_and_repair(db, broken):
    err = io.StringIO()

    with pytest.raises(CommandError, match="1 of 1 invariants are broken."):
        call_command("check_invariants", "test.wrong", stderr=err)

    lines = err.getvalue().splitlines()
    assert lines[:2] == ["test.wrong: Nothing is wrong.", "  id=1, why=x"]
    assert len(lines) == 1 + 20 + 1
    assert lines[-1] == "  To repair: Do it again."


def test_an_unknown_invariant_is_refused(db):
    with pytest.raises(CommandError, match="Unknown: no.such"):
        call_command("check_invariants", "no.such")


def test_the_flow_names_verbs_events_and_handlers():
    text = run("flow")

    lines = text.splitlines()
    approved = next(n for n, line in enumerate(lines) if "approval.approved" in line)
    assert "[core.approval approve → APPROVED]" in lines[approved]
    assert lines[approved + 1] == "    ─▶ core.erase_approved"
    assert '"approval.approved" -> "core.erase_approved";' in run("flow", "--dot")


def test_every_message_is_found_in_code_and_templates(tmp_path, monkeypatch, settings):
    monkeypatch.setattr(messages, "FOLDER", tmp_path)

    with pytest.raises(CommandError, match="lack their translation"):
        run("messages", "--check")
    run("messages")
    first = (tmp_path / "django.po").read_bytes()
    run("messages")

    assert (tmp_path / "django.po").read_bytes() == first
    with open(tmp_path / "django.po", "rb") as stored:
        catalogue = read_po(stored, locale="zh_Hans")
    texts = {m.id for m in catalogue}
    assert "Nothing you may do." not in texts
    assert {
        "Ask to erase personal data",
        ("%(n)s document may move.", "%(n)s documents may move."),
    } <= texts


def test_a_translation_survives_an_update_and_a_stale_catalogue_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    monkeypatch.setattr(messages, "texts", lambda: iter([("Hello", None)]))
    run("messages")
    path = Path(tmp_path / "django.po")
    path.write_text(
        path.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "你好"')
    )

    with pytest.raises(CommandError, match="stale"):
        run("messages", "--check")
    run("messages")
    assert 'msgstr "你好"' in path.read_text()
    assert run("messages", "--check") == "1 texts are translated.\n"

    monkeypatch.setattr(messages, "texts", lambda: iter([("Hello", None), ("Bye", None)]))
    with pytest.raises(CommandError, match="1 texts lack their translation:\n  Bye"):
        run("messages", "--check")
