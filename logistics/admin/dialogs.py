"""What a parcel's page asks for: the tracking number that no label brought."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Dialog, dialog
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm
from logistics.models import Parcel
from logistics.services.numbers import LONGEST, enter_number
from logistics.states import PARCEL


class NumberForm(DocumentForm):
    """The tracking number that the carrier gave a parcel."""

    tracking_number = forms.CharField(label=_("Tracking number"), max_length=LONGEST)

    def prepare(self, document: Parcel) -> None:
        self.fields["tracking_number"].initial = document.tracking_number


def enter(parcel: Parcel, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Give one parcel its number."""
    outcome = enter_number([parcel.pk], tracking_number=values["tracking_number"], now=now)
    if outcome.blocked:
        raise BlockedError(outcome.blocked[parcel.pk])
    return ""


dialog(
    "logistics.parcel",
    Dialog(
        "enter_number",
        _("Enter the tracking number…"),
        "logistics.pack_shipment",
        form=NumberForm,
        act=enter,
        reasons=lambda parcel: PARCEL.reasons(parcel.pk, "enter_number"),
    ),
)
