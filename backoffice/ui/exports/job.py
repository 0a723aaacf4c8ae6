"""Long lists as files: written part by part by a worker, then joined for who asked.

Which rows, and in which order, is settled when the job begins: it neither meets a row twice nor
misses one, whatever changes meanwhile. What a row says is read when its part is written.
"""

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection, models
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import service, transaction
from backoffice.core.events import Fact, emit
from backoffice.core.exports import FORMATS, Format
from backoffice.core.files import keep_file
from backoffice.core.jobs import bulk_action, start_job
from backoffice.core.models import ExportPart, Job
from backoffice.core.scope import owned
from backoffice.core.states import Outcome
from backoffice.ui.exports.fields import file_name, header, may_take, values, with_related

ACTION = "core.exportpart.write"
PURPOSE = "export"
KEEP = timedelta(days=7)
PART = 5_000
NO_RIGHT = gettext_lazy("Who started this export may not see this list or one of its columns now.")
owned(ExportPart, by="job__created_by")

DIVIDE = """
INSERT INTO core_exportpart (job_id, first, keys, size, written)
SELECT %s, (n - 1) / %s * %s + 1, array_agg(id ORDER BY n), 0, 0
FROM (SELECT id, row_number() OVER () AS n FROM ({source}) AS chosen(id)) AS numbered
GROUP BY 2
"""


def start_export(rows: models.QuerySet, what: Mapping[str, Any], user_id: int) -> Job:
    """Queue the file of rows, in their order; `what` names list, filter, format and columns."""

    def divided(job: Job) -> models.QuerySet:
        sql, parameters = rows.values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(DIVIDE.format(source=sql), [job.pk, PART, PART, *parameters])
        return ExportPart.objects.filter(job=job).values("pk")

    return start_job(ACTION, divided, user_id=user_id, more=what)


@service
def write_parts(ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Write parts of exports, with the rights that who asked for them has now."""
    outcome = Outcome()
    for part in ExportPart.objects.filter(pk__in=ids).select_related("job__created_by"):
        job = part.job
        if not may_have(job, job.created_by):
            outcome.block([part.pk], NO_RIGHT)
            continue
        rows = _rows(part)
        text = "".join(_format(job).rows(rows)).encode()
        ExportPart.objects.filter(pk=part.pk).update(
            content=zlib.compress(text, 1), size=len(text), written=len(rows)
        )
        outcome.moved.append(part.pk)
    return outcome


def may_have(job: Job, user: Any) -> bool:
    """Say whether somebody may see the list and the columns of an export."""
    screen = _screen(job)
    may_look = user.is_active and screen.has_view_or_change_permission(_asked_by(user))
    return may_look and all(may_take(user, field) for field in _fields(job))


def join_parts(job: Job, *, now: datetime) -> None:
    """Join the parts of an export to its file, and record it; there is none of some parts."""
    parts = ExportPart.objects.filter(job=job)
    if parts.filter(content=None).exists():
        return
    size, written = parts.aggregate(size=Sum("size"), rows=Sum("written")).values()
    kind = _format(job)
    with tempfile.TemporaryFile() as file:
        kind.write(file, _texts(job, parts), size)
        job.file = keep_file(
            f"{file_name(_screen(job).opts)}.{kind.suffix}",
            file,
            purpose=PURPOSE,
            now=now,
            keep_for=KEEP,
            content_type=kind.content_type,
        )
    job.save(update_fields=["file"])
    _record(job, written, now)
    parts.delete()


def _texts(job: Job, parts: models.QuerySet) -> Iterator[str]:
    yield from _format(job).rows([header(_fields(job))])
    for pk in list(parts.order_by("first").values_list("pk", flat=True)):
        yield zlib.decompress(parts.values_list("content", flat=True).get(pk=pk)).decode()


def _record(job: Job, rows: int, now: datetime) -> None:
    what = {name: job.parameters[name] for name in ("list", "filter", "format")}
    with transaction(now=now):
        emit("user.exported_list", [Fact(job.created_by_id, data={**what, "rows": rows})])


def _rows(part: ExportPart) -> list[list[Any]]:
    """Return the values of a part's rows; what its maker may not see any more is left out."""
    fields = _fields(part.job)
    seen = _screen(part.job).get_queryset(_asked_by(part.job.created_by))
    found = with_related(seen, fields).in_bulk(part.keys)
    return [values(found[key], fields) for key in part.keys if key in found]


def _asked_by(user: Any) -> HttpRequest:
    request = HttpRequest()
    request.user = user
    return request


def _screen(job: Job) -> Any:
    return admin.site._registry[apps.get_model(job.parameters["list"])]


def _fields(job: Job) -> list[models.Field]:
    opts = apps.get_model(job.parameters["list"])._meta
    return [opts.get_field(name) for name in job.parameters["columns"]]


def _format(job: Job) -> Format:
    return FORMATS[job.parameters["format"]]


def _title(job: Job) -> str:
    opts = _screen(job).opts
    return _("Export as %(format)s: %(n)s %(documents)s") % {
        "format": job.parameters["format"],
        "n": f"{job.parameters['rows']:,}",
        "documents": opts.verbose_name_plural,
    }


bulk_action(ACTION, gettext_lazy("Export"), write_parts, chunk=1, finish=join_parts, title=_title)
