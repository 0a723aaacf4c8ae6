"""The screens of imports: upload, look at the dry run, start."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from backoffice.core.exports import csv_response
from backoffice.core.files import LIMIT, FileRefusedError
from backoffice.core.imports import IMPORTERS, rejects, start_import, upload
from backoffice.core.models import Import, ImportRow
from backoffice.core.models.imports import IMPORT_ROW_COLOURS, ImportRowStatus
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import badge, count_children, counted


class UploadForm(forms.Form):
    """A file for one of the importers that a user may use."""

    importer = forms.ChoiceField(label=gettext_lazy("importer"))
    file = forms.FileField(label=gettext_lazy("CSV or XLSX file"))
    mapping = forms.CharField(
        label=gettext_lazy("headers of the file"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
        help_text=gettext_lazy(
            "Only where they differ: one line each, such as: subject = Title of the mail"
        ),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["importer"].choices = [  # type: ignore[attr-defined]
            (item.name, item.label) for item in IMPORTERS.values() if user.has_perm(item.permission)
        ]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LIMIT:
            raise forms.ValidationError(_("The file is bigger than 25 MB."))
        return file

    def clean_mapping(self) -> dict[str, str]:
        pairs = {}
        for line in self.cleaned_data["mapping"].splitlines():
            name, found, header = line.partition("=")
            if line.strip() and not found:
                raise forms.ValidationError(_("Each line needs a sign: column = header"))
            if found:
                pairs[name.strip()] = header.strip()
        return pairs


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    sidebar_group = "work"
    list_display = ("__str__", "file", "rows_by_status", "job", "created_by", "created_at")
    list_select_related = ("file", "job", "created_by")
    readonly_fields = ("rows_by_status",)
    ordering = ("-id",)
    change_form_template = "ui/import.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("core.add_import")  # type: ignore[union-attr]

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/start/", wrap(require_POST(self.start)), name="core_import_start"),
            path("<int:pk>/rejects/", wrap(self.rejects), name="core_import_rejects"),
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
        """Take a file and try its rows."""
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
            try:
                run = upload(
                    data["importer"],
                    data["file"].name,
                    data["file"].read(),
                    now=timezone.now(),
                    mapping=data["mapping"],
                )
            except FileRefusedError as error:
                form.add_error("file", str(error))
            else:
                return HttpResponseRedirect(reverse("admin:core_import_change", args=[run.pk]))
        context = self.admin_site.each_context(request) | {
            "title": _("Upload a file"),
            "opts": self.opts,
            "form": form,
            "bo_note": _(
                "The rows are tried first; nothing is changed before you start the import."
            ),
        }
        return TemplateResponse(request, "ui/upload.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if run is not None:
            rows = ImportRow.objects.filter(run=run).order_by("line")
            context |= {
                "bo_ready": rows.filter(status=ImportRowStatus.READY).count(),
                "bo_refused": rows.filter(status=ImportRowStatus.REFUSED)[:50],
                "bo_may": self._may_start(request, run),
                "bo_run": run,
            }
        return super().change_view(request, object_id, form_url, context)

    def _may_start(self, request: HttpRequest, run: Import) -> bool:
        item = IMPORTERS.get(run.importer)
        return item is not None and request.user.has_perm(item.permission)  # type: ignore[union-attr]

    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start the job of an import."""
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_add_permission(request) or not self._may_start(request, run):
            raise PermissionDenied
        job = start_import(pk, now=timezone.now())
        messages.success(request, _("The import runs as %(job)s.") % {"job": job})
        return HttpResponseRedirect(reverse("admin:core_import_change", args=[pk]))

    def rejects(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        """Send the refused lines with their reasons."""
        run = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_view_permission(request, run) or run.importer not in IMPORTERS:
            raise PermissionDenied
        lines = rejects(run)
        return csv_response(f"rejects-{run.pk}", next(lines), lines)


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ("run", "line", badge("status", IMPORT_ROW_COLOURS), "reason")
    list_select_related = ("run",)
    search_fields = ("run__id__exact",)
    ordering = ("-run_id", "line")
