"""An import's way: a stored file, its mapping, the dry run, the job that carries it out."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import current_actor, service
from backoffice.core.files import FileRefusedError, open_file, store_file
from backoffice.core.imports.mapping import MappingError, checked, remember
from backoffice.core.imports.reading import read_lines, stored_content
from backoffice.core.imports.registry import IMPORTERS, Importer, Row, Verdict, refused
from backoffice.core.jobs import bulk_action, cancel_jobs, start_job
from backoffice.core.locks import lock
from backoffice.core.models import Import, ImportRow, Job, User
from backoffice.core.models.imports import ImportRowStatus, RowEffect
from backoffice.core.scope import is_limited, owned
from backoffice.core.sql import execute, insert_rows
from backoffice.core.states import Outcome

KEEP = timedelta(days=90)
SAMPLES = 3
# So many rows are tried at once; more than that by a job.
AT_ONCE = 1000
BATCH = 500
ACTION, TRIAL = "core.import", "core.try_import"
# What somebody brought is theirs, whatever they are limited to.
owned(Import)
owned(ImportRow, by="run__created_by")


@service
def upload(name: str, file_name: str, content: bytes, *, now: datetime) -> Import:
    """Store a CSV or XLSX file and read its first lines; FileRefusedError says why not.

    The same file sent again before it was started is the same import.
    """
    if is_limited():
        raise FileRefusedError(_("Only who sees all warehouses and sellers may bring files in."))
    user_id = current_actor().user_id
    lock(User, [user_id])
    if not content:
        raise FileRefusedError(_("The file is empty."))
    kept = stored_content(content)
    digest = hashlib.sha256(kept).hexdigest()
    waiting = Import.objects.filter(importer=name, created_by=user_id, job=None)
    if run := waiting.filter(file__sha256=digest, file__removed_at=None).order_by("-pk").first():
        return run
    headers, lines = read_lines(kept)
    samples = [cells for _line, cells in islice(lines, SAMPLES)]
    return Import.objects.create(
        importer=name,
        file=store_file(file_name, kept, purpose="import", now=now, keep_for=KEEP),
        headers=headers,
        samples=samples,
        created_by_id=user_id,
        created_at=now,
    )


def earlier_imports(run: Import) -> list[Import]:
    """Return the imports that carried out the same file before."""
    same = Import.objects.filter(importer=run.importer, file__sha256=run.file.sha256)
    started = same.exclude(pk=run.pk).exclude(job=None)
    return list(started.select_related("created_by", "job").order_by("-pk")[:5])


@service
def map_columns(run_id: int, mapping: Mapping[str, str], *, now: datetime) -> Import:
    """Read a file's rows by a mapping of column to header, and try them; nothing is carried out.

    MappingError says what is wrong with the mapping, FileRefusedError with the file.
    """
    lock(Import, [run_id])
    run = Import.objects.select_related("file", "job", "trial").get(pk=run_id)
    if run.job is not None:
        raise MappingError(_("The import was started already."))
    item = IMPORTERS[run.importer]
    places = checked(item, run.headers, mapping)
    with open_file(run.file) as file:
        _headers, lines = read_lines(file.read())
        rows = [(n, {name: cells[p] for name, p in places.items()}) for n, cells in lines]
    if run.trial is not None and run.trial.is_open:
        cancel_jobs([run.trial.pk], now=now)
    ImportRow.objects.filter(run=run).delete()
    _insert(item, run, rows)
    remember(item, run.headers, mapping)
    waiting = _parts(run, ImportRowStatus.WAITING)
    run.mapping, run.trial = dict(mapping), None
    if len(waiting) > AT_ONCE:
        run.trial = start_job(TRIAL, waiting, user_id=run.created_by_id, reason=run.file.name)
    else:
        for start in range(0, len(waiting), BATCH):
            try_rows(waiting[start : start + BATCH], now=now)
    run.save(update_fields=["mapping", "trial"])
    return run


def _insert(item: Importer, run: Import, rows: list[tuple[int, dict[str, str]]]) -> None:
    """Store a file's lines; what cannot be read or says the same key again is refused."""
    verdicts = [_parsed(item, raw)[1] for _line, raw in rows]
    seen: dict[tuple[str, ...], int] = {}
    for n, (line, raw) in enumerate(rows):
        if not item.key or verdicts[n].reason:
            continue
        first = seen.setdefault(tuple(raw.get(name, "").casefold() for name in item.key), line)
        if first != line:
            verdicts[n] = Verdict(reason=_("It names the same as line %(n)s.") % {"n": first})
    ids = insert_rows(
        ImportRow,
        {
            "line": [line for line, _raw in rows],
            "values": [raw for _line, raw in rows],
            "status": [
                ImportRowStatus.REFUSED if v.reason else ImportRowStatus.WAITING for v in verdicts
            ],
            "reason": [v.reason[:500] for v in verdicts],
            "details": [list(v.details) for v in verdicts],
        },
        constants={"run_id": run.pk},
    )
    if item.group:
        bad = {pk: v for (pk,), v in zip(ids, verdicts, strict=True) if v.reason}
        lines = [Row(pk, n, raw) for (pk,), (n, raw) in zip(ids, rows, strict=True)]
        _settle(_with_group(item, lines, bad), ImportRowStatus.WAITING)


def _with_group(
    item: Importer, rows: Sequence[Row], verdicts: Mapping[int, Verdict]
) -> dict[int, Verdict]:
    """Refuse the other lines of a group as well."""
    if not item.group:
        return dict(verdicts)
    bad = {pk: verdict for pk, verdict in verdicts.items() if verdict.reason}
    groups = {r.values.get(item.group) for r in rows if r.id in bad} - {None, ""}
    text = _("Another line of the same %(column)s is refused.")
    other = text % {"column": next(c.label for c in item.columns if c.name == item.group)}
    also = [r.id for r in rows if r.values.get(item.group) in groups]
    return dict(verdicts) | refused(also, other) | bad


def _parsed(item: Importer, raw: Mapping[str, str]) -> tuple[dict[str, Any], Verdict]:
    """Return the values of one line, and what is wrong with it."""
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for column in item.columns:
        text = raw.get(column.name)
        if text:
            try:
                values[column.name] = column.parse(text)
            except (ValueError, ArithmeticError) as error:
                wrong.append((column.name, str(error)))
        elif column.is_required:
            wrong.append((column.name, _("is missing")))
        elif text is not None:
            values[column.name] = None
    return values, Verdict(details=wrong, reason=told(item, wrong))


def told(item: Importer, wrong: Sequence[tuple[str, str]]) -> str:
    """Return in one line what is wrong with which column."""
    labels = {column.name: column.label for column in item.columns}
    return "; ".join(f"{labels.get(name, name)}: {why}" for name, why in wrong)


def _parts(run: Import, status: str) -> list[int]:
    """Return a status's rows; the first line of a group stands for all of them."""
    rows = ImportRow.objects.filter(run=run, status=status)
    group = IMPORTERS[run.importer].group
    # So no chunk parts a group.
    by = rows.values(f"values__{group}") if group else rows.values("pk")
    return sorted(by.annotate(first=Min("pk")).values_list("first", flat=True))


def _rows(row_ids: Sequence[int], status: str) -> tuple[Importer, list[Row]]:
    """Return the rows of a chunk that have a status, whole groups."""
    found = ImportRow.objects.filter(pk__any=list(row_ids), status=status)
    rows = list(found.select_related("run").order_by("pk"))
    if not rows:
        return next(iter(IMPORTERS.values())), []
    item = IMPORTERS[rows[0].run.importer]
    if item.group:
        groups = {f"values__{item.group}__in": [r.values[item.group] for r in rows]}
        whole = ImportRow.objects.filter(run=rows[0].run, status=status, **groups)
        rows = list(whole.order_by("pk"))
    return item, [Row(r.pk, r.line, _parsed(item, r.values)[0]) for r in rows]


@service
def try_rows(row_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Find out what waiting rows would do; nothing else is changed."""
    item, rows = _rows(row_ids, ImportRowStatus.WAITING)
    verdicts = {row.id: Verdict(RowEffect.NEW) for row in rows}
    if item.check and rows:
        verdicts |= item.check(rows)
    verdicts = _with_group(item, rows, verdicts)
    _settle(verdicts, ImportRowStatus.READY)
    return _outcome(verdicts)


@service
def load_rows(row_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Carry out import rows that are ready; the refused stay with their reason."""
    item, rows = _rows(row_ids, ImportRowStatus.READY)
    if not rows:
        return Outcome()
    verdicts = {row.id: Verdict() for row in rows}
    verdicts |= item.load(rows, now=now, reason=reason)
    verdicts = _with_group(item, rows, verdicts)
    _settle(verdicts, ImportRowStatus.DONE)
    return _outcome(verdicts)


def _outcome(verdicts: Mapping[int, Verdict]) -> Outcome:
    moved = [pk for pk, verdict in verdicts.items() if not verdict.reason]
    return Outcome(moved, {pk: [v.reason] for pk, v in verdicts.items() if v.reason})


SETTLE = """
UPDATE core_importrow i SET status = r.status, reason = r.reason,
  effect = CASE WHEN r.effect = '' AND r.reason = '' THEN i.effect ELSE r.effect END,
  details = CASE WHEN r.effect = '' AND r.reason = '' THEN i.details ELSE r.details::jsonb END
FROM (
  SELECT id, status, effect, details, reason
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS given(id, status, effect, details, reason)
) r WHERE i.id = r.id
"""


def _settle(verdicts: Mapping[int, Verdict], good: str) -> None:
    """Write what became of rows; without an effect, that of the dry run stays."""
    found = list(verdicts.values())
    execute(
        SETTLE,
        [
            list(verdicts),
            [ImportRowStatus.REFUSED if v.reason else good for v in found],
            [v.effect for v in found],
            [json.dumps([list(pair) for pair in v.details]) for v in found],
            [v.reason[:500] for v in found],
        ],
    )


@service
def start_import(run_id: int, *, now: datetime, reason: str = "") -> Job:
    """Queue the job that carries out an import's good rows; a second call returns the same.

    MappingError where rows were not tried yet.
    """
    lock(Import, [run_id])
    run = Import.objects.select_related("job", "file").get(pk=run_id)
    if run.job is not None:
        return run.job
    rows = ImportRow.objects.filter(run=run)
    if not run.mapping or rows.filter(status=ImportRowStatus.WAITING).exists():
        raise MappingError(_("Its rows are not all tried yet."))
    ready = _parts(run, ImportRowStatus.READY)
    text = reason or f"{run.importer} {run.file.name}"
    job = start_job(ACTION, ready, user_id=run.created_by_id, reason=text)
    Import.objects.filter(pk=run_id).update(job=job)
    return job


def results(run: Import, statuses: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield an import's lines as they came, with what they do and why not; the header first."""
    columns = [c for c in IMPORTERS[run.importer].columns if c.name in run.mapping]
    labels = {c.name: c.label for c in columns}
    head = [run.mapping[c.name] for c in columns]
    yield [_("line"), *head, _("status"), _("effect"), _("details"), _("reason")]
    rows = ImportRow.objects.filter(run=run).order_by("line")
    for row in (rows.filter(status__in=statuses) if statuses else rows).iterator():
        values = [row.values.get(c.name, "") for c in columns]
        details = "; ".join(f"{labels.get(name, name)}: {text}" for name, text in row.details)
        status, effect = row.get_status_display(), row.get_effect_display()
        yield [str(row.line), *values, status, effect, details, row.reason]


bulk_action(ACTION, gettext_lazy("import"), load_rows)
bulk_action(TRIAL, gettext_lazy("try an import"), try_rows)
