"""What customers send: threaded into their ticket by its token, or a new ticket."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute, insert_rows
from orders.models import Customer, Order
from support.choices import Direction, TicketStatus, base_language
from support.models import Message, Ticket
from support.services.commands import OpenTicket, Received, ReceiveMessage
from support.services.lifecycle import reopen_tickets, resume_tickets
from support.services.opening import open_tickets
from support.states import TICKET
from support.tokens import ticket_number

MACHINE = "Machine mail that belongs to no ticket."
REPEATED = "The same message is in this batch already."


@service
def receive_messages(
    commands: Sequence[ReceiveMessage], *, now: datetime, reason: str = ""
) -> Received:
    """Put messages into their tickets; what belongs to none, or to a closed one, opens one.

    Machine mail never opens, resumes or reopens a ticket.
    """
    received = Received(known=_known(commands))
    fresh: dict[int, ReceiveMessage] = {}
    seen: set[tuple[str, str]] = set()
    for n, command in enumerate(commands):
        key = (command.source, command.external_id)
        if n in received.known:
            continue
        if key in seen:
            received.ignored[n] = REPEATED
            continue
        seen.add(key)
        fresh[n] = command
    tickets = _tickets(fresh)
    lock(Ticket, [ticket.pk for ticket in tickets.values()])
    statuses = dict(
        Ticket.objects.filter(pk__any=[t.pk for t in tickets.values()]).values_list("pk", "status")
    )
    opening: dict[int, ReceiveMessage] = {}
    for n, command in fresh.items():
        ticket = tickets.get(n)
        if ticket is not None and statuses[ticket.pk] != TicketStatus.CLOSED:
            received.threaded[n] = ticket.pk
        elif command.is_machine:
            received.ignored[n] = MACHINE
        else:
            opening[n] = command
    _thread({n: fresh[n] for n in received.threaded}, received.threaded, statuses, now)
    received.opened = _open(opening, tickets, now)
    return received


def _known(commands: Sequence[ReceiveMessage]) -> dict[int, int]:
    rows = execute(
        "SELECT k.n, m.ticket_id FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY"
        " AS k(source, external_id, n) JOIN support_message m ON m.source = k.source"
        " AND m.external_id = k.external_id WHERE m.external_id <> ''",
        [[c.source for c in commands], [c.external_id for c in commands]],
    )
    return {n - 1: ticket_id for n, ticket_id in rows}


def _tickets(commands: dict[int, ReceiveMessage]) -> dict[int, Ticket]:
    """Return the ticket that each message answers to, by signed token only."""
    numbers = {n: ticket_number(c.token or c.subject) for n, c in commands.items()}
    found = {
        t.number: t for t in Ticket.objects.filter(number__in=[v for v in numbers.values() if v])
    }
    return {n: found[number] for n, number in numbers.items() if number in found}


def _thread(
    commands: dict[int, ReceiveMessage],
    ticket_of: dict[int, int],
    statuses: dict[int, str],
    now: datetime,
) -> None:
    if not commands:
        return
    insert_rows(
        Message,
        {
            "ticket_id": [ticket_of[n] for n in commands],
            "body": [c.body for c in commands.values()],
            "is_automatic": [c.is_machine for c in commands.values()],
            "source": [c.source for c in commands.values()],
            "external_id": [c.external_id for c in commands.values()],
            "written_at": [c.received_at or now for c in commands.values()],
        },
        constants={"direction": Direction.IN, "author_id": None},
    )
    people = {ticket_of[n] for n, c in commands.items() if not c.is_machine}
    every = sorted({ticket_of[n] for n in commands})
    waiting = [i for i in every if i in people and statuses[i] == TicketStatus.WAITING]
    solved = [i for i in every if i in people and statuses[i] == TicketStatus.SOLVED]
    resume_tickets(waiting, now=now)
    reopen_tickets(solved, now=now, reason=gettext_noop("the customer wrote"))
    TICKET.tell(every, "receive")


def _open(
    commands: dict[int, ReceiveMessage], tickets: dict[int, Ticket], now: datetime
) -> dict[int, int]:
    if not commands:
        return {}
    orders = _orders(commands)
    customers = _customers(commands)
    wanted = []
    for n, c in commands.items():
        order, earlier = orders.get(n), tickets.get(n)
        customer_id = order.customer_id if order else customers.get(n)
        wanted.append(
            OpenTicket(
                subject=c.subject or c.body[:80],
                body=c.body,
                direction=Direction.IN,
                language=base_language(c.language) if c.language else _language(c.body),
                order_id=order.pk if order else earlier.order_id if earlier else None,
                customer_id=customer_id or (earlier.customer_id if earlier else None),
                skill=earlier.skill if earlier else "GENERAL",
                requester_email=c.sender,
                opened_at=c.received_at,
                source=c.source,
                external_id=c.external_id,
            )
        )
    opened = open_tickets(wanted, now=now)
    positions = list(commands)
    return {positions[n]: ticket_id for n, ticket_id in opened.created.items()}


def _orders(commands: dict[int, ReceiveMessage]) -> dict[int, Order]:
    """Return the orders that senders name; they have to be verified and the order's own."""
    named = {n: c for n, c in commands.items() if c.order_number and c.is_verified}
    orders = Order.objects.filter(order_number__in=[c.order_number for c in named.values()])
    found = {o.order_number: o for o in orders.select_related("customer")}
    return {
        n: found[c.order_number]
        for n, c in named.items()
        if c.order_number in found
        and found[c.order_number].customer.email.lower() == c.sender.lower()
    }


def _customers(commands: dict[int, ReceiveMessage]) -> dict[int, int]:
    """Return the customers of verified senders, the newest where several share an address."""
    senders = {c.sender.upper() for c in commands.values() if c.is_verified and c.sender}
    wanted = Q(pk__in=[])
    for sender in sorted(senders):
        wanted |= Q(email__iexact=sender)
    rows = Customer.objects.filter(wanted).order_by("pk").values_list("email", "pk")
    by_email = {email.upper(): pk for email, pk in rows}
    return {
        n: by_email[c.sender.upper()]
        for n, c in commands.items()
        if c.is_verified and c.sender.upper() in by_email
    }


def _language(text: str) -> str:
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
    return base_language("zh" if chinese * 5 > len(text) else "en")
