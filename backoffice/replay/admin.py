"""The demo's switch and pace."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from backoffice.replay.models import DemoSettings
from backoffice.ui.admin import SettingsAdmin


@admin.register(DemoSettings)
class DemoSettingsAdmin(SettingsAdmin):
    why_no_import = gettext_lazy("There is one row of settings for the demo.")
    list_display = ("__str__", "is_active", "orders_per_hour", "speed", "updated_at")
    sidebar_group = "settings"

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False
