"""Tickets about delivery exceptions."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from backoffice.core.actor import service
from logistics.choices import ExceptionKind
from logistics.models import DeliveryException
from support.choices import Priority, Skill, base_language
from support.models import Ticket
from support.services.commands import Opened, OpenTicket, WriteNote
from support.services.conversation import add_notes
from support.services.notices import Occasion, tell_customers
from support.services.opening import open_tickets
from support.tokens import token_of

FOR_TYPE = "logistics.deliveryexception"
PRIORITIES = {
    ExceptionKind.LOST: Priority.URGENT,
    ExceptionKind.DAMAGED: Priority.HIGH,
    ExceptionKind.ADDRESS: Priority.HIGH,
    ExceptionKind.RETURNING: Priority.HIGH,
    ExceptionKind.LATE: Priority.LOW,
    ExceptionKind.NO_FIRST_SCAN: Priority.LOW,
}
# What the warehouse and the carrier clear up between themselves is not told.
INTERNAL = (ExceptionKind.NO_FIRST_SCAN, ExceptionKind.STUCK)
LOCALES = {"en": "en", "zh": "zh-hans"}
TEXT = "%(kind)s: parcel %(parcel)s, tracking number %(tracking)s. %(detail)s"


def _label(kind: str, language: str) -> str:
    with override(LOCALES[language]):
        return str(ExceptionKind(kind).label)


@service
def open_exception_tickets(exception_ids: Sequence[int], *, now: datetime) -> Opened:
    """Open a ticket for each unresolved exception and tell the customer where it concerns them."""
    unresolved = DeliveryException.objects.filter(pk__any=exception_ids).exclude(status="RESOLVED")
    rows = list(unresolved.select_related("parcel", "order__customer").order_by("pk"))
    opened = open_tickets([_ticket(row) for row in rows], now=now)
    numbers = dict(
        Ticket.objects.filter(pk__any=list(opened.created.values())).values_list("pk", "number")
    )
    occasions = []
    for n, ticket_id in opened.created.items():
        row = rows[n]
        if row.kind in INTERNAL:
            continue
        late = row.kind == ExceptionKind.LATE
        language = base_language(row.order.customer.language)
        values = {
            "problem": _label(row.kind, language),
            "number": numbers[ticket_id],
            "token": token_of(numbers[ticket_id]),
        }
        occasions.append(
            Occasion(
                f"delivery_exception:{row.pk}",
                "order.delayed" if late else "delivery.problem",
                row.order_id,
                tuple(values.items()),
                ticket_id,
            )
        )
    tell_customers(occasions, now=now)
    return opened


def _ticket(row: DeliveryException) -> OpenTicket:
    kind = ExceptionKind(row.kind)
    number = row.order.order_number
    return OpenTicket(
        subject=_("%(kind)s: order %(order)s") % {"kind": kind.label, "order": number},
        body=_(TEXT)
        % {
            "kind": kind.label,
            "parcel": row.parcel.number,
            "tracking": row.parcel.tracking_number or "–",
            "detail": row.detail,
        },
        priority=PRIORITIES.get(kind, Priority.NORMAL),
        skill=Skill.DELIVERY,
        language=base_language(row.order.customer.language),
        order_id=row.order_id,
        customer_id=row.order.customer_id,
        for_type=FOR_TYPE,
        for_id=row.pk,
        opened_at=row.opened_at,
    )


@service
def note_resolved_exceptions(exception_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Write into the open tickets of exceptions that these are over; return the tickets."""
    tickets = Ticket.objects.filter(
        for_type=FOR_TYPE, for_id__any=exception_ids, status__in=["NEW", "OPEN", "WAITING"]
    )
    ticket_of = dict(tickets.values_list("for_id", "pk"))
    resolved = DeliveryException.objects.filter(pk__any=list(ticket_of), status="RESOLVED")
    notes = [
        WriteNote(
            ticket_of[row.pk],
            _("The delivery exception is over: %(why)s") % {"why": row.resolution or "–"},
        )
        for row in resolved.order_by("pk")
    ]
    return add_notes(notes, now=now).moved if notes else []
