"""The command that reads a file and says what it comes to."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError

from finance.management.commands import import_settlement
from finance.models import FileRow, ProviderFile
from tests.fixtures.settlement import SAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "stored"


def run(path: Path, *options: str) -> tuple[dict, str]:
    """Return what the command says, and its error."""
    out = StringIO()
    try:
        call_command("import_settlement", str(path), "--json", *options, stdout=out)
    except CommandError as error:
        return json.loads(out.getvalue()), str(error)
    return json.loads(out.getvalue()), ""


@pytest.mark.parametrize("name", SAMPLES)
def test_says_what_a_file_comes_to(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(SAMPLES[name].content)
    said, error = run(path, "--format", name)
    assert error == ""
    assert said == {
        "rows": SAMPLES[name].rows,
        "control": SAMPLES[name].control,
        "reason": "",
        "totals": {
            currency: {"gross": gross, "fee": fee, "net": net}
            for currency, (gross, fee, net) in SAMPLES[name].totals.items()
        },
    }


def test_refuses_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(SAMPLES["paypal-stl"].content.replace(b"INV,1", b'"INV",1'))
    said, error = run(path, "--format", "paypal")
    assert said == {"rows": 0, "control": "refused", "reason": error, "totals": {}}
    assert error == "Line 6 cannot be read: its quotes are broken."


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (b"", (), "The file is empty."),
        (b"x", (), "The file is in none of the formats, or in several."),
        (b"", ("--format", "ofx"), "The file is empty."),
        (b"x", ("--format", "chase"), "“chase” is no format. There are stripe-payout, "),
        (None, (), "No such file or directory."),
    ],
)
def test_refuses_what_is_no_file(
    content: bytes | None, options: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    said, error = run(path, *options)
    assert reason in error
    assert said == {"rows": 0, "control": "refused", "reason": error, "totals": {}}


def test_stores_a_file_once(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(SAMPLES["alipay"].content)
    assert run(path, "--check")[1] == ""
    assert not ProviderFile.objects.exists()
    first = run(path)
    assert run(path) == first
    file = ProviderFile.objects.get()
    assert (file.format, file.row_count, file.file.name) == ("alipay", 4, "bill.csv")
    assert FileRow.objects.count() == 4
    errors = StringIO()
    call_command("import_settlement", str(path), stdout=StringIO(), stderr=errors)
    assert errors.getvalue() == f"Imported before, as {file.number}: nothing changed.\n"


def test_tells_what_was_read_without_a_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise ProgrammingError('relation "finance_providerfile" does not exist')

    monkeypatch.setattr(import_settlement, "store_statement", broken)
    path = tmp_path / "a.xml"
    path.write_bytes(SAMPLES["camt053"].content)
    out, errors = StringIO(), StringIO()
    call_command("import_settlement", str(path), "--json", stdout=out, stderr=errors)
    assert json.loads(out.getvalue())["control"] == "proved"
    assert "the database is not set up" in errors.getvalue()
