import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.exports import FORMULA, cell, csv_lines, csv_response


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
    text = "".join(csv_lines(["a", "b"], rows))

    read = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(read) == len(rows) + 1
    assert all(not value.startswith(FORMULA) for row in read for value in row)
    assert [[v.removeprefix("'") for v in row] for row in read[1:]] == [
        [v.removeprefix("'") for v in row] for row in rows
    ]


def test_the_response_is_a_download():
    response = csv_response("orders", ["a"], [["1"]])

    assert response["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert b"".join(response) == "\ufeffa\r\n1\r\n".encode()
