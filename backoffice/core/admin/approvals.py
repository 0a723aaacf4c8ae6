"""The screens of what waits for a second person."""

from django.apps import apps
from django.contrib import admin
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from backoffice.core.approvals import (
    APPROVAL,
    KINDS,
    approve_approvals,
    reject_approvals,
    withdraw_approvals,
)
from backoffice.core.extensions import Text
from backoffice.core.models import Approval, ApprovalPolicy
from backoffice.core.models.approval import APPROVAL_COLOURS, ApprovalStatus
from backoffice.ui.admin import DocumentAdmin, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import badge, money
from backoffice.ui.grid import linked


def _subject(approval: Approval) -> str:
    model = apps.get_model(approval.subject_type)
    name = capfirst(str(model._meta.verbose_name))
    return linked(model(pk=approval.subject_id), f"{name} {approval.subject_id}")


def _kind(approval: Approval) -> Text:
    kind = KINDS.get(approval.kind)
    return kind.label if kind else approval.kind


def _why(approval: Approval) -> str:
    return format_html("{} · {} {}", _kind(approval), _subject(approval), approval.note)


@admin.register(Approval)
class ApprovalAdmin(DocumentAdmin):
    why_no_import = _("Approvals are asked for by what needs a second person.")
    # Its sidebar entry is the page of all approvals.
    sidebar_group = None
    waits = Waits(
        {"status": ApprovalStatus.REQUESTED}, _why, lambda row: (row.amount, row.currency)
    )
    machine = APPROVAL
    verbs = {
        "approve": approve_approvals,
        "reject": reject_approvals,
        "withdraw": withdraw_approvals,
    }
    list_display = (
        "number",
        "kind_name",
        "subject",
        money("amount", _("amount")),
        badge("status", APPROVAL_COLOURS),
        "created_by",
        "created_at",
        "decided_by",
    )
    list_select_related = ("created_by", "decided_by")
    search_fields = ("number__exact", "subject_id__exact")
    readonly_fields = ("kind_name", "subject")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "status", "kind_name"),
                    ("subject", "amount", "currency"),
                    "note",
                    ("created_by", "created_at", "decided_by", "decided_at"),
                )
            },
        ),
    )

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, approval: Approval) -> str:
        return str(_kind(approval))

    @admin.display(description=_("subject"))
    def subject(self, approval: Approval) -> str:
        return _subject(approval)


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(SettingsAdmin):
    why_no_import = _("Limits that need a second person are set one by one.")
    list_display = ("kind", "currency", "above", "is_active")
