"""Calendars, service levels, queues, agents, macros."""

from django.contrib import admin

from backoffice.ui.admin import SettingsAdmin
from support.models import AgentProfile, BusinessCalendar, Macro, Queue, SlaPolicy


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(SettingsAdmin):
    import_key = ("name",)
    list_display = ("name", "time_zone", "is_active")


@admin.register(SlaPolicy)
class SlaPolicyAdmin(SettingsAdmin):
    import_key = ("priority",)
    list_display = (
        *("priority", "first_response_minutes", "solution_minutes", "risk_minutes"),
        *("calendar", "is_active"),
    )
    list_select_related = ("calendar",)


@admin.register(Queue)
class QueueAdmin(SettingsAdmin):
    import_key = ("code",)
    list_display = ("code", "name", "skill", "automatic_messages_per_day", "close_after_days")


@admin.register(AgentProfile)
class AgentProfileAdmin(SettingsAdmin):
    import_key = ("user",)
    list_display = ("user", "skills", "languages", "capacity", "calendar", "is_available")
    list_select_related = ("user", "calendar")


@admin.register(Macro)
class MacroAdmin(SettingsAdmin):
    import_key = ("code", "language")
    list_display = ("title", "code", "language", "solves", "is_active")
    search_fields = ("title",)
