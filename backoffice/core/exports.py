"""Files out: CSV and XLSX, written row by row, safe to open in a spreadsheet."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

# A spreadsheet runs a cell that begins like this as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# What a sheet holds, its header among them.
SHEET_ROWS = 1_048_576
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TooLongError(ValueError):
    """There are more rows than one sheet holds."""


class _Echo:
    def write(self, line: str) -> str:
        return line


def cell(value: Any) -> str:
    """Return a value as the text of one cell; text that looks like a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_lines(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV file, its byte order mark first."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([cell(name) for name in header])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def csv_response(
    name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Return a CSV file that is read from the database while it is sent."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def xlsx_response(name: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> FileResponse:
    """Return a workbook, which grows on disk; TooLongError where one sheet does not hold it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("export")
    sheet.append([cell(name) for name in header])
    for n, row in enumerate(rows, start=2):
        if n > SHEET_ROWS:
            raise TooLongError
        sheet.append([_sheet_cell(value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
    response["Cache-Control"] = "no-store"
    return response


def _sheet_cell(value: Any) -> Any:
    """Return numbers as they are, so that they can be reckoned with; all else as text."""
    if isinstance(value, (int, float, Decimal)):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("", cell(value))
