"""Which tickets keep orders from going on."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.core.extensions import Fix, Obstacle, obstacle
from support.choices import OPEN
from support.models import Ticket


@obstacle("orders.order")
def tickets_wait(ids: list[int], now: datetime) -> Mapping[int, list[Obstacle]]:
    """Name the open tickets of orders."""
    found: dict[int, list[Obstacle]] = {pk: [] for pk in ids}
    tickets = Ticket.objects.filter(order_id__any=ids, status__in=OPEN)
    for ticket in tickets.order_by("pk"):
        text = _("Ticket %(number)s is open: %(status)s.") % {
            "number": ticket.number,
            "status": ticket.get_status_display(),
        }
        fix = Fix(ticket.number, "support.ticket", ticket.pk)
        found[ticket.order_id or 0].append(Obstacle("TICKET", text, (fix,), ticket.opened_at))
    return found
