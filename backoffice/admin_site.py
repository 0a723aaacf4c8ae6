"""The staff site."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class BackofficeAdminSite(AdminSite):
    site_header = _("Backoffice")
    site_title = _("Backoffice")
    index_title = _("Today")
