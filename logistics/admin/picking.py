"""The pick list's screens: the list to walk, and the form for what was not found."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import panel
from backoffice.ui.admin import ReadOnlyInline
from backoffice.ui.display import badge
from backoffice.ui.grid import grid, link
from logistics.admin.printing import PRINTED, PrintsMixin
from logistics.choices import COLOURS, PickListStatus
from logistics.models import PickLine, PickList
from logistics.selectors.papers import pick_lists
from logistics.services.picking import confirm_picks
from logistics.services.printing import print_pick_lists
from logistics.states import PICK_LIST


class PickLineInline(ReadOnlyInline):
    model = PickLine
    fields = ("location", "sku", "lot", "quantity", "picked", "shipment")
    readonly_fields = fields
    ordering = ("location__pick_order", "location__code", "sku__code", "id")

    @admin.display(description=gettext_lazy("shipment"))
    def shipment(self, line: PickLine) -> object:
        return line.shipment_line.shipment

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        lines = super().get_queryset(request)
        return lines.select_related("location", "sku", "lot", "shipment_line__shipment")


class PickedForm(forms.Form):
    """How many units of each line were found."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)

    def __init__(self, lines: list[PickLine], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for line in lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.location} · {line.sku} · {line.lot}",
                min_value=0,
                max_value=line.quantity,
                initial=line.quantity,
                help_text=_("listed: %(n)s") % {"n": line.quantity},
            )

    def picked(self) -> dict[int, int]:
        """Return the units found by pick line."""
        fields = self.cleaned_data.items()
        return {int(n.removeprefix("line_")): v for n, v in fields if n.startswith("line_")}


@admin.register(PickList)
class PickListAdmin(PrintsMixin):
    why_no_import = gettext_lazy("Pick lists are made from planned shipments.")
    machine = PICK_LIST
    verbs = {"confirm": confirm_picks, "print": print_pick_lists}
    paper = pick_lists
    paper_template = "logistics/pick_list.html"
    print_label = gettext_lazy("Print pick lists")
    tabs = (
        (gettext_lazy("To be walked"), "status=OPEN"),
        (gettext_lazy("Not printed"), "status=OPEN&is_printed=false"),
    )
    list_display = (
        *("number", "warehouse", badge("status", COLOURS), "created_at", "picked_at"),
        PRINTED,
    )
    list_select_related = ("warehouse", "printed_by")
    search_fields = ("number__exact",)
    inlines = (PickLineInline,)
    fields = (
        ("number", "warehouse", "status", "origin"),
        ("created_at", "created_by", "picked_at"),
        ("prints", "printed_at", "printed_by"),
        ("updated_at", "modified_by", "version"),
    )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.picked_view)
        return [
            path("<int:pk>/picked/", view, name="logistics_picklist_picked"),
            *super().get_urls(),
        ]

    def picked_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take in what was found, line by line (GET asks, POST does)."""
        document = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.may(request, PICK_LIST.transitions["confirm"]):
            raise PermissionDenied
        rows = PickLine.objects.filter(
            pick_list=document, shipment_line__shipment__status="PICKING"
        )
        rows = rows.select_related("location", "sku", "lot")
        lines = list(rows.order_by("location__pick_order", "location__code", "pk"))
        form = PickedForm(lines, request.POST if request.method == "POST" else None)
        back = reverse("admin:logistics_picklist_change", args=[pk])
        if form.is_bound and form.is_valid():
            outcome = confirm_picks(
                [pk],
                now=timezone.now(),
                picked=form.picked(),
                reason=form.cleaned_data["reason"],
            )
            for reason in outcome.blocked.get(pk, []):
                messages.error(request, str(reason))
            if outcome.moved:
                messages.success(request, _("The pick list is confirmed."))
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": _("What was found"),
            "opts": self.opts,
            "document": document,
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "logistics/picked.html", context)


@panel("logistics.shipment", gettext_lazy("Pick lists"))
def pick_lists_panel(document: Any, request: Any) -> str:
    """Lead from a shipment to the lists that its units are on."""
    if not request.user.has_perm("logistics.view_picklist"):
        return ""
    lists = PickList.objects.filter(lines__shipment_line__shipment=document).distinct()
    rows = [(link(row), row.get_status_display()) for row in lists.order_by("pk")]
    return grid((_("number"), _("status")), rows, "") if rows else ""


@panel("logistics.picklist", gettext_lazy("Not everything there?"))
def short_pick_panel(document: Any, request: Any) -> str:
    """Lead to the form for units that were not found."""
    if document.status != PickListStatus.OPEN:
        return format_html("<p>{}</p>", _("The list is closed."))
    url = reverse("admin:logistics_picklist_picked", args=[document.pk])
    return format_html(
        '<p><a class="bo-verb bo-plain" href="{}">{}</a></p>',
        url,
        _("Enter what was found, line by line"),
    )
