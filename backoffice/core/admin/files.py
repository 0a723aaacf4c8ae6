"""The screens of stored files."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.files import open_file
from backoffice.core.models import StoredFile
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.exports.job import PURPOSE


def sent(file: StoredFile) -> FileResponse:
    """Send a file as an attachment, whatever it holds."""
    try:
        content = open_file(file)
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(
        content, as_attachment=True, filename=file.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("Files are stored by imports, exports and messages.")
    list_display = ("name", "purpose", "size", "created_by", "created_at", "keep_until", "content")
    list_select_related = ("created_by",)
    search_fields = ("sha256__exact",)
    ordering = ("-id",)
    readonly_fields = ("content",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.download)
        return [
            path("<int:pk>/download/", view, name="core_storedfile_download"),
            *super().get_urls(),
        ]

    def download(self, request: HttpRequest, pk: int) -> FileResponse:
        """Send a file as an attachment, whatever it holds."""
        file = get_object_or_404(self.get_queryset(request), pk=pk)
        # Exports are their makers', who have them from the pages of their jobs.
        if not self.has_view_permission(request, file) or file.purpose == PURPOSE:
            raise PermissionDenied
        return sent(file)

    @admin.display(description=gettext_lazy("content"))
    def content(self, file: StoredFile) -> str:
        if file.removed_at:
            return _("Removed")
        if file.purpose == PURPOSE:
            return _("Only who made it downloads it, from the page of its job.")
        url = reverse("admin:core_storedfile_download", args=[file.pk])
        return format_html('<a href="{}">{}</a>', url, _("Download"))
