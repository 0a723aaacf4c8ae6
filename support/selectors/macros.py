"""Macros, filled from the ticket they are used in."""

from collections.abc import Sequence
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
    macros = Macro.objects.filter(is_active=True, language=ticket.language).order_by("title", "pk")
    return [_filled(macro, ticket) for macro in macros]


def fill_macro(code: str, ticket_ids: Sequence[int]) -> dict[int, FilledMacro]:
    """Return a macro for each ticket whose language has it."""
    by_language = {m.language: m for m in Macro.objects.filter(is_active=True, code=code)}
    tickets = Ticket.objects.filter(pk__any=list(ticket_ids)).select_related("order", "customer")
    return {
        ticket.pk: _filled(by_language[ticket.language], ticket)
        for ticket in tickets
        if ticket.language in by_language
    }


def _filled(macro: Macro, ticket: Ticket) -> FilledMacro:
    values = {
        "number": ticket.number,
        "order": ticket.order.order_number if ticket.order else "",
        "name": ticket.customer.name if ticket.customer else "",
        "subject": ticket.subject,
    }
    body = Template(macro.body).safe_substitute(values)
    return FilledMacro(macro.code, macro.title, body, macro.solves)
