"""What erasing a customer blanks in support."""

from backoffice.core.extensions import eraser
from backoffice.core.sql import execute


@eraser("orders.customer")
def erase_customer(customer_id: int) -> dict[str, int]:
    """Blank what a customer wrote, and the subjects of their tickets; scores stay."""
    messages = execute(
        "UPDATE support_message m SET body = '' FROM support_ticket t"
        " WHERE t.id = m.ticket_id AND t.customer_id = %s RETURNING m.id",
        [customer_id],
    )
    tickets = execute(
        "UPDATE support_ticket SET subject = '', requester_email = '' WHERE customer_id = %s"
        " RETURNING id",
        [customer_id],
    )
    surveys = execute(
        "UPDATE support_survey SET comment = '' WHERE customer_id = %s RETURNING id", [customer_id]
    )
    return {
        "support_message": len(messages),
        "support_ticket": len(tickets),
        "support_survey": len(surveys),
    }
