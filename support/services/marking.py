"""Marks on tickets: tags, and the priority with what it promises."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import DateTimeField, Value
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.states import Outcome
from backoffice.core.tags import put_tag, take_tag
from support.models import Ticket
from support.services.clocks import Level, read_levels
from support.states import TICKET


@service
def tag_tickets(ticket_ids: Sequence[int], *, tag: str, now: datetime, reason: str = "") -> Outcome:
    """Put a tag on tickets."""
    return put_tag(TICKET, ticket_ids, tag)


@service
def untag_tickets(
    ticket_ids: Sequence[int], *, tag: str, now: datetime, reason: str = ""
) -> Outcome:
    """Take a tag off tickets."""
    return take_tag(TICKET, ticket_ids, tag)


@service
def prioritise_tickets(
    ticket_ids: Sequence[int], *, priority: str, now: datetime, reason: str = ""
) -> Outcome:
    """Set the priority of open tickets; a sooner promise counts from now, none is taken back."""
    outcome = TICKET.check(ticket_ids, "prioritise")
    same = Ticket.objects.filter(pk__any=outcome.moved, priority=priority)
    outcome.block(same.values_list("pk", flat=True), _("The ticket has this priority already."))
    due = read_levels().get(priority, Level()).due(now)
    first, solution = (
        Value(at, DateTimeField()) for at in (due.first_response_at, due.solution_at)
    )
    TICKET.move(
        outcome.moved,
        "prioritise",
        data=dict.fromkeys(outcome.moved, {"priority": priority}),
        values={
            "priority": priority,
            "first_response_due_at": Least("first_response_due_at", first),
            "solution_due_at": Least("solution_due_at", solution),
        },
    )
    return outcome
