"""When customers are told what: one message per occasion, in their language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backoffice.core.actor import service
from backoffice.core.models import Event
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.sql import execute
from finance.models import Refund
from logistics.models import Parcel
from support.choices import base_language
from support.services.conversation import TEMPLATE as REPLY
from support.services.conversation import read_envelopes
from support.tokens import token_of

ACKNOWLEDGEMENT = "ticket.received"
TICKETS_PER_SENDER_AND_HOUR = 3


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that the customer of an order is told about, once per key."""

    key: str
    template: str
    order_id: int
    values: tuple[tuple[str, str], ...] = ()
    ticket_id: int | None = None


def order_occasions(events: Sequence[Event], template: str) -> list[Occasion]:
    """Return the occasions of orders that events tell of; one per order and template."""
    return [
        Occasion(f"{template}:{e.order_id}", template, e.order_id) for e in events if e.order_id
    ]


def parcel_occasions(events: Sequence[Event], template: str) -> list[Occasion]:
    """Return the occasions of parcels, with their tracking numbers."""
    parcels = Parcel.objects.filter(pk__any=[e.subject_id for e in events])
    carriers = {
        pk: (tracking, carrier)
        for pk, tracking, carrier in parcels.values_list(
            "pk", "tracking_number", "account__carrier__name"
        )
    }
    return [
        Occasion(
            f"{template}:{e.subject_id}",
            template,
            e.order_id,
            (
                ("tracking_number", carriers[e.subject_id][0] or "–"),
                ("carrier", carriers[e.subject_id][1]),
            ),
        )
        for e in events
        if e.order_id and e.subject_id in carriers
    ]


def refund_occasions(events: Sequence[Event], template: str) -> list[Occasion]:
    """Return the occasions of refunds, with their amounts."""
    refunds = Refund.objects.filter(pk__any=[e.subject_id for e in events])
    amounts = {
        pk: f"{amount:.2f} {currency}"
        for pk, amount, currency in refunds.values_list("pk", "amount", "currency")
    }
    return [
        Occasion(
            f"{template}:{e.subject_id}", template, e.order_id, (("amount", amounts[e.subject_id]),)
        )
        for e in events
        if e.order_id and e.subject_id in amounts
    ]


@service
def tell_customers(occasions: Iterable[Occasion], *, now: datetime) -> list[int]:
    """Queue the messages of occasions; a ticket's obey its daily limit."""
    asked = list(occasions)
    allowed = _within_limit([o.ticket_id for o in asked if o.ticket_id], now)
    orders = {
        pk: rest
        for pk, *rest in execute(
            "SELECT o.id, o.order_number, o.promised_on, c.name, c.email, c.language"
            " FROM orders_order o JOIN orders_customer c ON c.id = o.customer_id"
            " WHERE o.id = ANY(%s)",
            [[o.order_id for o in asked]],
        )
    }
    messages = []
    for occasion in asked:
        if occasion.ticket_id is not None and occasion.ticket_id not in allowed:
            continue
        number, promised_on, name, email, language = orders[occasion.order_id]
        about = ("orders.order", occasion.order_id)
        if occasion.ticket_id is not None:
            about = ("support.ticket", occasion.ticket_id)
        messages.append(
            WriteMessage(
                dedupe_key=occasion.key,
                recipient=email,
                template=occasion.template,
                language=base_language(language),
                values={
                    "order": number,
                    "name": name,
                    "promised_on": promised_on or "–",
                    **dict(occasion.values),
                },
                for_type=about[0],
                for_id=about[1],
                order_id=occasion.order_id,
            )
        )
    return queue_messages(messages, now=now)


@service
def acknowledge_tickets(ticket_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Tell customers that their message arrived; not those who open tickets by the minute."""
    allowed = _within_limit(ticket_ids, now)
    quiet = {
        pk
        for (pk,) in execute(
            "SELECT t.id FROM support_ticket t WHERE t.id = ANY(%s) AND t.requester_email <> ''"
            " AND (SELECT count(*) FROM support_ticket o WHERE o.requester_email ="
            " t.requester_email AND o.requester_email <> '' AND o.opened_at > t.opened_at - %s"
            " AND o.opened_at <= t.opened_at) <= %s",
            [list(ticket_ids), timedelta(hours=1), TICKETS_PER_SENDER_AND_HOUR],
        )
    }
    envelopes = read_envelopes(sorted(allowed & quiet))
    return queue_messages(
        [
            WriteMessage(
                dedupe_key=f"{ACKNOWLEDGEMENT}:{pk}",
                recipient=envelope.address,
                template=ACKNOWLEDGEMENT,
                language=envelope.language,
                values={
                    "number": envelope.number,
                    "token": token_of(envelope.number),
                    "subject": envelope.subject,
                },
                for_type="support.ticket",
                for_id=pk,
            )
            for pk, envelope in sorted(envelopes.items())
        ],
        now=now,
    )


def _within_limit(ticket_ids: Sequence[int], now: datetime) -> set[int]:
    """Return the tickets that may get another automatic message today."""
    rows = execute(
        "SELECT t.id FROM support_ticket t JOIN support_queue q ON q.id = t.queue_id"
        " WHERE t.id = ANY(%(ids)s) AND (SELECT count(*) FROM core_outboundmessage m"
        " WHERE m.for_type = 'support.ticket' AND m.for_id = t.id AND m.template_key <> %(reply)s"
        " AND m.created_at > %(since)s) < q.automatic_messages_per_day",
        {"ids": list(ticket_ids), "reply": REPLY, "since": now - timedelta(days=1)},
    )
    return {pk for (pk,) in rows}
