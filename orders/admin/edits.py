"""Edits of orders: the dialog that drafts one, and the page that shows and makes it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, dialog, effects, panel
from backoffice.core.states import BlockedError
from backoffice.ui.admin import DocumentAdmin, ReadOnlyInline
from backoffice.ui.display import badge, money
from backoffice.ui.forms import DocumentForm, numbered
from orders.choices import COLOURS, EditKind, EditStatus
from orders.models import Order, OrderEdit, OrderEditLine
from orders.services.commands import AddressData, Change, EditOrder
from orders.services.edits import cancel_edits, commit_edits, draft_edits, propose_edits
from orders.services.intake import ADDRESS_COLUMNS
from orders.states import ORDER, ORDER_EDIT

ADDRESS = [name for name in ADDRESS_COLUMNS if name != "country"]


class EditForm(DocumentForm):
    """What of an order is to be otherwise; what is left as it is stays."""

    def prepare(self, document: Order) -> None:
        lines = document.lines.filter(kit_line=None, quantity__gt=F("cancelled"))  # type: ignore[attr-defined]
        for line in lines.select_related("sku").order_by("position"):
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.sku or line.get_kind_display()} · {line.description}".rstrip(" ·"),
                min_value=0,
                max_value=1_000_000,
                initial=line.quantity,
                help_text=_("0 removes the line."),
            )
        self.fields |= {
            "sku": forms.CharField(label=_("Add SKU"), max_length=80, required=False),
            "quantity": forms.IntegerField(label=_("Quantity"), min_value=1, required=False),
            "unit_price": forms.DecimalField(
                label=_("Unit price"),
                required=False,
                min_value=0,
                max_digits=20,
                decimal_places=4,
                help_text=_("Empty: as in the price list."),
            ),
            "amount": forms.DecimalField(
                label=_("Adjust the total by"),
                required=False,
                max_digits=20,
                decimal_places=4,
                help_text=_("With its sign; it is split over the tax rates of the order."),
            ),
        }
        for name in ADDRESS:
            field = document.ship_to._meta.get_field(name)
            self.fields[f"to_{name}"] = forms.CharField(
                label=capfirst(field.verbose_name),  # type: ignore[union-attr]
                max_length=field.max_length,  # type: ignore[union-attr]
                required=False,
                initial=getattr(document.ship_to, name),
            )
        self.fields["reason"] = forms.CharField(label=_("Reason"), max_length=300)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not list(changes(self.document, values)):
            raise forms.ValidationError(_("Nothing is to be changed."))
        return values


def changes(order: Order, values: Mapping[str, Any]) -> Iterator[Change]:
    """Return what a form changes about an order."""
    counts = dict(numbered(values, "line"))
    lines = order.lines.filter(pk__in=counts).order_by("position")  # type: ignore[attr-defined]
    for line in lines:
        if not counts[line.pk]:
            yield Change(EditKind.REMOVE_LINE, line_id=line.pk)
        elif counts[line.pk] != line.quantity:
            yield Change(EditKind.CHANGE_QUANTITY, line_id=line.pk, quantity=counts[line.pk])
    if values.get("sku"):
        units = values["quantity"] or 1
        yield Change(
            EditKind.ADD_LINE, sku=values["sku"], quantity=units, unit_price=values["unit_price"]
        )
    to = {name: values[f"to_{name}"] for name in ADDRESS}
    if any(value != getattr(order.ship_to, name) for name, value in to.items()):
        address = AddressData(country=order.ship_to.country, **to)
        yield Change(EditKind.CHANGE_ADDRESS, address=address)
    if values.get("amount"):
        yield Change(EditKind.ADJUST_TOTAL, amount=Decimal(values["amount"]))


def draft(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Draft an edit of one order and go to it: nothing is changed before it is committed."""
    command = EditOrder(order.pk, list(changes(order, values)), values["reason"])
    drafted = draft_edits([command], now=now, reason=values["reason"])
    if drafted.refused:
        raise BlockedError(drafted.refused[0])
    return reverse("admin:orders_orderedit_change", args=[drafted.created[0]])


dialog(
    "orders.order",
    Dialog(
        "edit",
        gettext_lazy("Draft an edit…"),
        "orders.edit_order",
        form=EditForm,
        act=draft,
        reasons=lambda order: ORDER.reasons(order.pk, "edit"),
    ),
)


@panel("orders.orderedit", gettext_lazy("What follows"))
def what_follows(edit: OrderEdit, request: HttpRequest) -> str:
    """Show what committing an edit does beyond the order itself."""
    if edit.status not in (EditStatus.DRAFT, EditStatus.PROPOSED):
        return ""
    lines = effects("orders.orderedit", "commit", [edit.pk], timezone.now())
    items = format_html_join("", "<li>{}</li>", ((line,) for line in lines))
    return format_html("<ul>{}</ul>", items) if lines else ""


class OrderEditLineInline(ReadOnlyInline):
    model = OrderEditLine
    fields = ("kind", "line", "sku", "quantity", "unit_price", "tax_rate", "amount", "address")
    readonly_fields = fields
    ordering = ("position",)


@admin.register(OrderEdit)
class OrderEditAdmin(DocumentAdmin):
    why_no_import = gettext_lazy("Edits are made on the order's page.")
    machine = ORDER_EDIT
    verbs = {"commit": commit_edits, "propose": propose_edits, "cancel": cancel_edits}
    list_display = (
        "number",
        "order",
        badge("status", COLOURS),
        money("total_before", gettext_lazy("total before")),
        money("total_after", gettext_lazy("total after")),
        "note",
        "created_by",
        "created_at",
    )
    list_select_related = ("order", "created_by")
    search_fields = ("number__exact", "order__order_number__exact")
    inlines = (OrderEditLineInline,)
    fields = (
        *("order", "note", "total_before", "total_after", "tax_before", "tax_after"),
        *("created_by", "created_at", "committed_at", "modified_by", "updated_at"),
    )
