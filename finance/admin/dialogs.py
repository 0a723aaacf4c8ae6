"""What the pages of orders, returns and payments ask for in money: a refund."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.money import DIGITS, Money
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm, numbered
from finance.choices import RefundKind
from finance.models import RefundPolicy
from finance.selectors.refunds import owed_back, refundable_lines
from finance.services.commands import OpenRefund, RefundPart
from finance.services.refunds import open_refunds
from orders.models import Order, OrderLine, Return

BY_HAND = (RefundKind.LINE, RefundKind.SHIPPING, RefundKind.GOODWILL, RefundKind.OVERPAYMENT)


class RefundForm(DocumentForm):
    """How much of an order's money goes back, and what for; of lines, how many units."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What for"), choices=[(k, k.label) for k in BY_HAND]
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=0, max_digits=20, decimal_places=4, required=False
    )

    def prepare(self, document: Any) -> None:
        order = self.order = order_of(document)
        left = sum((owed.amount for owed in owed_back([order.pk])), Decimal(0))
        words = {"left": Money(left, order.currency)}
        self.fields["amount"].help_text = _("At most %(left)s are left.") % words
        self.lines = {item.line_id: item for item in refundable_lines(order.pk, order.currency)}
        came_back = units_back(document)
        for line in (
            OrderLine.objects.filter(pk__in=self.lines).select_related("sku").order_by("pk")
        ):
            item = self.lines[line.pk]
            each = Money(item.amount(1), order.currency)
            field = self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=f"{line.sku or line.get_kind_display()} · {line.description}".rstrip(" ·"),
                required=False,
                min_value=0,
                max_value=item.units,
                initial=min(came_back.get(line.pk, 0), item.units),
                help_text=_("units of at most %(n)s, each %(each)s with tax")
                % {"n": item.units, "each": each},
            )
            shown = {"data-left": f"{item.left:f}", "data-each": f"{item.each:f}"}
            field.widget.attrs |= shown | {"data-digits": DIGITS.get(order.currency, 2)}
        # Only why comes after what.
        self.fields["reason"] = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
        if not self.lines:
            self.fields["kind"].choices = [(k, k.label) for k in BY_HAND if k != RefundKind.LINE]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("kind") == RefundKind.LINE:
            values["parts"] = [
                RefundPart(pk, self.lines[pk].amount(units))
                for pk, units in numbered(values, "line")
                if units
            ]
            values["amount"] = None
            if not values["parts"] and not self.errors:
                raise forms.ValidationError(
                    _("Say of at least one line how many units are given back.")
                )
        elif values.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Say how much goes back."))
        return values

    @property
    def sum_of(self) -> str:
        """Return the currency in which the page adds the chosen lines up."""
        return self.order.currency if self.lines else ""

    @property
    def preview(self) -> list[str]:
        """Say from which amount on a second person is asked."""
        policy = RefundPolicy.objects.filter(currency=self.order.currency, is_active=True)
        limit = policy.values_list("approval_above", flat=True).first()
        if limit is None:
            return [_("Somebody else has to approve it.")]
        words = {"limit": Money(limit, self.order.currency)}
        return [_("Above %(limit)s somebody else has to approve it.") % words]


def order_of(document: Any) -> Order:
    """Return the order whose money a refund is asked for."""
    return document if isinstance(document, Order) else document.order


def units_back(document: Any) -> dict[int, int]:
    """Return how many units of each line a return brings, as they came or are announced."""
    if not isinstance(document, Return):
        return {}
    return {
        line.order_line_id: line.sellable + line.damaged or line.quantity
        for line in document.lines.all()  # type: ignore[attr-defined]
    }


def refund(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Open a refund for one order and go to it."""
    command = OpenRefund(
        order_of(document).pk,
        values["kind"],
        values["amount"],
        values["reason"],
        values.get("parts", ()),
        key=f"staff-{key}",
    )
    opened = open_refunds([command], now=now)
    if opened.refused:
        raise BlockedError(opened.refused[0])
    pk = (opened.created.get(0) or opened.existing[0])[0]
    return reverse("admin:finance_refund_change", args=[pk])


def nothing_left(document: Any) -> list[Text]:
    """Say why no money can go back."""
    if owed_back([order_of(document).pk]):
        return []
    return [_("No money of this order is left to give back.")]


for _document in ("orders.order", "orders.return", "finance.payment"):
    dialog(
        _document,
        Dialog(
            "refund",
            gettext_lazy("Refund…"),
            "finance.open_refund",
            form=RefundForm,
            act=refund,
            reasons=nothing_left,
        ),
    )
