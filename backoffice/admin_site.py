"""The staff site."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from backoffice.dashboard import context


class BackofficeAdminSite(AdminSite):
    site_header = _("Backoffice")
    site_title = _("Backoffice")
    index_title = _("Today")
    index_template = "insights/dashboard.html"

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show the dashboard above the list of apps."""
        return super().index(request, {**(extra_context or {}), **context(request, self)})
