"""What a proposal's page asks for: another quantity, or to be left alone for a while."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, dialog
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm
from inventory.models import ReplenishmentProposal
from inventory.services.decisions import (
    Freeze,
    FreezeScope,
    change_quantities,
    freeze_proposals,
)
from inventory.states import PROPOSAL


class QuantityForm(DocumentForm):
    """How many to buy instead, and why."""

    quantity = forms.IntegerField(label=gettext_lazy("quantity"), min_value=1, max_value=10**9)
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def prepare(self, document: ReplenishmentProposal) -> None:
        item = document.supplier_item
        self.fields["quantity"].initial = document.quantity
        self.fields["quantity"].help_text = _(
            "At least %(minimum)s, in packs of %(pack)s; %(quantity)s are proposed."
        ) % {
            "minimum": item.minimum_quantity,
            "pack": item.pack_size,
            "quantity": document.quantity,
        }


class FreezeForm(DocumentForm):
    """What to leave alone, until when, and why."""

    scope = forms.ChoiceField(label=gettext_lazy("what"), choices=FreezeScope.choices)
    until = forms.DateField(
        label=gettext_lazy("until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: until somebody takes it back in the policy."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until is not None and until <= timezone.localdate():
            raise ValidationError(_("Choose a day that is still to come."))
        return until

    @property
    def preview(self) -> list[str]:
        return [_("This proposal is rejected.")]


def change(
    proposal: ReplenishmentProposal, values: Mapping[str, Any], *, now: datetime, key: str
) -> str:
    """Propose another quantity."""
    outcome = change_quantities(
        [proposal.pk], quantity=values["quantity"], now=now, reason=values["reason"]
    )
    return _done(proposal, outcome.blocked)


def freeze(
    proposal: ReplenishmentProposal, values: Mapping[str, Any], *, now: datetime, key: str
) -> str:
    """Leave its scope alone."""
    wanted = Freeze(values["scope"], values["until"])
    outcome = freeze_proposals([proposal.pk], freeze=wanted, now=now, reason=values["reason"])
    return _done(proposal, outcome.blocked)


def _done(proposal: ReplenishmentProposal, blocked: Mapping[int, Any]) -> str:
    if blocked:
        raise BlockedError(blocked[proposal.pk])
    return ""


dialog(
    "inventory.replenishmentproposal",
    Dialog(
        "change_quantity",
        gettext_lazy("Change the quantity…"),
        "inventory.approve_replenishmentproposal",
        form=QuantityForm,
        act=change,
        reasons=lambda proposal: PROPOSAL.reasons(proposal.pk, "change_quantity"),
    ),
)
dialog(
    "inventory.replenishmentproposal",
    Dialog(
        "freeze",
        gettext_lazy("Leave alone until…"),
        "inventory.change_replenishmentpolicy",
        form=FreezeForm,
        act=freeze,
        reasons=lambda proposal: PROPOSAL.reasons(proposal.pk, "reject"),
    ),
)
