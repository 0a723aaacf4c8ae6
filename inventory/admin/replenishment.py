"""Replenishment policies and proposals."""

from datetime import datetime

from django.contrib import admin
from django.db.models import Count, F, Sum
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text, effect, panel
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
    import_key = ("warehouse", "sku", "category")
    list_display = (
        "__str__",
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
    why_no_import = _("Proposals are made by the nightly planning.")
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
    exclude = ("explanation",)


@panel("inventory.replenishmentproposal", _("Why"))
def why(proposal: ReplenishmentProposal, request: HttpRequest) -> str:
    """Return the sentences that explain a proposal."""
    lines = explain_lines(proposal.explanation)
    return format_html_join("", "<p>{}</p>", ((line,) for line in lines))


@effect("inventory.replenishmentproposal", "approve")
@effect("inventory.replenishmentproposal", "order")
def purchase_orders(ids: list[int], transition: str, now: datetime) -> list[Text]:
    """Say which purchase orders come of proposals, and what each is worth."""
    chosen = ReplenishmentProposal.objects.filter(pk__any=ids)
    groups = (
        chosen.values("supplier_item__supplier__name", "warehouse__code", "currency")
        .annotate(lines=Count("pk"), worth=Sum(F("quantity") * F("unit_price")))
        .order_by("-worth", "supplier_item__supplier__name", "warehouse__code")
    )
    return [
        gettext("One purchase order to %(supplier)s for %(warehouse)s: %(lines)s lines, %(value)s.")
        % {
            "supplier": row["supplier_item__supplier__name"],
            "warehouse": row["warehouse__code"],
            "lines": row["lines"],
            "value": f"{number_format(row['worth'], 2, force_grouping=True)} {row['currency']}",
        }
        for row in groups
    ]
