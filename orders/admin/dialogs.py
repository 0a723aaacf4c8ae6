"""What an order's page asks for: a hold with its term, a note, a return; what came back of one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm, LocalDateTimeField, numbered
from backoffice.ui.tagging import tag_dialogs
from orders.choices import HoldReason, ReturnReason
from orders.models import Order, OrderLine, Return
from orders.rules import CHANGE, priority_field
from orders.selectors.returns import returnable_units
from orders.services.holds import accept_addresses, place_holds, write_notes
from orders.services.marking import prioritise_orders, tag_orders, untag_orders
from orders.services.returns import (
    ReceivedLine,
    RequestedLine,
    RequestReturn,
    receive_returns,
    request_returns,
)
from orders.states import ORDER, RETURN


class HoldForm(DocumentForm):
    """Why an order is to wait, and until when."""

    hold = forms.ChoiceField(label=gettext_lazy("Reason"), choices=HoldReason.choices)
    until = LocalDateTimeField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Empty: until somebody releases it."),
    )
    reason = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)


def hold(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Hold one order."""
    outcome = place_holds(
        [order.pk], now=now, hold=values["hold"], until=values["until"], reason=values["reason"]
    )
    if outcome.blocked:
        raise BlockedError(outcome.blocked[order.pk])
    return ""


class AcceptForm(DocumentForm):
    """Why a doubted address is right as it is."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    @property
    def preview(self) -> list[str]:
        return [str(self.document.ship_to)]


def accept_address(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Release the holds of one order's address."""
    outcome = accept_addresses([order.pk], now=now, reason=values["reason"])
    if outcome.blocked:
        raise BlockedError(outcome.blocked[order.pk])
    return ""


class NoteForm(DocumentForm):
    """What colleagues should know about an order."""

    text = forms.CharField(
        label=gettext_lazy("Note"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


def note(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Write a note on one order."""
    write_notes([order.pk], now=now, text=values["text"])
    return ""


class PriorityForm(DocumentForm):
    """How soon an order gets stock and is picked."""

    def prepare(self, document: Order) -> None:
        self.fields["priority"] = priority_field()
        self.initial["priority"] = document.priority


def prioritise(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Set the priority of one order."""
    outcome = prioritise_orders([order.pk], now=now, priority=values["priority"])
    if outcome.blocked:
        raise BlockedError(outcome.blocked[order.pk])
    return ""


class ReturnForm(DocumentForm):
    """Which delivered units come back."""

    why = forms.ChoiceField(label=gettext_lazy("Reason"), choices=ReturnReason.choices)

    def prepare(self, document: Order) -> None:
        left = returnable_units(document.pk)
        for line in OrderLine.objects.filter(pk__in=left).select_related("sku").order_by("pk"):
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.sku} · {line.description}".rstrip(" ·"),
                required=False,
                min_value=0,
                max_value=left[line.pk],
                initial=0,
                help_text=_("delivered and not yet returned: %(n)s") % {"n": left[line.pk]},
            )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors and not any(units for _pk, units in numbered(values, "line")):
            raise forms.ValidationError(_("Say of at least one line how many units come back."))
        return values


def request_return(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Open a return for one order and go to it."""
    lines = [
        RequestedLine(line_id, units, values["why"])
        for line_id, units in numbered(values, "line")
        if units
    ]
    result = request_returns([RequestReturn(order.pk, lines, f"staff-{key}")], now=now)
    if result.refused:
        raise BlockedError(result.refused[0])
    pk = result.created.get(0) or result.existing[0]
    return reverse("admin:orders_return_change", args=[pk])


def nothing_to_return(order: Order) -> list[Text]:
    """Say why no return can be opened."""
    if returnable_units(order.pk):
        return []
    return [_("No delivered unit is left to return.")]


class ReceiveForm(DocumentForm):
    """What came back, by line and condition."""

    reason = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def prepare(self, document: Return) -> None:
        lines = document.lines.select_related("order_line__sku")  # type: ignore[attr-defined]
        for line in lines.order_by("pk"):
            text = f"{line.order_line.sku} · {line.get_reason_display()}"
            expected = _("expected: %(n)s") % {"n": line.quantity}
            for name, words, initial in (
                ("sellable", _("sellable: back to stock"), line.quantity),
                ("damaged", _("damaged: written off"), 0),
            ):
                self.fields[f"{name}_{line.pk}"] = forms.IntegerField(
                    label=f"{text}: {words}",
                    required=False,
                    min_value=0,
                    max_value=line.quantity,
                    initial=initial,
                    help_text=expected,
                )


def receive(goods: Return, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Take the goods of one return in."""
    damaged = dict(numbered(values, "damaged"))
    received = [
        ReceivedLine(line_id, sellable, damaged[line_id])
        for line_id, sellable in numbered(values, "sellable")
    ]
    try:
        outcome = receive_returns([goods.pk], now=now, received=received, reason=values["reason"])
    except ValueError as error:
        raise BlockedError([str(error)]) from error
    if outcome.blocked:
        raise BlockedError(outcome.blocked[goods.pk])
    return ""


def _dialog(document: str, name: str, label: Text, permission: str, **parts: Any) -> None:
    dialog(document, Dialog(name, label, permission, **parts))


_dialog(
    "orders.order",
    "hold",
    gettext_lazy("Hold…"),
    "orders.hold_order",
    form=HoldForm,
    act=hold,
    reasons=lambda order: ORDER.reasons(order.pk, "hold"),
)
_dialog(
    "orders.order",
    "accept_address",
    gettext_lazy("Accept the address…"),
    "orders.edit_order",
    form=AcceptForm,
    act=accept_address,
    reasons=lambda order: ORDER.reasons(order.pk, "accept_address"),
)
_dialog(
    "orders.order",
    "return",
    gettext_lazy("Open a return…"),
    "orders.add_return",
    form=ReturnForm,
    act=request_return,
    reasons=nothing_to_return,
)
_dialog(
    "orders.order",
    "note",
    gettext_lazy("Write a note…"),
    "orders.add_note",
    form=NoteForm,
    act=note,
    reasons=lambda order: [],
)
_dialog(
    "orders.order",
    "prioritise",
    gettext_lazy("Set the priority…"),
    CHANGE,
    form=PriorityForm,
    act=prioritise,
    reasons=lambda order: ORDER.reasons(order.pk, "prioritise"),
)
_dialog(
    "orders.return",
    "receive",
    gettext_lazy("Receive…"),
    "orders.change_return",
    form=ReceiveForm,
    act=receive,
    reasons=lambda goods: RETURN.reasons(goods.pk, "receive"),
)
tag_dialogs(ORDER, CHANGE, tag_orders, untag_orders)
