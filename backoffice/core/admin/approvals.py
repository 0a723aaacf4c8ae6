"""The screens of what waits for a second person."""

from django.contrib import admin

from backoffice.core.approvals import (
    APPROVAL,
    approve_approvals,
    reject_approvals,
    withdraw_approvals,
)
from backoffice.core.models import Approval, ApprovalPolicy
from backoffice.core.models.approval import APPROVAL_COLOURS
from backoffice.ui.admin import DocumentAdmin, SettingsAdmin
from backoffice.ui.display import badge


@admin.register(Approval)
class ApprovalAdmin(DocumentAdmin):
    machine = APPROVAL
    verbs = {
        "approve": approve_approvals,
        "reject": reject_approvals,
        "withdraw": withdraw_approvals,
    }
    list_display = (
        "number",
        "kind",
        "subject_type",
        "subject_id",
        "amount",
        "currency",
        badge("status", APPROVAL_COLOURS),
        "created_by",
        "created_at",
        "decided_by",
    )
    list_select_related = ("created_by", "decided_by")
    list_filter = ("status",)
    search_fields = ("number__exact", "=subject_id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "status", "kind"),
                    ("subject_type", "subject_id", "amount", "currency"),
                    "note",
                    ("created_by", "created_at", "decided_by", "decided_at"),
                )
            },
        ),
    )


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(SettingsAdmin):
    list_display = ("kind", "currency", "above", "is_active")
