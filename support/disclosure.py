"""What support knows about a customer."""

from backoffice.core.extensions import Known, discloser
from support.models import Message, Survey, Ticket


@discloser("orders.customer")
def disclose_customer(customer_id: int) -> Known:
    """Return what a customer asked, what was written and how they scored."""
    tickets = Ticket.objects.filter(customer_id=customer_id).order_by("pk")
    messages = Message.objects.filter(ticket__customer_id=customer_id).order_by("pk")
    surveys = Survey.objects.filter(customer_id=customer_id).order_by("pk")
    return {
        "support_ticket": list(
            tickets.values("number", "subject", "requester_email", "opened_at", "status")
        ),
        "support_message": list(
            messages.values("ticket__number", "direction", "body", "written_at")
        ),
        "support_survey": list(surveys.values("number", "score", "comment", "created_at")),
    }
