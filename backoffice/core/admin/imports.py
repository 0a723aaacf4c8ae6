"""The screens of imports: upload, say which column is what, look at the dry run, start."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from backoffice.core.exports import csv_response
from backoffice.core.files import LIMIT, FileRefusedError
from backoffice.core.imports.mapping import MappingError, guess
from backoffice.core.imports.registry import IMPORTERS, Importer
from backoffice.core.imports.running import (
    earlier_imports,
    map_columns,
    results,
    start_import,
    upload,
)
from backoffice.core.models import Import, ImportRow
from backoffice.core.models.imports import IMPORT_ROW_COLOURS, ImportRowStatus, RowEffect
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import badge, badge_html, count_children, counted

SHOWN = 50


class UploadForm(forms.Form):
    """A file for one of the importers that a user may use."""

    importer = forms.ChoiceField(label=gettext_lazy("importer"))
    file = forms.FileField(label=gettext_lazy("CSV or XLSX file"))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = [item for item in IMPORTERS.values() if user.has_perm(item.permission)]
        self.fields["importer"].choices = sorted(  # type: ignore[attr-defined]
            ((item.name, capfirst(str(item.label))) for item in mine), key=lambda pair: pair[1]
        )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LIMIT:
            raise forms.ValidationError(_("The file is bigger than 25 MB."))
        return file


class MappingForm(forms.Form):
    """For each column of the file, what it is."""

    def __init__(self, *args: Any, run: Import, item: Importer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run
        chosen = {h: name for name, h in (run.mapping or guess(item, run.headers)).items()}
        choices = [("", _("– not imported –"))]
        for column in item.columns:
            mark = " *" if column.is_required else _(" (new rows)") if column.is_for_new else ""
            choices.append((column.name, f"{column.label}{mark}"))
        for place, header in enumerate(run.headers):
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=header,
                choices=choices,
                required=False,
                initial=chosen.get(header, ""),
                widget=forms.Select(attrs={"class": "bo-field"}),
            )

    def clean(self) -> dict[str, str]:
        """Return the header of each chosen column."""
        mapping: dict[str, str] = {}
        for place, header in enumerate(self.run.headers):
            name = (self.cleaned_data or {}).get(f"column_{place}")
            if name in mapping:
                text = _("“%(one)s” and “%(other)s” are given the same meaning: choose one.")
                self.add_error(f"column_{place}", text % {"one": mapping[name], "other": header})
            elif name:
                mapping[name] = header
        return mapping

    def lines(self) -> Iterator[tuple[Any, list[str]]]:
        """Yield each column's select box and its first values."""
        for place, _header in enumerate(self.run.headers):
            yield self[f"column_{place}"], [cells[place] for cells in self.run.samples]


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    sidebar_group = "work"
    list_display = ("__str__", "file", "rows_by_status", "job", "created_by", "created_at")
    list_select_related = ("file", "job", "created_by")
    ordering = ("-id",)
    why_no_import = gettext_lazy("An import begins on the list that the rows belong to.")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("core.add_import")  # type: ignore[union-attr]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/mapping/", wrap(self.mapping), name="core_import_mapping"),
            path("<int:pk>/start/", wrap(require_POST(self.start)), name="core_import_start"),
            path("<int:pk>/rows/", wrap(self.rows), name="core_import_rows"),
            *super().get_urls(),
        ]

    def fill(self, rows: Sequence[Import]) -> None:
        count_children(rows, ImportRow, "run", "status")

    @admin.display(description=gettext_lazy("rows"))
    def rows_by_status(self, run: Import) -> str:
        return counted(run, ImportRow, "run", "status")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Take a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(
            request.POST or None,
            request.FILES or None,
            user=request.user,
            initial={"importer": request.GET.get("importer", "")},
        )
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            file = data["file"]
            try:
                run = upload(data["importer"], file.name, file.read(), now=timezone.now())
            except FileRefusedError as error:
                form.add_error("file", str(error))
            else:
                return HttpResponseRedirect(reverse("admin:core_import_mapping", args=[run.pk]))
        note = _("Next you choose which column is what; nothing is changed before you start.")
        return self._page(request, "ui/upload.html", _("Upload a file"), form=form, bo_note=note)

    def mapping(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask which column of the file is what (GET), then try its rows (POST)."""
        run = get_object_or_404(self.get_queryset(request).select_related("file"), pk=pk)
        back = HttpResponseRedirect(reverse("admin:core_import_change", args=[pk]))
        if not self._may_work(request, run):
            raise PermissionDenied
        if run.job_id:
            return back
        item = IMPORTERS[run.importer]
        form = MappingForm(request.POST or None, run=run, item=item)
        if request.method == "POST" and form.is_valid():
            try:
                map_columns(pk, form.cleaned_data, now=timezone.now())
            except (MappingError, FileRefusedError) as error:
                form.add_error(None, str(error))
            except FileNotFoundError:
                form.add_error(None, _("The file was removed: upload it again."))
            else:
                return back
        return self._page(
            request,
            "ui/mapping.html",
            _("Which column is what?"),
            run=run,
            form=form,
            item=item,
            earlier=earlier_imports(run),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what the rows would do or did."""
        run = self.get_object(request, object_id)
        if run is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method != "GET" or not self.has_view_permission(request, run):
            raise PermissionDenied
        item = IMPORTERS.get(run.importer)
        rows = ImportRow.objects.filter(run=run).order_by("line")
        counts = list(rows.values_list("status", "effect").annotate(n=Count("pk")).order_by())
        ready = sum(n for status, _effect, n in counts if status == ImportRowStatus.READY)
        idle = sum(
            n
            for status, effect, n in counts
            if (status, effect) == (ImportRowStatus.READY, RowEffect.UNCHANGED)
        )
        busy = any(status == ImportRowStatus.WAITING for status, *_rest in counts)
        may = self._may_work(request, run) and run.job_id is None
        done = rows.exclude(status=ImportRowStatus.REFUSED).exclude(effect=RowEffect.UNCHANGED)
        return self._page(
            request,
            "ui/import.html",
            f"{capfirst(str(item.label if item else run.importer))} · {run.file.name}",
            original=run,
            run=run,
            counts=list(_shown(counts)),
            job=run.job or run.trial,
            can_map=may,
            ready=ready - idle if may and run.mapping and not busy else 0,
            is_idle=bool(may and run.mapping and not busy and ready == idle),
            refused=_told(item, rows.filter(status=ImportRowStatus.REFUSED)),
            effects=_told(item, done.exclude(effect="")),
            earlier=earlier_imports(run) if may else [],
        )

    def _page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        base = self.admin_site.each_context(request)
        return TemplateResponse(
            request, template, base | {"title": title, "opts": self.opts, **context}
        )

    def _may_work(self, request: HttpRequest, run: Import) -> bool:
        """Say whether a user may map and start an import: their own, with the rows' right."""
        item = IMPORTERS.get(run.importer)
        user: Any = request.user
        may = item is not None and user.has_perms(["core.add_import", item.permission])
        return bool(may and run.created_by_id == user.pk)

    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start the job of an import."""
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self._may_work(request, run):
            raise PermissionDenied
        try:
            job = start_import(pk, now=timezone.now())
        except MappingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The import runs as %(job)s.") % {"job": job})
        return HttpResponseRedirect(reverse("admin:core_import_change", args=[pk]))

    def rows(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Send the lines with what they do; with `status`, those that are so."""
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, run) or run.importer not in IMPORTERS:
            raise PermissionDenied
        lines = results(run, [s for s in request.GET.getlist("status") if s])
        return csv_response(f"import-{run.pk}", next(lines), lines)


def _shown(counts: Sequence[tuple[str, str, int]]) -> Iterator[tuple[str, str, int]]:
    """Yield the badges of each kind of row with how many there are."""
    statuses, effects = dict(ImportRowStatus.choices), dict(RowEffect.choices)
    order = list(statuses)
    for status, effect, n in sorted(counts, key=lambda c: (order.index(c[0]), c[1])):
        yield (
            badge_html(status, statuses[status], IMPORT_ROW_COLOURS),
            badge_html(effect, effects[effect], IMPORT_ROW_COLOURS) if effect else "",
            n,
        )


def _told(item: Importer | None, rows: Any) -> list[dict[str, Any]]:
    """Return the first rows with what they do, column by column."""
    labels = {column.name: column.label for column in item.columns} if item else {}
    effects = dict(RowEffect.choices)
    return [
        {
            "line": row.line,
            "effect": badge_html(row.effect, effects[row.effect], IMPORT_ROW_COLOURS)
            if row.effect
            else "",
            "details": [(labels.get(name, name), text) for name, text in row.details],
            # What is said of each column is not said twice.
            "reason": "" if row.details else row.reason,
            "values": " · ".join(value for value in row.values.values() if value)[:120],
        }
        for row in rows[:SHOWN]
    ]


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = (
        "run",
        "line",
        badge("status", IMPORT_ROW_COLOURS),
        badge("effect", IMPORT_ROW_COLOURS),
        "reason",
    )
    list_select_related = ("run",)
    search_fields = ("run__id__exact",)
    ordering = ("-run_id", "line")
    why_no_import = gettext_lazy("These are the lines of files that were imported.")
