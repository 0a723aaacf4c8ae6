"""What support adds to the pages of lower documents."""

from dataclasses import asdict
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import panel
from backoffice.ui.display import badge_html
from backoffice.ui.grid import grid, link
from support.choices import COLOURS, Direction
from support.models import Ticket
from support.selectors.threads import thread

SHOWN = 20


def _list(tickets: Any) -> str:
    rows = [
        (
            link(t),
            t.subject,
            badge_html(t.status, t.get_status_display(), COLOURS),
            t.get_priority_display(),
            t.assignee or "–",
        )
        for t in tickets.select_related("assignee").order_by("-id")[:SHOWN]
    ]
    head = (_("Ticket"), _("Subject"), _("Status"), _("Priority"), _("Agent"))
    return grid(head, rows, _("There is no ticket."))


@panel("orders.order", gettext_lazy("Tickets"))
def order_tickets(document: Any, request: Any) -> str:
    """Show the tickets of an order to those who may see tickets."""
    if not request.user.has_perm("support.view_ticket"):
        return ""
    return _list(Ticket.objects.filter(order_id=document.pk))


@panel("logistics.deliveryexception", gettext_lazy("Tickets"))
def exception_tickets(document: Any, request: Any) -> str:
    """Show the ticket about a delivery exception."""
    if not request.user.has_perm("support.view_ticket"):
        return ""
    return _list(Ticket.objects.filter(for_type="logistics.deliveryexception", for_id=document.pk))


@panel("support.ticket", gettext_lazy("Conversation"))
def conversation(document: Any, request: Any) -> str:
    """Show what was written in a ticket."""
    entries = [
        asdict(e) | {"badge": badge_html(e.direction, Direction(e.direction).label, COLOURS)}
        for e in thread(document)
    ]
    return render_to_string("support/conversation.html", {"entries": entries})
