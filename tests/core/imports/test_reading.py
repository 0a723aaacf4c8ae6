import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from backoffice.core.files import FileRefusedError
from backoffice.core.imports import reading
from backoffice.core.imports.reading import read_lines

CHINESE = "key,subject\nmine,您好\n"


def workbook(*lines):
    book = Workbook()
    for line in lines:
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(content):
    headers, lines = read_lines(content if isinstance(content, bytes) else content.encode())
    return headers, list(lines)


@pytest.mark.parametrize(
    "content",
    [
        CHINESE.encode(),
        CHINESE.encode("utf-8-sig"),
        CHINESE.encode("gbk"),
        CHINESE.replace(",", ";").encode(),
        CHINESE.replace(",", "\t").encode(),
        workbook(*(line.split(",") for line in CHINESE.splitlines()), [None, None]),
    ],
    ids=["utf-8", "bom", "gbk", "semicolon", "tab", "xlsx"],
)
def test_a_file_is_read_however_a_spreadsheet_saved_it(content):
    assert read(content) == (["key", "subject"], [(2, ["mine", "您好"])])


def test_every_header_names_one_column_and_rows_have_as_many_cells():
    text = "a,,a,\n1,2\n,,\n1,2,3,4,5\n"

    assert read(text) == (
        ["a", "column 2", "a (3)"],
        [(2, ["1", "2", ""]), (4, ["1", "2", "3"])],
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("key,body\n", "The file has no rows."),
        ("key\n\n  \n", "The file has no rows."),
        (
            "key,Müller\n".encode("latin-1"),
            "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8.",
        ),
        (b"PK\x03\x04", "The workbook cannot be read: save it as XLSX or CSV."),
        (b"\xff\xfe\x00", "The file is neither UTF-8 nor GBK text: save it as CSV UTF-8."),
        ('key,body\na,b"c"\na,"c"d\n', "Line 3 is no CSV: ',' expected after '\"'."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, words):
    with pytest.raises(FileRefusedError) as refused:
        read(reading.stored_content(content if isinstance(content, bytes) else content.encode()))

    assert str(refused.value) == words


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
    assert reading._sheet_text(value) == text


def test_a_file_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "ROWS", 1)

    with pytest.raises(FileRefusedError, match="more than 100,000 rows"):
        read("a\n1\n2\n")


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "UNPACKED", 100)

    with pytest.raises(FileRefusedError, match="too big when unpacked"):
        read(workbook(["key"]))
