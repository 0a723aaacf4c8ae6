"""The command that reads a file and says what it comes to."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.fixtures.settlement import SAMPLES


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
        (b"", (), "The file is in none of the formats, or in several."),
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
