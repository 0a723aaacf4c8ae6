"""Data checks and the board of invariants."""

from typing import Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.core.invariants import REGISTRY
from backoffice.insights.checks import CHECKS
from backoffice.insights.choices import COLOURS
from backoffice.insights.models import CheckRun, DataCheck, InvariantRun
from backoffice.ui.admin import ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import LONG, badge


@admin.register(DataCheck)
class DataCheckAdmin(SettingsAdmin):
    why_no_import = _("The checks are fixed; here their tolerance is set.")
    list_display = ("code", "what", "domain", "quality", "tolerated_ratio", "weight", "is_active")
    readonly_fields = ("code", "domain", "quality")

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("what is checked"))
    def what(self, row: DataCheck) -> str:
        return row.text


@admin.register(CheckRun)
class CheckRunAdmin(ReadOnlyAdmin):
    why_no_import = _("These are the runs of the data checks.")
    list_display = (
        "ran_at",
        "what",
        badge("state", COLOURS),
        "failed",
        "n",
        "percent",
        "examples",
        "error",
    )
    list_select_related = ("data_check",)
    ordering = ("-ran_at", "-id")

    @admin.display(description=_("what is checked"))
    def what(self, row: CheckRun) -> str:
        return row.data_check.text

    what.css = LONG  # type: ignore[attr-defined]

    @admin.display(description=_("share"))
    def percent(self, row: CheckRun) -> str:
        return f"{row.ratio:.2%}"

    @admin.display(description=_("examples"))
    def examples(self, row: CheckRun) -> str:
        check = CHECKS.get(row.data_check.code)
        if check is None or not row.sample_ids:
            return ""
        try:
            url = reverse(f"admin:{check.model.replace('.', '_')}_changelist")
        except NoReverseMatch:
            return ", ".join(map(str, row.sample_ids[:10]))
        ids = ",".join(map(str, row.sample_ids))
        return format_html('<a href="{}?ids={}">{}</a>', url, ids, len(row.sample_ids))


@admin.register(InvariantRun)
class InvariantRunAdmin(ReadOnlyAdmin):
    why_no_import = _("These are the runs of the invariants.")
    list_display = ("ran_at", "name", "what", "rows", "repair", "error")
    ordering = ("-ran_at", "-id")

    @admin.display(description=_("what must hold"))
    def what(self, row: InvariantRun) -> str:
        item = REGISTRY.get(row.name)
        return str(item.text) if item else ""

    @admin.display(description=_("repair"))
    def repair(self, row: InvariantRun) -> str:
        item = REGISTRY.get(row.name)
        return str(item.repair) if item and row.rows else ""
