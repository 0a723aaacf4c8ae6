"""Documents that can be taken along on paper or as a table."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext_lazy

from backoffice.ui.dialogs import Button
from finance.papers.registry import paper


class PaperMixin:
    """Offer the document as PDF above its page."""

    # What it can be taken along as: name, label.
    kinds: tuple[tuple[str, Any], ...] = (("pdf", gettext_lazy("PDF")),)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.paper_view)  # type: ignore[attr-defined]
        route = path("<int:pk>/paper/<slug:kind>/", view, name=self._paper_name)
        return [route, *super().get_urls()]  # type: ignore[misc]

    @property
    def _paper_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_paper"  # type: ignore[attr-defined]

    def page_buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        return [
            *super().page_buttons(request, row),  # type: ignore[misc]
            *(
                Button(kind, label, reverse(f"admin:{self._paper_name}", args=[row.pk, kind]), [])
                for kind, label in self.kinds
            ),
        ]

    def paper_view(self, request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
        """Send the document as an attachment."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)  # type: ignore[attr-defined]
        if not self.has_view_permission(request, row):  # type: ignore[attr-defined]
            raise PermissionDenied
        if kind not in dict(self.kinds):
            raise Http404
        return self.take_along(row, kind)

    def take_along(self, row: Any, kind: str) -> HttpResponseBase:
        """Return the document as what was asked for."""
        response = HttpResponse(paper(row), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="{row.number}.pdf"'
        response["Cache-Control"] = "no-store"
        return response
