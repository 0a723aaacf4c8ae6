"""The screens of what waits for a second person."""

from django.apps import apps
from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

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
    sidebar_group = "work"
    machine = APPROVAL
    verbs = {
        "approve": approve_approvals,
        "reject": reject_approvals,
        "withdraw": withdraw_approvals,
    }
    list_display = (
        "number",
        "kind",
        "subject",
        "amount",
        "currency",
        badge("status", APPROVAL_COLOURS),
        "created_by",
        "created_at",
        "decided_by",
    )
    list_select_related = ("created_by", "decided_by")
    search_fields = ("number__exact", "subject_id__exact")
    readonly_fields = ("subject",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "status", "kind"),
                    ("subject", "amount", "currency"),
                    "note",
                    ("created_by", "created_at", "decided_by", "decided_at"),
                )
            },
        ),
    )

    @admin.display(description=_("subject"))
    def subject(self, approval: Approval) -> str:
        name = apps.get_model(approval.subject_type)._meta.verbose_name
        label = f"{name} {approval.subject_id}"
        page = f"admin:{approval.subject_type.replace('.', '_')}_change"
        try:
            return format_html(
                '<a href="{}">{}</a>', reverse(page, args=[approval.subject_id]), label
            )
        except NoReverseMatch:
            return label


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(SettingsAdmin):
    list_display = ("kind", "currency", "above", "is_active")
