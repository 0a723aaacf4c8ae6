"""The actions that send a list's chosen rows, with a record of it; many are left to a job."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import Actor, acting, current_actor, transaction
from backoffice.core.events import Fact, emit
from backoffice.core.exports import FORMATS, csv_response, xlsx_response
from backoffice.core.filtering import FilterError
from backoffice.core.personal import TELLING
from backoffice.ui.exports.fields import exported_fields, file_name, header, lines
from backoffice.ui.exports.job import start_export
from backoffice.ui.lists.order import Ordering
from backoffice.ui.lists.selection import SEARCH

LONGEST = 500
# More rows than these are written by a worker.
AT_ONCE = 50_000


@admin.action(description=gettext_lazy("Export as CSV"))
def export_csv(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any) -> Any:
    """Stream the chosen rows as they are shown."""
    return _export(modeladmin, request, queryset, "CSV")


@admin.action(description=gettext_lazy("Export as XLSX"))
def export_xlsx(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any) -> Any:
    """Send the chosen rows as they are shown, in a workbook."""
    return _export(modeladmin, request, queryset, "XLSX")


def _export(
    screen: admin.ModelAdmin, request: HttpRequest, queryset: Any, kind: str
) -> HttpResponseBase | None:
    try:
        order = [str(key) for key in Ordering(screen, request).keys]
    except FilterError as error:
        messages.error(request, str(error))
        return None
    fields = list(exported_fields(screen, request))
    rows = queryset.order_by(*order)
    what = {"list": screen.opts.label_lower, "filter": _filter(request), "format": kind}
    if _is_across(request) and rows.values("pk")[AT_ONCE : AT_ONCE + 1]:
        return _as_job(request, rows, fields, what)
    told = _recorded(current_actor(), what, lines(rows, fields))
    make = csv_response if kind == "CSV" else xlsx_response
    return make(file_name(screen.opts), header(fields), told)


def _as_job(
    request: HttpRequest, rows: Any, fields: Sequence[models.Field], what: Mapping[str, str]
) -> HttpResponseBase | None:
    total, most = rows.count(), FORMATS[what["format"]].most_rows
    if total > most:
        text = _("A sheet holds %(n)s rows: filter, or export as CSV.")
        messages.error(request, text % {"n": f"{most:,}"})
        return None
    if not request.user.has_perm("core.view_job"):
        text = _("More than %(n)s rows are written by a job, and you may not see jobs: filter.")
        messages.error(request, text % {"n": f"{AT_ONCE:,}"})
        return None
    names = [field.name for field in fields]
    job = start_export(rows, {**what, "rows": total, "columns": names}, request.user.pk)
    return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))


def _recorded(
    actor: Actor, what: Mapping[str, str], lines: Iterable[list[Any]]
) -> Iterator[list[Any]]:
    """Yield the lines; then record who took how many, also when they broke off."""
    sent = 0
    try:
        for line in lines:
            yield line
            sent += 1
    finally:
        # A stream is read when the request has ended and nobody acts.
        with (
            acting(actor.user_id, request_id=actor.request_id),
            transaction(now=timezone.now()),
        ):
            emit("user.exported_list", [Fact(actor.user_id, data={**what, "rows": sent})])


def _is_across(request: HttpRequest) -> bool:
    return request.POST.get("select_across") == "1"


def _filter(request: HttpRequest) -> str:
    """Return the filter in use; words that may be somebody's name or mail are left out."""
    if not _is_across(request):
        return _("ticked rows")
    query = request.GET.copy()
    for name in list(query):
        if name == SEARCH or TELLING.search(name):
            query[name] = "…"
    return query.urlencode(safe="…")[:LONGEST]
