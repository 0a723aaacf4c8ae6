"""The files of a list: the columns that the list shows, all chosen rows, and a record of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import Actor, acting, current_actor, transaction
from backoffice.core.events import Fact, emit
from backoffice.core.exports import TooLongError, csv_response, xlsx_response
from backoffice.core.personal import TELLING, personal_fields
from backoffice.ui.lists.selection import SEARCH

# Who may take personal data out of the building.
PERMISSION = "core.export_personal"
LONGEST = 500


@admin.action(description=gettext_lazy("Export as CSV"))
def export_csv(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any) -> Any:
    """Stream the chosen rows as they are shown."""
    return _export(modeladmin, request, queryset, "CSV")


@admin.action(description=gettext_lazy("Export as XLSX"))
def export_xlsx(modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any) -> Any:
    """Send the chosen rows as they are shown, in a workbook."""
    return _export(modeladmin, request, queryset, "XLSX")


def _export(
    modeladmin: admin.ModelAdmin, request: HttpRequest, queryset: Any, kind: str
) -> HttpResponseBase | None:
    fields = list(exported_fields(modeladmin, request))
    related = [f.name for f in fields if f.is_relation]
    rows = queryset.select_related(*related) if related else queryset.select_related(None)
    opts = modeladmin.opts
    lines = ([getattr(row, f.name) for f in fields] for row in rows.iterator(chunk_size=2000))
    what = {"list": opts.label_lower, "filter": _filter(request), "format": kind}
    told = _recorded(current_actor(), what, lines)
    make = csv_response if kind == "CSV" else xlsx_response
    try:
        return make(f"{opts.app_label}-{opts.model_name}", [f.verbose_name for f in fields], told)
    except TooLongError:
        messages.error(request, _("A sheet holds 1,048,575 rows: filter, or export as CSV."))
        return None


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


def _filter(request: HttpRequest) -> str:
    """Return the filter in use; words that may be somebody's name or mail are left out."""
    if request.POST.get("select_across") != "1":
        return _("ticked rows")
    query = request.GET.copy()
    for name in list(query):
        if name == SEARCH or TELLING.search(name):
            query[name] = "…"
    return query.urlencode(safe="…")[:LONGEST]


def exported_fields(modeladmin: admin.ModelAdmin, request: HttpRequest) -> Iterator[models.Field]:
    """Yield the model's fields behind a list's columns, the key first.

    Personal fields, and keys to rows that are about people, are for those with the permission.
    """
    opts = modeladmin.model._meta
    may = request.user.has_perm(PERMISSION)
    personal = personal_fields(modeladmin.model)
    seen = {opts.pk.name}
    yield opts.pk
    for column in modeladmin.get_list_display(request):
        if not isinstance(column, str):
            column = getattr(column, "admin_order_field", "")
        elif hasattr(modeladmin, column):
            column = getattr(getattr(modeladmin, column), "admin_order_field", "")
        try:
            found = opts.get_field(str(column))
        except FieldDoesNotExist:
            continue
        if not isinstance(found, models.Field) or found.name in seen:
            continue
        target = found.related_model
        is_personal = found.name in personal or (
            isinstance(target, type) and bool(personal_fields(target))
        )
        if may or not is_personal:
            seen.add(found.name)
            yield found
