"""What support knows about a customer."""

from django.db.models import QuerySet

from backoffice.core.models import OutboundMessage
from backoffice.core.personal import personal_data
from orders.privacy import CUSTOMER, QUEUED
from support.models import Message, Survey, Ticket


def _mails(customer_id: int) -> QuerySet:
    tickets = Ticket.objects.filter(customer_id=customer_id).values("pk")
    about = OutboundMessage.objects.filter(for_type="support.ticket", for_id__in=tickets)
    # Those about an order are the order's.
    return about.filter(order_id=None)


personal_data(
    CUSTOMER,
    Ticket,
    lambda pk: Ticket.objects.filter(customer_id=pk),
    *("number", "opened_at", "status"),
)
personal_data(
    CUSTOMER,
    Message,
    lambda pk: Message.objects.filter(ticket__customer_id=pk),
    *("ticket__number", "direction", "written_at"),
)
personal_data(
    CUSTOMER,
    Survey,
    lambda pk: Survey.objects.filter(customer_id=pk),
    *("number", "score", "created_at"),
)
personal_data(CUSTOMER, OutboundMessage, _mails, "created_at", "sent_at", kept=QUEUED)
