"""Every format: what a file comes to, and what becomes of one that was changed on its way."""

import csv
import io
import random
import re
from collections.abc import Callable

import pytest

from finance.settlement_files.base import Control, Statement
from finance.settlement_files.registry import DETECT, FORMATS, read_file
from tests.fixtures.settlement import SAMPLES, packed
from tests.fixtures.settlement_providers import Sample

pytestmark = pytest.mark.parametrize("name", SAMPLES)


def come_to(statement: Statement) -> dict[str, tuple[int, int, int]]:
    return {
        currency: (totals.gross, totals.fee, totals.net)
        for currency, totals in statement.totals.items()
    }


def same(name: str, content: bytes) -> None:
    """Assert that a changed file says what the sample says."""
    sample = SAMPLES[name]
    statement = FORMATS[name].parse(content)
    assert (statement.reason, statement.control.lower()) == ("", sample.control)
    assert (statement.count, come_to(statement)) == (sample.rows, sample.totals)


def refused(name: str, content: bytes) -> None:
    statement = FORMATS[name].parse(content)
    assert statement.control == Control.REFUSED
    assert statement.reason


def same_or_refused(name: str, content: bytes) -> None:
    statement = FORMATS[name].parse(content)
    if statement.control != Control.REFUSED:
        assert (statement.count, come_to(statement)) == (
            SAMPLES[name].rows,
            SAMPLES[name].totals,
        )
    else:
        assert statement.reason


def encoding_of(name: str) -> str:
    if name == "alipay":
        return "gb18030"
    return "utf-8-sig" if SAMPLES[name].content.startswith(b"\xef\xbb\xbf") else "utf-8"


def text_of(name: str) -> str:
    return SAMPLES[name].content.decode(encoding_of(name))


def test_file_comes_to_its_totals(name: str) -> None:
    same(name, SAMPLES[name].content)
    statement = FORMATS[name].parse(SAMPLES[name].content)
    assert all(row.raw for row in statement.rows)
    assert len({row.number for row in statement.rows}) == SAMPLES[name].rows


def test_format_is_found(name: str) -> None:
    format, statement = read_file(DETECT, SAMPLES[name].content)
    assert format is FORMATS[name]
    assert come_to(statement) == SAMPLES[name].totals


def test_family_name_is_enough(name: str) -> None:
    format, _statement = read_file(name.split("-")[0].upper(), SAMPLES[name].content)
    assert format is FORMATS[name]


def test_other_formats_refuse_it(name: str) -> None:
    for other, format in FORMATS.items():
        pair = {name, other}
        # Balance transactions are what a payout reconciliation consists of.
        if other != name and pair != {"stripe-payout", "stripe-balance"}:
            assert format.parse(SAMPLES[name].content).control == Control.REFUSED


def test_line_ends_and_marks_change_nothing(name: str) -> None:
    text = text_of(name).replace("\r\n", "\n")
    same(name, text.encode(encoding_of(name)))
    same(name, text.replace("\n", "\r\n").encode(encoding_of(name)))
    same(name, text.encode("utf-8-sig"))
    same(name, packed(SAMPLES[name].content))
    if not text.startswith("<?xml"):
        same(name, text.encode("utf-16"))


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf\r\n", b" \n\n", b"\x00\x00", b"PK\x03\x04"]
)
def test_nothing_is_refused(name: str, content: bytes) -> None:
    refused(name, content)


def test_cut_file_is_refused(name: str) -> None:
    """Cut anywhere but at a line's end; there only what has a control over the whole tells."""
    sample = SAMPLES[name]
    for share in range(1, 40):
        cut = sample.content[: len(sample.content) * share // 40]
        if sample.is_complete:
            same_or_refused(name, cut)
        elif not cut.endswith(b"\n"):
            statement = FORMATS[name].parse(cut)
            assert statement.control == Control.REFUSED or statement.count < sample.rows


def data_lines(name: str) -> tuple[list[str], list[int]]:
    """Return a file's lines, and which of them are one row each."""
    lines = text_of(name).splitlines(keepends=True)
    marks = {
        "paypal-stl": '"SB"',
        "mt940": ":61:",
        "wechat-trade": "`2026",
        "wechat-fund": "`2026",
    }
    if name in marks:
        return lines, [n for n, line in enumerate(lines) if line.startswith(marks[name])]
    first = SAMPLES[name].header + (2 if name == "amazon-v2" else 1)
    return lines, [n for n, line in enumerate(lines) if n >= first and not line.startswith("#")]


@pytest.fixture
def sample(name: str) -> Sample:
    if name in ("camt053", "ofx"):
        pytest.skip("rows are no lines")
    return SAMPLES[name]


def test_missing_row_is_refused(name: str, sample: Sample) -> None:
    lines, rows = data_lines(name)
    assert rows
    for row in rows:
        content = "".join(lines[:row] + lines[row + 1 :]).encode(encoding_of(name))
        if sample.is_complete:
            refused(name, content)
        else:
            assert FORMATS[name].parse(content).count == sample.rows - 1


def test_doubled_row_is_refused(name: str, sample: Sample) -> None:
    lines, rows = data_lines(name)
    for row in rows:
        refused(name, "".join(lines[: row + 1] + lines[row:]).encode(encoding_of(name)))


def test_doubled_file_is_refused(name: str) -> None:
    content = SAMPLES[name].content
    refused(name, content + content)
    refused(name, content + content.removeprefix(b"\xef\xbb\xbf"))


def test_doubled_rows_are_refused(name: str, sample: Sample) -> None:
    lines, rows = data_lines(name)
    body = lines[rows[0] : rows[-1] + 1]
    content = "".join(lines[: rows[-1] + 1] + body + lines[rows[-1] + 1 :])
    refused(name, content.encode(encoding_of(name)))


def test_changed_amount_is_refused(name: str) -> None:
    """Any amount of the deals that is written otherwise; OFX has nothing that would tell."""
    text = text_of(name)
    if name == "ofx":
        pytest.skip("OFX has no control")
    for number in ("25.00", "2500", "19.99", "1999", "29.99", "-156.75", "123.45"):
        for written in (number, number.replace(".", ",")):
            start = text.find(written)
            if start > 0:
                changed = f"{text[:start]}9{text[start + 1 :]}"
                same_or_refused(name, changed.encode(encoding_of(name)))


def test_other_decimal_mark_is_the_same_or_refused(name: str) -> None:
    text = text_of(name)
    pattern = r"(?<=\d),(?=\d\d\b)" if name == "mt940" else r"(?<=\d)\.(?=\d\d\b)"
    changed, count = re.subn(pattern, "." if name == "mt940" else ",", text)
    if count:
        same_or_refused(name, changed.encode(encoding_of(name)))
    quoted = re.sub(r"(?<=[,\t])(-?\d+)\.(\d\d)(?=[,\t\r\n])", r'"\1,\2"', text)
    same_or_refused(name, quoted.encode(encoding_of(name)))


def swap(name: str, order: Callable[[list[int]], list[int]]) -> bytes:
    """Write a table again with its columns in another order."""
    sample = SAMPLES[name]
    lines = text_of(name).splitlines(keepends=True)
    table = [line for line in lines if not line.startswith("#")]
    after = len(table) + sample.header
    rows = list(csv.reader(io.StringIO("".join(table), newline=""), delimiter=sample.table))
    places = order(list(range(len(rows[0]))))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sample.table, lineterminator="\n")
    writer.writerows([[row[place] for place in places] for row in rows])
    head, tail = lines[: sample.header], lines[after:]
    return ("".join(head) + out.getvalue() + "".join(tail)).encode(encoding_of(name))


def test_columns_count_by_name(name: str) -> None:
    if not SAMPLES[name].table:
        pytest.skip("no table")
    same(name, swap(name, lambda places: places[::-1]))
    rng = random.Random(name)  # noqa: S311
    for _try in range(5):
        same(name, swap(name, lambda places: rng.sample(places, len(places))))


def test_lost_column_is_refused(name: str) -> None:
    if not SAMPLES[name].table:
        pytest.skip("no table")
    width = len(swap(name, lambda places: places).decode(encoding_of(name)).split("\n")[0])
    for column in range(min(width, 13)):
        same_or_refused(name, swap(name, lambda p, c=column: [x for x in p if x != c]))


def test_damage_never_breaks_the_reader(name: str) -> None:
    """Bytes changed, lost and doubled at random: an answer always, and no wrong sum as proved."""
    rng = random.Random(f"damage {name}")  # noqa: S311
    content = SAMPLES[name].content
    for _try in range(150):
        at = rng.randrange(len(content))
        length = rng.choice([1, 1, 1, 2, 8, 64])
        instead = rng.choice([b"", bytes(rng.randrange(256) for _ in range(length)), b"\x00", b'"'])
        statement = FORMATS[name].parse(content[:at] + instead + content[at + length :])
        if statement.control == Control.PROVED and SAMPLES[name].is_complete:
            assert {c: t[2] for c, t in come_to(statement).items()} == {
                c: t[2] for c, t in SAMPLES[name].totals.items()
            }
