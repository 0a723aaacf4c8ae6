"""The ticket's way: solve, reopen, close, and the clock that runs on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import per_row
from backoffice.core.states import Outcome
from support.models import Ticket
from support.services.assignment import assign_tickets
from support.services.clocks import Level, read_levels
from support.states import TICKET

CHUNK = 500


@service
def solve_tickets(ticket_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Solve tickets."""
    outcome = TICKET.check(ticket_ids, "solve")
    TICKET.move(outcome.moved, "solve", values={"waiting_since": None})
    return outcome


@service
def reopen_tickets(ticket_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Open solved tickets again; the last agent gets them back where they have room."""
    outcome = TICKET.check(ticket_ids, "reopen")
    dues = prolonged_dues(outcome.moved, paused="solved_at", now=now)
    TICKET.move(
        outcome.moved,
        "reopen",
        values={
            "assignee_id": None,
            "solved_at": None,
            "reopened_count": F("reopened_count") + 1,
            **dues,
        },
    )
    assign_tickets(outcome.moved, now=now)
    return outcome


@service
def resume_tickets(ticket_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Let the clock of tickets run again whose customers have answered."""
    outcome = TICKET.check(ticket_ids, "resume")
    dues = prolonged_dues(outcome.moved, paused="waiting_since", now=now)
    TICKET.move(
        outcome.moved,
        "resume",
        values={"assignee_id": None, "waiting_since": None, **dues},
    )
    assign_tickets(outcome.moved, now=now)
    return outcome


def prolonged_dues(ticket_ids: Sequence[int], *, paused: str, now: datetime) -> dict[str, object]:
    """Return the solution times of tickets after a pause that began at a column's instant."""
    if not ticket_ids:
        return {}
    levels = read_levels()
    rows = Ticket.objects.filter(pk__any=ticket_ids)
    dues = {
        pk: levels.get(priority, Level()).prolonged(due, since, now)
        for pk, priority, due, since in rows.values_list(
            "pk", "priority", "solution_due_at", paused
        )
    }
    return {"solution_due_at": per_row(Ticket, "solution_due_at", dues)}


@service
def close_tickets(ticket_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Close solved tickets for good; what the customer writes later is a new ticket."""
    return TICKET.apply(ticket_ids, "close", skip_locked=True)


@service
def close_solved_tickets(*, now: datetime) -> Outcome:
    """Close what has been solved for as many days as its queue says."""
    due = Ticket.objects.filter(
        status="SOLVED",
        origin__in=["LIVE", "DEMO"],
        solved_at__lt=now - F("queue__close_after_days") * timedelta(days=1),
    )
    ids = list(due.order_by("solved_at", "pk").values_list("pk", flat=True)[:CHUNK])
    locked = lock(Ticket, ids, skip_locked=True)
    # Reopened meanwhile, or solved anew: read again under the lock.
    still = due.filter(pk__any=locked).values_list("pk", flat=True)
    return close_tickets(sorted(still), now=now, reason=gettext_noop("solved for long enough"))
