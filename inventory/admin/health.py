"""How stock fares: the health page by class, alerts with owner and snooze."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, dialog, panel
from backoffice.core.models import Company, User
from backoffice.core.states import BlockedError, Outcome
from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin, SettingsAdmin
from backoffice.ui.display import badge, number
from backoffice.ui.forms import DocumentForm, LocalDateTimeField
from backoffice.ui.grid import amount, grid, link
from inventory.choices import COLOURS
from inventory.models import (
    AlertPolicy,
    PurchaseOrder,
    ReplenishmentProposal,
    StockAlert,
    StockHealth,
    Warehouse,
)
from inventory.selectors.alerts import explain_alert, open_alerts, shares
from inventory.services.alerts import assign_alerts, snooze_alerts, take_alerts, wake_alerts
from inventory.states import HANDLE, STOCK_ALERT


@admin.register(StockHealth)
class StockHealthAdmin(ReadOnlyAdmin):
    why_no_import = gettext_lazy("It is reckoned every night.")
    list_display = (
        "sku",
        "warehouse",
        badge("abc", COLOURS, gettext_lazy("ABC class")),
        badge("xyz", COLOURS, gettext_lazy("XYZ class")),
        number("on_hand", gettext_lazy("on hand")),
        number("value", gettext_lazy("stock value")),
        number("daily_demand", gettext_lazy("daily demand")),
        number("days_of_cover", gettext_lazy("days of cover")),
        number("idle_days", gettext_lazy("days without demand")),
        "reckoned_at",
    )
    list_select_related = ("sku", "warehouse")
    search_fields = ("sku__code__istartswith",)
    ordering = ("-id",)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the stock class by class above the list of all of it."""
        answer = super().changelist_view(request, extra_context)
        if hasattr(answer, "context_data"):
            answer.template_name = "inventory/health.html"
            answer.context_data |= self._overview(request)
        return answer

    def _overview(self, request: HttpRequest) -> dict[str, Any]:
        code = request.GET.get("warehouse", "")
        house = Warehouse.objects.filter(code=code).first() if code else None
        here = reverse("admin:inventory_stockhealth_changelist")
        alerts = reverse("admin:inventory_stockalert_changelist")
        tail = f"&warehouse={house.code}" if house else ""
        currency = Company.objects.values_list("currency", flat=True).first() or ""
        place = house.pk if house else None
        sees_alerts = request.user.has_perm("inventory.view_stockalert")  # type: ignore[union-attr]
        rows = [
            (
                format_html(
                    '<a href="{}?abc={}&xyz={}{}">{} {}</a>', here, s.abc, s.xyz, tail, s.abc, s.xyz
                ),
                s.skus,
                amount(s.value, currency),
                format_html(
                    '<span class="bo-number">{}</span>',
                    "–" if s.days is None else number_format(s.days, 1, force_grouping=True),
                ),
                s.out,
            )
            for s in shares(place)
        ]
        head = (_("Class"), _("SKUs"), _("stock value"), _("days of cover"), _("out of stock"))
        return {
            "house": house,
            "classes": grid(head, rows, _("Classes are reckoned at night.")) if rows else "",
            "alerts": [
                (label, f"{alerts}?status=OPEN&kind={kind}{tail}", n)
                for kind, label, n in (open_alerts(place) if sees_alerts else ())
            ],
        }


@admin.register(AlertPolicy)
class AlertPolicyAdmin(SettingsAdmin):
    import_key = ("warehouse",)
    list_display = (
        "__str__",
        "over_days",
        "slow_days",
        "dead_days",
        "expiring_days",
        "variance_value",
        "is_active",
    )
    list_select_related = ("warehouse",)
    ordering = ("id",)


@admin.register(StockAlert)
class StockAlertAdmin(DocumentAdmin):
    why_no_import = gettext_lazy("Alerts are raised where there is a cause.")
    opens_with = "status=OPEN"
    machine = STOCK_ALERT
    verbs = {"take": take_alerts, "wake": wake_alerts}
    list_display = (
        "number",
        badge("kind", COLOURS),
        "sku",
        "warehouse",
        "why",
        badge("status", COLOURS),
        "owner",
        "snoozed_until",
        "created_at",
    )
    list_select_related = ("sku", "warehouse", "owner")
    search_fields = ("number__exact", "sku__code__istartswith")
    exclude = ("facts",)
    readonly_fields = ("why",)

    @admin.display(description=gettext_lazy("reason"))
    def why(self, alert: StockAlert) -> str:
        return explain_alert(alert.kind, alert.facts)


@panel("inventory.stockalert", gettext_lazy("What can be done"))
def what_can_be_done(alert: StockAlert, request: HttpRequest) -> str:
    """Return how the stock stands now, and what is proposed, ordered or counted already."""
    place = {"sku": alert.sku_id, "warehouse": alert.warehouse_id}
    health = StockHealth.objects.filter(**place).first()
    proposals = ReplenishmentProposal.objects.filter(**place, status__in=["PROPOSED", "APPROVED"])
    orders = PurchaseOrder.objects.filter(
        warehouse=alert.warehouse_id,
        lines__sku=alert.sku_id,
        status__in=["DRAFT", "APPROVED", "SENT", "PARTIALLY_RECEIVED"],
    )
    documents = [*proposals.order_by("pk"), *orders.order_by("pk").distinct()]
    codes = f"sku={alert.sku.code}&warehouse={alert.warehouse.code}"
    lists = [
        (_("Stock level"), "stocklevel", "view_stocklevel"),
        (_("Moves"), "stockmove", "view_stockmove"),
        (_("Replenishment policies"), "replenishmentpolicy", "view_replenishmentpolicy"),
    ]
    context = {
        "health": health,
        "documents": [(link(row), row.get_status_display()) for row in documents],
        "links": [
            (label, f"{reverse(f'admin:inventory_{name}_changelist')}?{codes}")
            for label, name, right in lists
            if request.user.has_perm(f"inventory.{right}")  # type: ignore[union-attr]
        ],
    }
    return render_to_string("inventory/alert.html", context)


class SnoozeForm(DocumentForm):
    """Until when, and why."""

    until = LocalDateTimeField(label=gettext_lazy("until"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class OwnerForm(DocumentForm):
    """Who looks after it."""

    owner = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("owner"))

    def prepare(self, document: StockAlert) -> None:
        people = User.objects.filter(is_active=True, is_staff=True, kind="PERSON")
        self.fields["owner"].queryset = people.order_by("username")  # type: ignore[attr-defined]


def snooze(alert: StockAlert, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Put it to sleep."""
    until, reason = values["until"], values["reason"]
    return _done(alert, snooze_alerts([alert.pk], until=until, now=now, reason=reason))


def assign(alert: StockAlert, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Give it to a colleague."""
    return _done(alert, assign_alerts([alert.pk], owner=values["owner"].username, now=now))


def _done(alert: StockAlert, outcome: Outcome) -> str:
    if outcome.blocked:
        raise BlockedError(outcome.blocked[alert.pk])
    return ""


for name, label, form, act in (
    ("snooze", gettext_lazy("Snooze…"), SnoozeForm, snooze),
    ("assign", gettext_lazy("Give to a colleague…"), OwnerForm, assign),
):
    dialog(
        "inventory.stockalert",
        Dialog(
            name,
            label,
            HANDLE,
            form=form,
            act=act,
            reasons=lambda alert, verb=name: STOCK_ALERT.reasons(alert.pk, verb),  # type: ignore[misc]
        ),
    )
