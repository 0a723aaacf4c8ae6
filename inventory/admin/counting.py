"""Count plans and stock counts: drawn up, walked bin by bin, judged by a second person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Text
from backoffice.core.scope import for_actor
from backoffice.core.states import GONE
from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline, SettingsAdmin
from backoffice.ui.approvals import Waits
from backoffice.ui.dialogs import Button
from backoffice.ui.display import badge
from inventory.choices import COLOURS, AbcClass, CountStatus
from inventory.models import CountPlan, Location, Sku, StockCount, StockCountLine, Warehouse
from inventory.selectors.counts import Bin, bins_to_count, sku_of_code
from inventory.services.counted import LATEST, Counted, approve_counts, count_stock, recount
from inventory.services.counts import StartCount, cancel_counts, start_counts
from inventory.services.places import no_lots
from inventory.states import COUNT, STOCK_COUNT

UNKNOWN = gettext_lazy("%(codes)s is unknown: look the code up in its list.")


@admin.register(CountPlan)
class CountPlanAdmin(SettingsAdmin):
    import_key = ("warehouse", "abc_class")
    list_display = (
        "__str__",
        "every_days",
        "tolerance_percent",
        "tolerance_value",
        "is_active",
    )
    list_select_related = ("warehouse",)
    ordering = ("warehouse_id", "abc_class", "id")


class StartForm(forms.Form):
    """What is to be counted."""

    warehouse = forms.ModelChoiceField(Warehouse.objects.none(), label=gettext_lazy("warehouse"))
    abc_class = forms.ChoiceField(
        label=gettext_lazy("ABC class"),
        required=False,
        choices=[("", gettext_lazy("All classes")), *AbcClass.choices],
    )
    bins = forms.CharField(
        label=gettext_lazy("Bins"),
        required=False,
        help_text=gettext_lazy("Codes, separated by commas. None means all."),
    )
    skus = forms.CharField(
        label=gettext_lazy("SKUs"),
        required=False,
        help_text=gettext_lazy("Codes, separated by commas. None means all."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        houses = for_actor(Warehouse.objects.filter(is_active=True).order_by("code"))
        self.fields["warehouse"].queryset = houses  # type: ignore[attr-defined]

    def clean_skus(self) -> list[int]:
        return _ids("skus", self.cleaned_data["skus"], for_actor(Sku.objects.all()))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if house := data.get("warehouse"):
            bins = Location.objects.filter(warehouse=house)
            try:
                data["bins"] = _ids("bins", data.get("bins", ""), bins)
            except forms.ValidationError as error:
                self.add_error("bins", error)
        return data


def _ids(name: str, text: str, rows: Any) -> list[int]:
    codes = text.replace(",", " ").split()
    known = dict(rows.filter(code__in=codes).values_list("code", "pk"))
    if unknown := sorted(set(codes) - set(known)):
        raise forms.ValidationError(UNKNOWN % {"codes": ", ".join(unknown)})
    return sorted(known.values())


class StockCountLineInline(ReadOnlyInline):
    model = StockCountLine
    fields = (
        "position",
        "location",
        "sku",
        "lot",
        badge("status", COLOURS),
        "counted",
        "expected",
        "difference",
        "counted_by",
        "counted_at",
    )
    readonly_fields = fields
    ordering = ("position",)


def _off(count: StockCount) -> str:
    lines = count.lines.filter(status="REVIEW").select_related("sku", "location")
    return ", ".join(f"{row.sku} @ {row.location}: {row.difference:+}" for row in lines[:5])


@admin.register(StockCount)
class StockCountAdmin(DocumentAdmin):
    waits = Waits({"status": CountStatus.REVIEW}, _off, lambda row: (None, ""), reject="recount")
    machine = STOCK_COUNT
    verbs = {"approve": approve_counts, "recount": recount, "cancel": cancel_counts}
    list_display = (
        "number",
        "warehouse",
        badge("status", COLOURS),
        "plan",
        "planned_on",
        "finished_at",
        "created_by",
    )
    list_select_related = ("warehouse", "plan__warehouse", "created_by")
    search_fields = ("number__exact",)
    inlines = (StockCountLineInline,)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("inventory.add_stockcount")  # type: ignore[union-attr]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.walk_view)
        own = path("<int:pk>/walk/", view, name="inventory_stockcount_walk")
        return [own, *super().get_urls()]

    def page_buttons(self, request: HttpRequest, document: Any) -> list[Button]:
        reasons = STOCK_COUNT.reasons(document.pk, "count")
        if not request.user.has_perm(COUNT):  # type: ignore[union-attr]
            reasons.append(_("You lack the permission for this."))
        url = reverse("admin:inventory_stockcount_walk", args=[document.pk])
        walk = Button("count", gettext_lazy("Count"), url, reasons, leads_on=True)
        return [walk, *super().page_buttons(request, document)]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask what is to be counted (GET), then draw the counts up (POST)."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StartForm(request.POST if request.method == "POST" else None)
        back = reverse("admin:inventory_stockcount_changelist")
        if form.is_valid():
            data = form.cleaned_data
            command = StartCount(
                data["warehouse"].pk, data["bins"], data["skus"], data["abc_class"]
            )
            started = start_counts([command], now=timezone.now())
            if not started.refused:
                ids = started.ids[0]
                messages.success(request, _("%(n)s counts were drawn up.") % {"n": len(ids)})
                first = reverse("admin:inventory_stockcount_change", args=[ids[0]])
                return HttpResponseRedirect(first if len(ids) == 1 else back)
            form.add_error(None, [str(reason) for reason in started.refused[0]])
        context = self.admin_site.each_context(request) | {
            "title": _("Draw up a count"),
            "opts": self.opts,
            "form": form,
            "back": back,
            "document": _("All stock counts"),
        }
        return TemplateResponse(request, "ui/dialog.html", context)

    def walk_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the lines of one bin without what is expected (GET); take in what lies there."""
        if not request.user.has_perm(COUNT):  # type: ignore[union-attr]
            raise PermissionDenied
        count = get_object_or_404(self.get_queryset(request), pk=pk)
        here = reverse("admin:inventory_stockcount_walk", args=[pk])
        page = reverse("admin:inventory_stockcount_change", args=[pk])
        bins = bins_to_count(pk)
        if not bins:
            return HttpResponseRedirect(page)
        asked = request.POST.get("bin") or request.GET.get("bin")
        bin_ = next((b for b in bins if str(b.location_id) == asked), bins[0])
        errors: Sequence[Text] = []
        if request.method == "POST":
            errors = take_in(count, bin_, request.POST, now=timezone.now())
            if not errors:
                messages.success(request, _("Bin %(bin)s: saved.") % {"bin": bin_.code})
                return HttpResponseRedirect(here)
        context = self.admin_site.each_context(request) | {
            "title": _("Count"),
            "opts": self.opts,
            "count": count,
            "bins": bins,
            "bin": bin_,
            "rows": [(line, request.POST.get(f"line_{line.pk}", "")) for line in bin_.lines],
            "sent": request.POST,
            "errors": errors,
            "here": here,
            "back": page,
        }
        return TemplateResponse(request, "inventory/walk.html", context)


def take_in(count: StockCount, bin_: Bin, sent: Any, *, now: datetime) -> Sequence[Text]:
    """Count what a sent page says; return what is wrong with it."""
    counted = []
    for line in bin_.lines:
        units = _units(sent.get(f"line_{line.pk}", ""))
        if units is None:
            return [_("%(sku)s: write how many units lie there.") % {"sku": line.sku.code}]
        if units >= 0:
            at = _instant(sent.get(f"at_{line.pk}", ""), count, now)
            counted.append(Counted(units, line.pk, at=at))
    code, units = sent.get("found_code", "").strip(), _units(sent.get("found_units", ""))
    if code:
        sku = sku_of_code(code)
        if sku is None:
            return [_("No SKU has the code or barcode %(code)s.") % {"code": code}]
        if units is None or units < 0:
            return [_("%(sku)s: write how many units lie there.") % {"sku": sku.code}]
        lot = no_lots([sku.pk])[sku.pk]
        counted.append(Counted(units, None, sku.pk, bin_.location_id, lot))
    if not counted:
        return [_("Nothing was counted.")]
    outcome = count_stock([count.pk], lines=counted, now=now)
    return outcome.blocked.get(count.pk, [] if outcome.moved else [GONE])


def _units(text: str) -> int | None:
    """Return the units that were written, −1 for none, None for nonsense."""
    text = text.strip()
    if not text:
        return -1
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _instant(text: str, count: StockCount, now: datetime) -> datetime | None:
    """Return when the page says it was counted, if that can be: a phone's clock may be wrong."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None or at.tzinfo is None:
        return None
    return at if max(count.created_at, now - LATEST) <= at <= now else None
