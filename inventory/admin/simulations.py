"""Simulations: started by a form, shown as a curve, adopted by a button."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import panel
from backoffice.core.models import Company
from backoffice.core.scope import for_actor, is_limited
from backoffice.ui.admin import DocumentAdmin, ReadOnlyAdmin
from backoffice.ui.display import badge
from inventory.choices import COLOURS, PlanningRule
from inventory.models import Product, ReplenishmentRun, Simulation, Warehouse
from inventory.selectors.simulations import Findings, findings
from inventory.services.simulations import (
    Simulate,
    adopt_simulations,
    start_simulations,
    take_back_simulations,
)
from inventory.states import SIMULATION


class SimulateForm(forms.Form):
    """The scope and what would change in it."""

    warehouse = forms.ModelChoiceField(
        Warehouse.objects.none(),
        label=gettext_lazy("warehouse"),
        required=False,
        empty_label=gettext_lazy("All warehouses"),
    )
    category = forms.ChoiceField(label=gettext_lazy("category"), required=False)
    rule = forms.ChoiceField(
        label=gettext_lazy("rule"),
        required=False,
        choices=[("", gettext_lazy("As today")), *PlanningRule.choices],
    )
    fill_rate = forms.DecimalField(
        label=gettext_lazy("fill rate asked for (%)"),
        required=False,
        min_value=50,
        max_value=99.9,
        max_digits=4,
        decimal_places=2,
        help_text=gettext_lazy("Empty: as today."),
    )
    order_rhythm_days = forms.IntegerField(
        label=gettext_lazy("order rhythm (days)"),
        required=False,
        min_value=1,
        max_value=90,
        help_text=gettext_lazy("Empty: as today."),
    )
    lead_time_days = forms.IntegerField(
        label=gettext_lazy("lead time (days)"),
        required=False,
        min_value=1,
        max_value=365,
        help_text=gettext_lazy(
            "What if all suppliers took so long? Empty: as observed. It is not adopted."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        houses = for_actor(Warehouse.objects.filter(is_active=True).order_by("code"))
        self.fields["warehouse"].queryset = houses  # type: ignore[attr-defined]
        # Who sees some warehouses only chooses one of them.
        self.fields["warehouse"].required = is_limited()
        used = Product.objects.exclude(category="").order_by("category")
        names = used.values_list("category", flat=True).distinct()
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            ("", _("All categories")),
            *((name, name) for name in names),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        names = ("rule", "fill_rate", "order_rhythm_days", "lead_time_days")
        if not self.errors and not any(data.get(name) for name in names):
            raise forms.ValidationError(_("Nothing would change: fill in what to try."))
        return data

    def command(self) -> Simulate:
        """Return what to replay."""
        data = self.cleaned_data
        house, rate = data["warehouse"], data["fill_rate"]
        return Simulate(
            house.pk if house else None,
            data["category"],
            data["rule"],
            None if rate is None else rate / 100,
            data["order_rhythm_days"],
            data["lead_time_days"],
        )


@admin.register(Simulation)
class SimulationAdmin(DocumentAdmin):
    change_form_template = "inventory/simulation_page.html"
    machine = SIMULATION
    verbs = {"adopt": adopt_simulations, "take_back": take_back_simulations}
    inverses = {"adopt": "take_back"}
    list_display = (
        "number",
        badge("status", COLOURS),
        "warehouse",
        "category",
        "rule",
        "fill_rate",
        "order_rhythm_days",
        "lead_time_days",
        "created_by",
        "created_at",
    )
    list_select_related = ("warehouse", "created_by")
    search_fields = ("number__exact",)
    exclude = ("former",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("inventory.add_simulation")  # type: ignore[union-attr]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask what to try (GET), then replay it (POST)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SimulateForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            [pk] = start_simulations([form.command()], now=timezone.now())
            return HttpResponseRedirect(reverse("admin:inventory_simulation_change", args=[pk]))
        context = self.admin_site.each_context(request) | {
            "title": _("Replay a change"),
            "opts": self.opts,
            "form": form,
            "back": reverse("admin:inventory_simulation_changelist"),
            "document": _("All simulations"),
        }
        return TemplateResponse(request, "ui/dialog.html", context)


@panel("inventory.simulation", gettext_lazy("What it would have done"))
def show_findings(simulation: Simulation, request: HttpRequest) -> str:
    """Return the table and the curve of what was replayed so far."""
    found = findings(simulation)
    context = {
        "found": found,
        "table": _table(found),
        "notes": _notes(found),
        "job_url": reverse("admin:core_job_change", args=[simulation.job_id])
        if simulation.job_id
        else "",
    }
    return render_to_string("inventory/simulation.html", context)


def _table(found: Findings) -> list[list[tuple[Any, str]]]:
    currency = Company.objects.values_list("currency", flat=True).first() or ""

    def value(amount: float | None) -> str:
        if amount is None:
            return "–"
        return f"{number_format(round(amount), force_grouping=True)} {currency}"

    return [
        [
            (_("Policy"), str(row.label)),
            (_("Fill rate"), f"{number_format(row.fill * 100, 2)} %"),
            (_("Mean stock value"), value(row.inventory)),
            (_("Order lines"), number_format(row.order_lines, force_grouping=True)),
            (_("SKU-days short"), number_format(row.short_days, force_grouping=True)),
            (_("Value not served"), value(row.lost)),
            (_("Stock for today's fill rate"), value(row.same_fill)),
        ]
        for row in found.rows
    ]


def _notes(found: Findings) -> list[str]:
    about = found.about
    if not about:
        return []
    left = about["left_out"]
    notes = [
        _("%(skus)s SKUs were replayed over their last %(days)s days.")
        % {"skus": about["skus"], "days": about["days"]},
        _(
            "Every policy meets the same demand and the same drawn lead times; what is not on the"
            " shelf is lost. Differences of a few percent are noise."
        ),
        _(
            "The monthly min/max keeps 90 days' mean demand times the lead time, set anew every 30"
            " days, as other systems do."
        ),
        _("Demand is what was recorded: on days without stock it was more than that."),
    ]
    if left["young"]:
        notes.append(
            _("%(n)s SKUs are too young to be replayed.") % {"n": left["young"]},
        )
    if left["not_drawn"]:
        notes.append(
            _("%(n)s more SKUs are not in the sample that speaks for all.")
            % {"n": left["not_drawn"]}
        )
    if left["frozen"]:
        notes.append(_("%(n)s frozen SKUs are left out.") % {"n": left["frozen"]})
    return notes


@admin.register(ReplenishmentRun)
class ReplenishmentRunAdmin(ReadOnlyAdmin):
    sidebar_group = "inventory"
    list_display = ("started_at", "planned", "proposed", "left_out", "measured_at")
    exclude = ("curve",)
    ordering = ("-started_at", "-id")

    @admin.display(description=gettext_lazy("SKUs planned"))
    def planned(self, run: ReplenishmentRun) -> int:
        return run.figures.get("planned", 0)

    @admin.display(description=gettext_lazy("proposed"))
    def proposed(self, run: ReplenishmentRun) -> int:
        return run.figures.get("proposed", 0)

    @admin.display(description=gettext_lazy("left out by limits"))
    def left_out(self, run: ReplenishmentRun) -> int:
        return run.figures.get("left_out", 0)
