"""What rules can do with tickets, and what may become of those they touch."""

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import User
from backoffice.core.rules import rule_action, rule_measure, tells_colleagues
from backoffice.core.states import Outcome
from backoffice.core.tags import tag_field
from support.choices import Priority
from support.models import AgentProfile, Macro
from support.services.assignment import assign_tickets, assign_to
from support.services.commands import WriteNote
from support.services.conversation import add_notes
from support.services.lifecycle import solve_tickets
from support.services.macros import reply_by_macro
from support.services.marking import prioritise_tickets, tag_tickets, untag_tickets

TICKET = "support.ticket"
ASSIGN, REPLY = "support.assign_ticket", "support.reply_ticket"


def _agent() -> forms.Field:
    profiles = AgentProfile.objects.filter(is_active=True)
    agents = User.objects.filter(is_active=True, pk__in=profiles.values("user"))
    return forms.ModelChoiceField(agents, to_field_name="username", label=_("agent"))


def _macro() -> forms.Field:
    macros = Macro.objects.filter(is_active=True).order_by("code", "language")
    return forms.ChoiceField(
        choices=lambda: dict(macros.values_list("code", "title")).items(),
        label=_("macro"),
        help_text=_("In the language of each ticket."),
    )


rule_action("tickets.assign", TICKET, _("Assign"), permission=ASSIGN)(assign_tickets)


@rule_action(
    "tickets.assign_to",
    TICKET,
    _("Assign to one agent"),
    permission=ASSIGN,
    parameters={"agent": _agent},
)
def assign(ticket_ids: Sequence[int], *, now: datetime, reason: str, agent: User) -> Outcome:
    """Give tickets to one agent, as far as they have room."""
    return assign_to(ticket_ids, agent=agent.pk, now=now, reason=reason)


rule_action(
    "tickets.prioritise",
    TICKET,
    _("Set the priority"),
    permission=ASSIGN,
    parameters={
        "priority": lambda: forms.ChoiceField(choices=Priority.choices, label=_("priority"))
    },
)(prioritise_tickets)
TAG = {"tag": tag_field}
rule_action("tickets.tag", TICKET, _("Tag"), permission=ASSIGN, parameters=TAG)(tag_tickets)
rule_action("tickets.untag", TICKET, _("Take a tag off"), permission=ASSIGN, parameters=TAG)(
    untag_tickets
)
rule_action(
    "tickets.reply",
    TICKET,
    _("Write to the customer by a macro"),
    permission=REPLY,
    parameters={"macro": _macro},
)(reply_by_macro)


@rule_action(
    "tickets.note",
    TICKET,
    _("Add a note"),
    permission=REPLY,
    parameters={"text": lambda: forms.CharField(max_length=1000, label=_("text"))},
)
def note(ticket_ids: Sequence[int], *, now: datetime, reason: str, text: str) -> Outcome:
    """Write a note in tickets, which no customer sees."""
    return add_notes([WriteNote(pk, text) for pk in ticket_ids], now=now, reason=reason)


rule_action("tickets.solve", TICKET, _("Solve"), permission="support.solve_ticket")(solve_tickets)
tells_colleagues("tickets.tell", TICKET)
tells_colleagues("surveys.tell", "support.survey")

rule_measure(TICKET, _("solved"), Q(solved_at__isnull=False))
rule_measure(TICKET, _("reopened"), Q(reopened_count__gt=0))
rule_measure(TICKET, _("solved too late"), Q(solution_breached_at__isnull=False))
