"""Screens of sign-ins: who came in, who failed, who waits."""

from typing import Any

from axes.models import AccessAttempt, AccessLog
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from backoffice.core.access.lockout import locked_until, unlock
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import badge_html

# The library's own names, which it does not say in Chinese.
WORDS = [
    gettext_noop("IP Address"),
    gettext_noop("Failed Logins"),
    gettext_noop("Attempt Time"),
    gettext_noop("Logout Time"),
    gettext_noop("User Agent"),
    gettext_noop("access attempt"),
    gettext_noop("access attempts"),
    gettext_noop("access log"),
    gettext_noop("access logs"),
]


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are failed attempts to sign in.")
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time", "lock")
    search_fields = ("username__exact", "ip_address__exact")
    ordering = ("-id",)
    fields = (
        "username",
        "ip_address",
        "failures_since_start",
        "attempt_time",
        "lock",
        "user_agent",
    )
    readonly_fields = ("lock",)
    actions = ("unlock",)

    @admin.display(description=gettext_lazy("lock"))
    def lock(self, attempt: AccessAttempt) -> str:
        until = locked_until(attempt)
        if until is None:
            return badge_html("", _("May try"), {})
        told = date_format(timezone.localtime(until), "H:i:s")
        return badge_html("LOCKED", _("Locked until %(at)s") % {"at": told}, {"LOCKED": "bad"})

    @admin.action(description=gettext_lazy("Unlock"), permissions=["operate"])
    def unlock(self, request: HttpRequest, queryset: Any) -> None:
        count = unlock(queryset.values_list("pk", flat=True), now=timezone.now())
        messages.success(request, _("%(n)s locks lifted: they may try again.") % {"n": count})


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("These are the sign-ins.")
    list_display = ("username", "ip_address", "attempt_time", "logout_time", "user_agent")
    search_fields = ("username__exact", "ip_address__exact")
    ordering = ("-id",)
    fields = ("username", "ip_address", "attempt_time", "logout_time", "user_agent")
