"""What channels told us of their orders: what is wrong about it, and the buttons that mend it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, Text, dialog, panel
from backoffice.core.models import Address, InboundMessage
from backoffice.core.money import DIGITS
from backoffice.core.states import BlockedError
from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.display import badge
from backoffice.ui.forms import DocumentForm
from backoffice.ui.grid import grid
from orders.choices import COLOURS, Problem
from orders.models import ChannelOrder
from orders.selectors.told import difference, told_address
from orders.services.channel_corrections import (
    correct_channel_order,
    dismiss_channel_orders,
    leave_channel_orders,
    map_codes,
    reopen_channel_orders,
)
from orders.services.channel_intake import retry_channel_orders
from orders.services.channel_problems import explain
from orders.services.intake import ADDRESS_COLUMNS
from orders.states import CHANNEL_CHANGE, CHANNEL_ORDER


def _data(row: ChannelOrder, kind: str) -> Mapping[str, Any] | None:
    return next((p["data"] for p in row.problems if p["kind"] == kind), None)


def _lacks(kind: str, text: Text) -> Any:
    """Say why a button is not for this row."""

    def reasons(row: ChannelOrder) -> list[Text]:
        return [] if _data(row, kind) is not None else [text]

    return reasons


class MapForm(DocumentForm):
    """Which of our SKUs a channel's codes mean."""

    def prepare(self, document: ChannelOrder) -> None:
        for n, code in enumerate((_data(document, Problem.SKU) or {}).get("codes", [])):
            self.fields[f"code_{n}"] = forms.CharField(
                label=code, max_length=80, help_text=_("Our SKU")
            )


def map_them(row: ChannelOrder, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """List our SKUs under the channel's codes."""
    codes = (_data(row, Problem.SKU) or {}).get("codes", [])
    map_codes(
        row.channel_id, {code: values[f"code_{n}"].strip() for n, code in enumerate(codes)}, now=now
    )
    return ""


class AddressForm(DocumentForm):
    """Where the goods really go."""

    def prepare(self, document: ChannelOrder) -> None:
        told = told_address(document)
        for name in ADDRESS_COLUMNS:
            field: Any = Address._meta.get_field(name)
            self.fields[name] = forms.CharField(
                label=capfirst(field.verbose_name),
                max_length=field.max_length,
                required=name in ("country", "line1", "city"),
                initial=getattr(told, name, ""),
            )


def _correct(row: ChannelOrder, corrections: Mapping[str, Any], now: datetime) -> str:
    outcome = correct_channel_order(row.pk, corrections, now=now)
    if outcome.blocked:
        raise BlockedError(outcome.blocked[row.pk])
    return ""


def correct_address(
    row: ChannelOrder, values: Mapping[str, Any], *, now: datetime, key: str
) -> str:
    """Put the address of one order right."""
    address = {name: values[name].strip() for name in ADDRESS_COLUMNS}
    return _correct(row, {"ship_to": address | {"country": address["country"].upper()}}, now)


class TotalForm(DocumentForm):
    """Which of two totals counts."""

    def prepare(self, document: ChannelOrder) -> None:
        data = _data(document, Problem.TOTAL) or {}
        theirs = _("the channel's, %(total)s: the difference becomes a fee or a discount")
        ours = _("the sum of the lines, %(total)s")
        self.fields["total"] = forms.ChoiceField(
            label=_("Which total counts"),
            choices=[
                ("theirs", theirs % {"total": data.get("theirs")}),
                ("ours", ours % {"total": data.get("ours")}),
            ],
        )


def correct_total(row: ChannelOrder, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Say which total of one order counts."""
    return _correct(row, {"total": values["total"]}, now)


class CurrencyForm(DocumentForm):
    """In which currency the amounts are."""

    def prepare(self, document: ChannelOrder) -> None:
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"),
            choices=[(code, code) for code in sorted(DIGITS)],
            initial=document.channel.currency,
        )


def correct_currency(
    row: ChannelOrder, values: Mapping[str, Any], *, now: datetime, key: str
) -> str:
    """Say in which currency the amounts of one order are."""
    return _correct(row, {"currency": values["currency"]}, now)


for _name, _label, _kind, _form, _act, _none in (
    (
        "map",
        gettext_lazy("Map the codes…"),
        Problem.SKU,
        MapForm,
        map_them,
        gettext_lazy("All codes are known."),
    ),
    (
        "correct_address",
        gettext_lazy("Correct the address…"),
        Problem.ADDRESS,
        AddressForm,
        correct_address,
        gettext_lazy("The address is complete."),
    ),
    (
        "correct_total",
        gettext_lazy("Say which total counts…"),
        Problem.TOTAL,
        TotalForm,
        correct_total,
        gettext_lazy("The totals agree."),
    ),
    (
        "correct_currency",
        gettext_lazy("Set the currency…"),
        Problem.CURRENCY,
        CurrencyForm,
        correct_currency,
        gettext_lazy("The currency is known."),
    ),
):
    dialog(
        "orders.channelorder",
        Dialog(_name, _label, CHANNEL_CHANGE, form=_form, act=_act, reasons=_lacks(_kind, _none)),
    )


@panel("orders.channelorder", gettext_lazy("What is wrong"))
def problems_panel(row: ChannelOrder, request: HttpRequest) -> str:
    """Say what keeps a channel's order from being taken over, and what to do about it."""
    items = format_html_join("", "<li>{}</li>", ((explain(p),) for p in row.problems))
    if not items:
        return ""
    new = ""
    if _data(row, Problem.SKU) and request.user.has_perm("inventory.add_sku"):  # type: ignore[union-attr]
        url = reverse("admin:inventory_sku_add")
        new = format_html('<p><a href="{}">{}</a></p>', url, _("Create a SKU"))
    return format_html("<ul>{}</ul>{}", items, new)


@panel("orders.channelorder", gettext_lazy("Difference"))
def difference_panel(row: ChannelOrder, request: HttpRequest) -> str:
    """Show what the channel says now beside what the order has."""
    rows = difference(row)
    if rows is None:
        return ""
    head = (_("What"), _("The channel"), _("The order"))
    return grid(head, rows, _("The order is as the channel has it."))


@panel("orders.channelorder", gettext_lazy("Message"))
def message_panel(row: ChannelOrder, request: HttpRequest) -> str:
    """Show the newest message as it came."""
    if row.message_id is None or not request.user.has_perm("core.view_inboundmessage"):  # type: ignore[union-attr]
        return ""
    message = InboundMessage.objects.filter(pk=row.message_id).first()
    if message is None:
        return ""
    url = reverse("admin:core_inboundmessage_change", args=[message.pk])
    return format_html(
        '<p><a href="{}">{}</a></p><pre>{}</pre>', url, message, message.body[:20_000]
    )


def _explained(row: ChannelOrder) -> Iterator[str]:
    yield from (explain(p) for p in row.problems)


@admin.register(ChannelOrder)
class ChannelOrderAdmin(DocumentAdmin):
    tabs = (
        (gettext_lazy("To be put right"), "status=HELD"),
        (gettext_lazy("Could not follow"), "status=DIFFERS"),
    )
    machine = CHANNEL_ORDER
    verbs = {
        "retry": retry_channel_orders,
        "leave": leave_channel_orders,
        "dismiss": dismiss_channel_orders,
        "reopen": reopen_channel_orders,
    }
    list_display = (
        "number",
        "channel",
        "reference",
        "external_id",
        badge("status", COLOURS),
        "problem",
        "order",
        "version_at",
    )
    list_select_related = ("channel", "order")
    search_fields = ("number__exact", "external_id__exact", "reference__exact")
    search_help_text = gettext_lazy("Number, external id or reference")
    fields = (
        *("channel", "external_id", "reference", "order", "what_is_wrong"),
        *("version_at", "told_at", "paid_amount", "created_at", "updated_at"),
    )

    @admin.display(description=gettext_lazy("what is wrong"))
    def what_is_wrong(self, row: ChannelOrder) -> str:
        return " ".join(_explained(row)) or "–"
