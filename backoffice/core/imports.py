"""Files in: upload, map, try without a trace, then a job that calls the same bulk service."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import load_workbook

from backoffice.core.actor import current_actor, service
from backoffice.core.extensions import Text
from backoffice.core.files import FileRefusedError, store_file
from backoffice.core.jobs import bulk_action, start_job
from backoffice.core.locks import lock
from backoffice.core.models import Import, ImportRow, Job
from backoffice.core.models.imports import ImportRowStatus
from backoffice.core.scope import is_limited, owned
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import Outcome

ROWS = 100_000
# A small file may unpack to one that fills the memory.
UNPACKED = 200 * 1024 * 1024
KEEP = timedelta(days=90)
ACTION = "core.import"
# What somebody brought is theirs, whatever they are limited to.
owned(Import)
owned(ImportRow, by="run__created_by")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an importer reads; `parse` raises ValueError with what is wrong."""

    name: str
    label: Text
    parse: Callable[[str], Any] = str
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One parsed line."""

    id: int
    line: int
    values: Mapping[str, Any]


# A loader writes rows and returns the reasons why some are refused, by row id.
Loader = Callable[..., Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Importer:
    """A kind of file: its columns, who may bring it, and `load(rows, *, now, reason)`.

    `check(rows)` returns reasons like `load` and writes nothing. Lines with the same value in the
    column `group` are carried out together or not at all.
    """

    name: str
    label: Text
    columns: Sequence[Column]
    permission: str
    load: Loader
    check: Callable[[Sequence[Row]], Mapping[int, str]] | None = None
    group: str = ""


IMPORTERS: dict[str, Importer] = {}


def importer(item: Importer) -> None:
    """Register a kind of file."""
    IMPORTERS[item.name] = item


def upload(
    name: str,
    file_name: str,
    content: bytes,
    *,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
) -> Import:
    """Store a CSV or XLSX file and try its rows; nothing is carried out yet.

    `mapping` names the file's header of each column; without it headers are matched by name and
    label. FileRefusedError where the file cannot be read at all.
    """
    if is_limited():
        raise FileRefusedError(_("Only who sees all warehouses and sellers may bring files in."))
    item = IMPORTERS[name]
    lines = _read(item, content, mapping or {})
    with transaction.atomic():
        run = Import.objects.create(
            importer=name,
            file=store_file(file_name, _kept(content), purpose="import", now=now, keep_for=KEEP),
            created_by_id=current_actor().user_id,
            created_at=now,
        )
        rows = [(line, raw, *_parsed(item, raw)) for line, raw in lines]
        ids = insert_rows(
            ImportRow,
            {
                "line": [line for line, *_ in rows],
                "values": [raw for _, raw, *_ in rows],
                "status": [
                    ImportRowStatus.REFUSED if why else ImportRowStatus.READY for *_, why in rows
                ],
                "reason": [why[:500] for *_, why in rows],
            },
            constants={"run_id": run.pk},
        )
        tried = [
            Row(pk, line, values)
            for (pk,), (line, _raw, values, _why) in zip(ids, rows, strict=True)
        ]
        wrong = {pk: why for (pk,), (*_rest, why) in zip(ids, rows, strict=True) if why}
        refused = _with_group(item, tried, wrong)
        good = [row for row in tried if row.id not in refused]
        if item.check and good:
            refused |= _with_group(item, good, item.check(good))
        _refuse({pk: why for pk, why in refused.items() if pk not in wrong})
    return run


def _kept(content: bytes) -> bytes:
    """Return a file as it is stored: text in UTF-8."""
    return content if content.startswith(b"PK") else as_text(content).encode()


def _with_group(item: Importer, rows: Sequence[Row], refused: Mapping[int, str]) -> dict[int, str]:
    """Refuse the other lines of a group as well."""
    if not item.group or not refused:
        return dict(refused)
    groups = {r.values[item.group] for r in rows if r.id in refused} - {None}
    text = _("Another line of the same %(column)s is refused.")
    other = text % {"column": next(c.label for c in item.columns if c.name == item.group)}
    also = [r.id for r in rows if r.values[item.group] in groups]
    return dict.fromkeys(also, other) | dict(refused)


def _read(
    item: Importer, content: bytes, mapping: Mapping[str, str]
) -> list[tuple[int, dict[str, str]]]:
    lines = _sheet(content) if content.startswith(b"PK") else _csv_lines(content)
    header = [h.strip() for h in next(lines, (1, []))[1]]
    places = _places(item, header, mapping)
    found: list[tuple[int, dict[str, str]]] = []
    for number, cells in lines:
        if not any(c.strip() for c in cells):
            continue
        if len(found) == ROWS:
            raise FileRefusedError(_("The file has more than 100,000 rows: split it."))
        values = {n: cells[p].strip() if p < len(cells) else "" for n, p in places.items()}
        found.append((number, values))
    if not found:
        raise FileRefusedError(_("The file has no rows."))
    return found


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


def _places(item: Importer, header: list[str], mapping: Mapping[str, str]) -> dict[str, int]:
    folded = [h.casefold() for h in header]
    places, missing = {}, []
    for column in item.columns:
        names = [mapping[column.name]] if column.name in mapping else [column.name]
        names += [] if column.name in mapping else [str(column.label)]
        found = [folded.index(n.casefold()) for n in names if n.casefold() in folded]
        if found:
            places[column.name] = found[0]
        elif column.is_required:
            missing.append(column.name)
    if missing:
        text = _("The file lacks the columns %(names)s.")
        raise FileRefusedError(text % {"names": ", ".join(missing)})
    return places


def _parsed(item: Importer, raw: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return the values of one line, and what is wrong with it."""
    values: dict[str, Any] = {}
    wrong = []
    for column in item.columns:
        text = raw.get(column.name, "")
        if not text:
            values[column.name] = None
            if column.is_required:
                wrong.append(_("%(column)s is missing.") % {"column": column.label})
            continue
        try:
            values[column.name] = column.parse(text)
        except (ValueError, ArithmeticError) as error:
            words = {"column": column.label, "error": error}
            wrong.append(_("%(column)s: %(error)s") % words)
    return values, " ".join(wrong)


def _refuse(reasons: Mapping[int, str]) -> None:
    execute(
        "UPDATE core_importrow i SET status = 'REFUSED', reason = r.reason"
        " FROM unnest(%s::bigint[], %s::text[]) AS r(id, reason) WHERE i.id = r.id",
        [list(reasons), [reason[:500] for reason in reasons.values()]],
    )


@service
def start_import(run_id: int, *, now: datetime, reason: str = "") -> Job:
    """Queue the job that carries out an import's good rows; a second call returns the same."""
    lock(Import, [run_id])
    run = Import.objects.select_related("job", "file").get(pk=run_id)
    if run.job is not None:
        return run.job
    ready = ImportRow.objects.filter(run=run, status=ImportRowStatus.READY)
    group = IMPORTERS[run.importer].group
    # The first line of a group stands for all of them, so that no chunk parts them.
    by = ready.values(f"values__{group}") if group else ready.values("pk")
    job = start_job(
        ACTION,
        list(by.annotate(first=Min("pk")).values_list("first", flat=True)),
        user_id=run.created_by_id,
        reason=reason or f"{run.importer} {run.file.name}",
    )
    Import.objects.filter(pk=run_id).update(job=job)
    return job


def load_rows(row_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Carry out import rows that still wait; the refused stay with their reason."""
    found = list(
        ImportRow.objects.filter(pk__any=row_ids, status=ImportRowStatus.READY)
        .select_related("run")
        .order_by("pk")
    )
    if not found:
        return Outcome()
    item = IMPORTERS[found[0].run.importer]
    if item.group:
        groups = {f"values__{item.group}__in": [r.values[item.group] for r in found]}
        whole = ImportRow.objects.filter(run=found[0].run, status=ImportRowStatus.READY, **groups)
        found = list(whole.order_by("pk"))
    rows = [Row(r.pk, r.line, _parsed(item, r.values)[0]) for r in found]
    refused = _with_group(item, rows, item.load(rows, now=now, reason=reason))
    _refuse(refused)
    moved = [r.id for r in rows if r.id not in refused]
    ImportRow.objects.filter(pk__any=moved).update(status=ImportRowStatus.DONE)
    return Outcome(moved, {i: [why] for i, why in refused.items()})


def rejects(run: Import) -> Iterator[list[str]]:
    """Yield an import's refused lines as they came, with their reasons; the header first."""
    names = [c.name for c in IMPORTERS[run.importer].columns]
    yield ["line", *names, "reason"]
    refused = ImportRow.objects.filter(run=run, status=ImportRowStatus.REFUSED)
    for row in refused.order_by("line").iterator():
        yield [str(row.line), *(row.values.get(n, "") for n in names), row.reason]


bulk_action(ACTION, gettext_lazy("import"), load_rows)
