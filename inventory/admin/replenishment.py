"""Replenishment policies and proposals."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from backoffice.ui.admin import DocumentAdmin, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.display import badge, money, number
from inventory.choices import COLOURS, ProposalStatus
from inventory.models import ReplenishmentPolicy, ReplenishmentProposal
from inventory.selectors.replenishment import explain_lines
from inventory.services.replenishment import (
    approve_proposals,
    order_proposals,
    reject_proposals,
)
from inventory.states import PROPOSAL


@admin.register(ReplenishmentPolicy)
class ReplenishmentPolicyAdmin(SettingsAdmin):
    list_display = (
        "__str__",
        "warehouse",
        "category",
        "sku",
        "rule",
        "fill_rate",
        "order_rhythm_days",
        "minimum",
        "maximum",
        "is_frozen",
        "is_active",
    )
    list_select_related = ("warehouse", "sku")
    search_fields = ("sku__code__istartswith",)
    raw_id_fields = ("sku",)
    ordering = ("-id",)


@admin.register(ReplenishmentProposal)
class ReplenishmentProposalAdmin(DocumentAdmin):
    waits = Waits(
        {"status": ProposalStatus.PROPOSED},
        lambda row: f"{row.quantity} × {row.sku} → {row.warehouse}",
        lambda row: (row.quantity * row.unit_price, row.currency),
        related=("created_by", "sku", "warehouse"),
    )
    machine = PROPOSAL
    verbs = {"approve": approve_proposals, "reject": reject_proposals, "order": order_proposals}
    list_display = (
        "number",
        "sku",
        "warehouse",
        badge("status", COLOURS),
        number("quantity", _("quantity")),
        money("unit_price", _("unit price")),
        number("position", _("position")),
        number("reorder_point", _("reorder point")),
        "planned_on",
    )
    list_select_related = ("sku", "warehouse")
    search_fields = ("number__exact", "sku__code__istartswith")
    readonly_fields = ("why",)

    @admin.display(description=_("why"))
    def why(self, proposal: ReplenishmentProposal) -> str:
        return format_html_join(
            "", "<p>{}</p>", ((x,) for x in explain_lines(proposal.explanation))
        )
