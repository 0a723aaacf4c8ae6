"""What an order's page asks for in money: a refund."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.money import Money
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm
from finance.choices import RefundKind
from finance.models import RefundPolicy
from finance.selectors.refunds import owed_back
from finance.services.commands import OpenRefund
from finance.services.refunds import open_refunds
from orders.models import Order

BY_HAND = (RefundKind.LINE, RefundKind.SHIPPING, RefundKind.GOODWILL, RefundKind.OVERPAYMENT)


class RefundForm(DocumentForm):
    """How much goes back, and what for."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What for"), choices=[(k, k.label) for k in BY_HAND]
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=0, max_digits=20, decimal_places=4
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def prepare(self, document: Order) -> None:
        left = sum((owed.amount for owed in owed_back([document.pk])), Decimal(0))
        words = {"left": Money(left, document.currency)}
        self.fields["amount"].help_text = _("At most %(left)s are left.") % words

    @property
    def preview(self) -> list[str]:
        """Say from which amount on a second person is asked."""
        policy = RefundPolicy.objects.filter(currency=self.document.currency, is_active=True)
        limit = policy.values_list("approval_above", flat=True).first()
        if limit is None:
            return [_("Somebody else has to approve it.")]
        words = {"limit": Money(limit, self.document.currency)}
        return [_("Above %(limit)s somebody else has to approve it.") % words]


def refund(order: Order, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Open a refund for one order and go to it."""
    command = OpenRefund(
        order.pk, values["kind"], values["amount"], values["reason"], key=f"staff-{key}"
    )
    opened = open_refunds([command], now=now)
    if opened.refused:
        raise BlockedError(opened.refused[0])
    pk = (opened.created.get(0) or opened.existing[0])[0]
    return reverse("admin:finance_refund_change", args=[pk])


def nothing_left(order: Order) -> list[Text]:
    """Say why no money can go back."""
    if owed_back([order.pk]):
        return []
    return [_("No money of this order is left to give back.")]


dialog(
    "orders.order",
    Dialog(
        "refund",
        gettext_lazy("Refund…"),
        "finance.open_refund",
        form=RefundForm,
        act=refund,
        reasons=nothing_left,
    ),
)
