"""Lines of CSV files and workbooks, however a spreadsheet saved them."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from backoffice.core.files import FileRefusedError

ROWS = 100_000
# A small file may unpack to one that fills the memory.
UNPACKED = 200 * 1024 * 1024


def read_lines(content: bytes) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the headers, each once, and the lines that are not empty with their numbers."""
    lines = _sheet(content) if content.startswith(b"PK") else _csv_lines(content)
    headers = _distinct([h.strip() for h in next(lines, (1, []))[1]])
    return headers, _filled(lines, len(headers))


def _distinct(headers: list[str]) -> list[str]:
    """Return headers that name their column alone; an empty one gets its number."""
    found: list[str] = []
    for place, header in enumerate(headers, start=1):
        name = header or _("column %(n)s") % {"n": place}
        found.append(name if name not in found else f"{name} ({place})")
    while found and not headers[len(found) - 1]:
        found.pop()
    return found


def _filled(lines: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    count = 0
    for number, cells in lines:
        if not any(c.strip() for c in cells):
            continue
        count += 1
        if count > ROWS:
            raise FileRefusedError(_("The file has more than 100,000 rows: split it."))
        stripped = [c.strip() for c in cells[:width]]
        yield number, stripped + [""] * (width - len(stripped))
    if not count:
        raise FileRefusedError(_("The file has no rows."))


def stored_content(content: bytes) -> bytes:
    """Return a file as it is stored: text in UTF-8."""
    return content if content.startswith(b"PK") else as_text(content).encode()


def _csv_lines(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and cells."""
    text = as_text(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        text_ = _("Line %(line)s is no CSV: %(error)s.")
        raise FileRefusedError(text_ % {"line": reader.line_num, "error": error}) from None


def as_text(content: bytes) -> str:
    """Decode UTF-8, with or without its mark, or the GBK that Chinese spreadsheets save."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text and (encoding == "utf-8-sig" or _is_chinese(text)):
            return text
    raise FileRefusedError(_("The file is neither UTF-8 nor GBK text: save it as CSV UTF-8."))


def _is_chinese(text: str) -> bool:
    """Tell Chinese from Western text of another encoding, which decodes to rare characters."""
    common = text.encode("gb2312", "ignore").decode("gb2312")
    return (len(text) - len(common)) * 10 <= sum(c > "\x7f" for c in text)


def _sheet(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a workbook's first sheet; formulas give their last value."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED:
                raise FileRefusedError(_("The workbook is too big when unpacked: split it."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except FileRefusedError:
        raise
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError):
        text = _("The workbook cannot be read: save it as XLSX or CSV.")
        raise FileRefusedError(text) from None
    for number, cells in enumerate(book.worksheets[0].values, start=1):
        yield number, [_sheet_text(value) for value in cells]


def _sheet_text(value: Any) -> str:
    """Return a cell as it would stand in a CSV file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    return "" if value is None else str(value)
