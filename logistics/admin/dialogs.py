"""What a parcel's page asks for: the tracking number that no label brought, and what went wrong."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm
from logistics.choices import ExceptionKind
from logistics.models import Parcel
from logistics.services.exceptions import report_parcels
from logistics.services.numbers import LONGEST, enter_number
from logistics.states import GIVABLE, PARCEL

# Not what only a scan can tell.
REPORTED = [(k, k.label) for k in ExceptionKind if k != ExceptionKind.ARRIVED_ANYWAY]


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


class ProblemForm(DocumentForm):
    """What happened to a parcel that its carrier does not tell."""

    kind = forms.ChoiceField(label=_("What happened"), choices=REPORTED)
    detail = forms.CharField(label=_("Detail"), max_length=300, required=False)


def report(parcel: Parcel, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Open a delivery exception of one parcel."""
    outcome = report_parcels([parcel.pk], kind=values["kind"], detail=values["detail"], now=now)
    if outcome.blocked:
        raise BlockedError(outcome.blocked[parcel.pk])
    return ""


def not_on_its_way(parcel: Parcel) -> list[Text]:
    """Say why nothing can have happened to a parcel on its way."""
    return [] if parcel.status in GIVABLE else [_("It is not on its way.")]


dialog(
    "logistics.parcel",
    Dialog(
        "report",
        _("Report a problem…"),
        "logistics.change_deliveryexception",
        form=ProblemForm,
        act=report,
        reasons=not_on_its_way,
    ),
)
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
