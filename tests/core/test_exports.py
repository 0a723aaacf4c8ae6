import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from backoffice.core.exports import FORMULA, cell, csv_response, csv_rows, xlsx_response

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Decimal("-1.50"), "-1.50"),
        (Decimal("1E+3"), "1000"),
        (-3, "-3"),
        (True, "true"),
        (datetime(2026, 3, 10, 9, 30, tzinfo=UTC), "2026-03-10T09:30:00+00:00"),
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-5", "'-5"),
        ("plain", "plain"),
    ],
)
def test_a_cell(value, text):
    assert cell(value) == text


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_no_text_becomes_a_formula_and_all_rows_come_back(rows):
    text = "".join(csv_rows(rows))

    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows)
    assert all(not value.startswith(FORMULA) for row in read for value in row)
    assert [[v.removeprefix("'") for v in row] for row in read] == [
        [v.removeprefix("'") for v in row] for row in rows
    ]


def test_the_response_is_a_download():
    response = csv_response("orders", ["a"], [["1"]])

    assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert b"".join(response) == "\ufeffa\r\n1\r\n".encode()


def test_a_workbook_keeps_numbers_and_no_formula(tmp_path):
    rows = [
        [1, Decimal("-2.50"), True, None, "=1+1", "a <b> & \x00c\ufffe", float("inf"), "退款\n2 "],
        [Decimal("1E+3"), 0.5, False, "", "x" * 40_000, NOON, Decimal("NaN"), "_x000D_"],
    ]

    found = list(load_workbook(_file(xlsx_response("a", ["=n", "b"], rows))).active.values)

    assert found[0][:2] == ("'=n", "b")
    assert found[1] == (1, -2.5, True, None, "'=1+1", "a <b> & c", "inf", "退款\n2 ")
    assert found[2][:4] == (1000, 0.5, False, None)
    assert (len(found[2][4]), *found[2][5:7]) == (32_767, NOON.isoformat(), "NaN")


def test_the_same_rows_make_the_same_workbook():
    made = {b"".join(xlsx_response("a", ["n"], [[1]])) for _ in range(2)}
    assert len(made) == 1


def _file(response):
    return io.BytesIO(b"".join(response))
