"""The demo's switch and pace."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from backoffice.replay.models import DemoSettings
from backoffice.ui.admin import SettingsAdmin


@admin.register(DemoSettings)
class DemoSettingsAdmin(SettingsAdmin):
    list_display = ("__str__", "is_active", "orders_per_hour", "speed", "updated_at")
    sidebar_group = "settings"

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False
