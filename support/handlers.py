"""What support does when something happened below or to itself."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from backoffice.core.events import on
from backoffice.core.models import Event
from support.inbox import FORM, MAIL
from support.models import Ticket
from support.services.assignment import assign_tickets
from support.services.exceptions import note_resolved_exceptions, open_exception_tickets
from support.services.notices import (
    acknowledge_tickets,
    order_occasions,
    parcel_occasions,
    refund_occasions,
    tell_customers,
)
from support.services.surveys import send_surveys


@on("order.confirmed", "order.delivered")
def tell_about_orders(events: Sequence[Event], *, now: datetime) -> None:
    """Tell customers that their order was confirmed or has arrived."""
    tell_customers([o for e in events for o in order_occasions([e], e.kind)], now=now)


@on("parcel.shipped")
def tell_about_parcels(events: Sequence[Event], *, now: datetime) -> None:
    """Tell customers that a parcel is on its way."""
    tell_customers(parcel_occasions(events, "parcel.shipped"), now=now)


@on("refund.succeeded")
def tell_about_refunds(events: Sequence[Event], *, now: datetime) -> None:
    """Tell customers that their money went back."""
    tell_customers(refund_occasions(events, "refund.succeeded"), now=now)


@on("delivery_exception.opened")
def open_tickets_for_exceptions(events: Sequence[Event], *, now: datetime) -> None:
    """Open a ticket for each delivery exception and tell the customer where it concerns them."""
    open_exception_tickets([e.subject_id for e in events], now=now)


@on("delivery_exception.resolved")
def note_on_tickets(events: Sequence[Event], *, now: datetime) -> None:
    """Tell the agent that a delivery exception is over."""
    note_resolved_exceptions([e.subject_id for e in events], now=now)


@on("ticket.opened")
def take_up_tickets(events: Sequence[Event], *, now: datetime) -> None:
    """Acknowledge what customers sent and look for an agent."""
    written = [e.subject_id for e in events if e.data.get("source") in (MAIL, FORM)]
    if written:
        acknowledge_tickets(written, now=now)
    live = Ticket.objects.filter(
        pk__any=[e.subject_id for e in events], assignee=None, origin__in=["LIVE", "DEMO"]
    )
    assign_tickets(sorted(live.values_list("pk", flat=True)), now=now)


@on("ticket.solved", "ticket.replied", "ticket.unassigned")
def give_next_tickets(events: Sequence[Event], *, now: datetime) -> None:
    """Give waiting tickets to agents who have room again."""
    assign_tickets(now=now)


@on("ticket.solved")
def ask_customers(events: Sequence[Event], *, now: datetime) -> None:
    """Ask how it went; nobody is asked about what was imported."""
    live = [e.subject_id for e in events if e.origin != "IMPORT"]
    if live:
        send_surveys(live, now=now, link=f"{settings.PUBLIC_URL}/survey/")
