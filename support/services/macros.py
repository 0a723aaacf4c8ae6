"""Replies by macro to many tickets, each in its language."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.states import Outcome
from support.selectors.macros import fill_macro
from support.services.commands import Reply
from support.services.conversation import reply_to_tickets
from support.services.lifecycle import solve_tickets


@service
def reply_by_macro(
    ticket_ids: Sequence[int], *, macro: str, now: datetime, reason: str = ""
) -> Outcome:
    """Answer customers with a macro; where it says so, the tickets are solved too."""
    filled = fill_macro(macro, ticket_ids)
    replies = [Reply(pk, filled[pk].body) for pk in ticket_ids if pk in filled]
    outcome = reply_to_tickets(replies, now=now, reason=reason)
    solve_tickets([pk for pk in outcome.moved if filled[pk].solves], now=now, reason=reason)
    outcome.block(
        [pk for pk in ticket_ids if pk not in filled],
        _("There is no such macro in the ticket's language."),
    )
    return outcome
