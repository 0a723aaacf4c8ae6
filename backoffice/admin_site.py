"""The staff site."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from backoffice.dashboard import context
from backoffice.insights.board import invariant_board
from backoffice.ui.site import ThemedSite


class BackofficeAdminSite(ThemedSite):
    site_header = _("Backoffice")
    site_title = _("Backoffice")
    index_title = _("Today")
    index_template = "insights/dashboard.html"

    def get_urls(self) -> list[Any]:
        board = self.admin_view(self.invariants)
        return [path("invariants/", board, name="invariants"), *super().get_urls()]

    def invariants(self, request: HttpRequest) -> HttpResponse:
        """Show the board of invariants and run them on demand."""
        return invariant_board(request, self)

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show the dashboard above the list of apps."""
        return super().index(request, {**(extra_context or {}), **context(request, self)})
