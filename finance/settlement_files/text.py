"""Bytes to text to tables: packing, encoding, delimiter; columns count by name."""

import csv
import io
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from finance.settlement_files.base import RefusedError, Row, UnreadableError, WrongFormatError

# What a packed file may become: far above any day's file, far below the memory.
UNPACKED = 200 * 1024 * 1024
# Whatever a damaged archive makes its reader stumble over.
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, LookupError, OverflowError),
)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files in a ZIP or GZIP by name; what is not packed is one file."""
    try:
        if content.startswith(b"\x1f\x8b"):
            engine = zlib.decompressobj(wbits=31)
            plain = engine.decompress(content, UNPACKED)
            if engine.unconsumed_tail:
                raise RefusedError(_("The packed file is too big."))
            if not engine.eof or engine.unused_data:
                raise RefusedError(_("The packed file is damaged."))
            return {"": plain}
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                members = [info for info in archive.infolist() if not info.is_dir()]
                if sum(info.file_size for info in members) > UNPACKED:
                    raise RefusedError(_("The packed file is too big."))
                return {_name(info): archive.read(info) for info in members}
    except DAMAGED as error:
        raise RefusedError(_("The packed file is damaged.")) from error
    return {"": content}


def _name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def single(content: bytes) -> bytes:
    """Return the one file that is packed or not."""
    files = unpack(content)
    if len(files) != 1:
        raise RefusedError(_("The archive has %d files, not one.") % len(files))
    return next(iter(files.values()))


def decode(content: bytes, *encodings: str) -> str:
    """Return the text of the one file; a byte order mark decides before the encodings."""
    return decode_plain(single(content), *encodings)


def decode_plain(content: bytes, *encodings: str) -> str:
    """Return bytes as text in the first encoding that fits."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    elif content.startswith(b"\xef\xbb\xbf"):
        encodings = ("utf-8-sig",)
    elif b"\x00" in content[:2]:
        encodings = ("utf-16-be",)
    elif b"\x00" in content[:4]:
        encodings = ("utf-16-le",)
    for encoding in encodings or ("utf-8",):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if CONTROLS.search(text):
            break
        return text
    raise RefusedError(_("The text cannot be read: its encoding is not the format's."))


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table; its cells by the name of their column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its lines; names are compared without case, width and space."""

    columns: frozenset[str]
    records: Sequence[Record]

    def first(self, *names: str) -> str:
        """Return the first of some columns that is there, or nothing."""
        return next((name for name in names if name in self.columns), "")


def column_name(text: str) -> str:
    """Return a column's name as tables know it: small letters, half-width, one space."""
    return " ".join(unicodedata.normalize("NFKC", text).strip("\ufeff` \t").casefold().split())


def read_table(text: str, needed: Sequence[str], delimiters: str = ",\t;") -> Table:
    """Read a text whose first line is the header; refuse lines that do not fit it."""
    delimiter = _delimiter(text, needed, delimiters)
    lines = split_lines(text, delimiter)
    header = next(lines, (0, []))[1]
    return make_table(header, lines, needed)


def make_table(
    header: Sequence[str], lines: Iterator[tuple[int, list[str]]], needed: Sequence[str]
) -> Table:
    """Put lines under their header; refuse doubled columns and lines of another width."""
    names = [column_name(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    require(names, needed)
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise RefusedError(_("The column “%s” is there twice.") % twice)
    records = []
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        extra = any(cell.strip() for cell in cells[len(names) :])
        if len(cells) < len(names) or extra:
            raise RefusedError(
                _("Line %(line)d has %(cells)d cells, the header %(header)d.")
                % {"line": number, "cells": len(cells), "header": len(names)}
            )
        cells = [cell.strip(" \t") for cell in cells]
        records.append(Record(number, dict(zip(names, cells, strict=False))))
    return Table(frozenset(names), records)


def require(names: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a header that lacks a column."""
    missing = [name for name in needed if name not in names]
    if missing:
        raise WrongFormatError(
            _("This is no such file: it lacks the columns %s.") % ", ".join(missing)
        )


def split_lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Split a text into cells, each line with its number; refuse broken quotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise RefusedError(
            _("Line %d cannot be read: its quotes are broken.") % reader.line_num
        ) from error


def _delimiter(text: str, needed: Sequence[str], delimiters: str) -> str:
    head = text.lstrip("\ufeff\r\n ").splitlines()[:1] or [""]
    for delimiter in delimiters:
        names = [column_name(cell) for cell in head[0].replace('"', "").split(delimiter)]
        if all(name in names for name in needed):
            return delimiter
    return delimiters[0]


def has_columns(*needed: str, encodings: Sequence[str] = ("utf-8",)) -> Callable[[bytes], bool]:
    """Return a test whether a file's first line has the columns."""

    def recognises(content: bytes) -> bool:
        try:
            text = decode(content, *encodings)
        except RefusedError:
            return False
        head = (text.lstrip("\ufeff\r\n ").splitlines()[:1] or [""])[0]
        cells = re.split("[,;\t]", head.replace('"', ""))
        return set(needed) <= {column_name(cell) for cell in cells}

    return recognises


def refuse_repeats(records: Sequence[Record], key: Callable[[Record], object]) -> list[str]:
    """Return a problem for each record whose key was there before; an empty key never was."""
    seen: dict[object, int] = {}
    problems = []
    for record in records:
        value = key(record)
        if not value:
            continue
        if value in seen:
            problems.append(
                _("Line %(line)d repeats line %(other)d.")
                % {"line": record.number, "other": seen[value]}
            )
        else:
            seen[value] = record.number
    return problems


def whole(record: Record) -> tuple[str, ...]:
    """Return all cells of a record, to compare it with another."""
    return tuple(record.cells.values())


def read_rows(records: Sequence[Record], read: Callable[[Record], Row]) -> list[Row]:
    """Read all records; UnreadableError says why some cannot be."""
    rows, problems = [], []
    for record in records:
        try:
            rows.append(read(record))
        except RefusedError as error:
            problems.append(
                _("Line %(line)d: %(reason)s") % {"line": record.number, "reason": error}
            )
    if problems:
        raise UnreadableError(problems, len(records))
    return rows
