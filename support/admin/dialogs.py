"""What a ticket's page asks for: its priority and its tags."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Dialog, dialog
from backoffice.core.states import BlockedError
from backoffice.ui.forms import DocumentForm
from backoffice.ui.tagging import tag_dialogs
from support.choices import Priority
from support.models import Ticket
from support.rules import ASSIGN
from support.services.marking import prioritise_tickets, tag_tickets, untag_tickets
from support.states import TICKET


class PriorityForm(DocumentForm):
    """How soon a ticket is to be answered and solved."""

    priority = forms.ChoiceField(choices=Priority.choices, label=_("priority"))

    def prepare(self, document: Ticket) -> None:
        self.initial["priority"] = document.priority


def prioritise(ticket: Ticket, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Set the priority of one ticket."""
    outcome = prioritise_tickets([ticket.pk], now=now, priority=values["priority"])
    if outcome.blocked:
        raise BlockedError(outcome.blocked[ticket.pk])
    return ""


dialog(
    "support.ticket",
    Dialog(
        "prioritise",
        _("Set the priority…"),
        ASSIGN,
        form=PriorityForm,
        act=prioritise,
        reasons=lambda ticket: TICKET.reasons(ticket.pk, "prioritise"),
    ),
)
tag_dialogs(TICKET, ASSIGN, tag_tickets, untag_tickets)
