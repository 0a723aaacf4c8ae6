"""Macros, filled from the ticket they are used in."""

from dataclasses import dataclass
from string import Template

from support.models import Macro, Ticket


@dataclass(frozen=True, slots=True)
class FilledMacro:
    """A macro ready to be edited and sent."""

    code: str
    title: str
    body: str
    solves: bool


def filled_macros(ticket: Ticket) -> list[FilledMacro]:
    """Return the macros of a ticket's language, with the names that stand for its values."""
    values = {
        "number": ticket.number,
        "order": ticket.order.order_number if ticket.order else "",
        "name": ticket.customer.name if ticket.customer else "",
        "subject": ticket.subject,
    }
    macros = Macro.objects.filter(is_active=True, language=ticket.language).order_by("title", "pk")
    return [
        FilledMacro(m.code, m.title, Template(m.body).safe_substitute(values), m.solves)
        for m in macros
    ]
