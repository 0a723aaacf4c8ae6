"""Which tickets are within a warehouse or a seller: those of their orders."""

from backoffice.core.scope import everything, scope
from orders.selectors.scope import of_order
from support.models import BusinessCalendar, Macro, Queue, SlaPolicy, Survey, Ticket

scope(Ticket, Survey, **of_order("order"))
scope(Queue, BusinessCalendar, SlaPolicy, Macro, warehouse=everything, seller=everything)
