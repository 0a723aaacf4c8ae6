"""Files out: CSV and XLSX, written row by row, safe to open in a spreadsheet."""

import csv
import math
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import IO, Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import FileResponse, StreamingHttpResponse

# A spreadsheet runs a cell that begins like this as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# What a sheet holds, its header among them, and what a cell does.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
MARK = "\ufeff"
Row = Sequence[Any]


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


def csv_rows(rows: Iterable[Row]) -> Iterator[str]:
    """Yield rows as lines of a CSV file."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def csv_lines(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a CSV file, its byte order mark first."""
    yield MARK
    yield from csv_rows([header])
    yield from csv_rows(rows)


def sheet_rows(rows: Iterable[Row]) -> Iterator[str]:
    """Yield rows as the XML of a sheet: numbers can be reckoned with, all else is text."""
    for row in rows:
        yield f"<row>{''.join(map(_sheet_cell, row))}</row>"


def _sheet_cell(value: Any) -> str:
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float, Decimal)) and math.isfinite(value):
        return f"<c><v>{cell(value)}</v></c>"
    text = escape(ILLEGAL.sub("", cell(value))[:CELL_CHARACTERS])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"


def _write_csv(file: IO[bytes], texts: Iterable[str], size: int) -> None:
    file.write(MARK.encode())
    for text in texts:
        file.write(text.encode())


HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OPEN_XML = "http://schemas.openxmlformats.org"
MAIN = f"{OPEN_XML}/spreadsheetml/2006/main"
OFFICE = f"{OPEN_XML}/officeDocument/2006/relationships"
PACKAGE = f"{OPEN_XML}/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET = "xl/worksheets/sheet1.xml"
# What a workbook holds beside its one sheet.
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/{SHEET}" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name="export" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}


def _write_xlsx(file: IO[bytes], texts: Iterable[str], size: int) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as book:
        for name, text in PARTS.items():
            # Without the moment of writing the same rows make the same file.
            book.writestr(_entry(name), HEAD + text)
        entry = _entry(SHEET)
        entry.file_size = size
        with book.open(entry, "w") as sheet:
            sheet.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for text in texts:
                sheet.write(text.encode())
            sheet.write(b"</sheetData></worksheet>")


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    return entry


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how rows become text, and how texts become a file of about some size."""

    suffix: str
    content_type: str
    rows: Callable[[Iterable[Row]], Iterator[str]]
    write: Callable[[IO[bytes], Iterable[str], int], None]
    most_rows: float = math.inf


FORMATS = {
    "CSV": Format("csv", "text/csv", csv_rows, _write_csv),
    "XLSX": Format("xlsx", f"{TYPE}.sheet", sheet_rows, _write_xlsx, SHEET_ROWS - 1),
}


def csv_response(name: str, header: Row, rows: Iterable[Row]) -> StreamingHttpResponse:
    """Return a CSV file that is read from the database while it is sent."""
    response = StreamingHttpResponse(csv_lines(header, rows), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def xlsx_response(name: str, header: Row, rows: Iterable[Row]) -> FileResponse:
    """Return a workbook, which grows on disk."""

    def texts() -> Iterator[str]:
        yield from sheet_rows([header])
        yield from sheet_rows(rows)

    file = tempfile.TemporaryFile()  # noqa: SIM115
    kind = FORMATS["XLSX"]
    kind.write(file, texts(), 0)
    file.seek(0)
    response = FileResponse(
        file, as_attachment=True, filename=f"{name}.xlsx", content_type=kind.content_type
    )
    response["Cache-Control"] = "no-store"
    return response
