"""What orders know about a customer, and what keeps a customer from being erased."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text, blocker
from backoffice.core.models import OutboundMessage
from backoffice.core.personal import personal_data
from orders.choices import OPEN
from orders.models import ChannelOrder, Customer, Hold, Note, Order, OrderEdit, OrderEditLine

CUSTOMER = "orders.customer"
STILL_OPEN = _("The customer has orders that are not finished.")
# What is still to be sent needs its words.
QUEUED = Q(status="QUEUED")


@blocker(CUSTOMER, "erase")
def keep_while_orders_are_open(customer_ids: list[int], verb: str) -> dict[int, list[Text]]:
    """Say which customers have orders that still need a name and an address."""
    needed = Order.objects.filter(customer_id__in=customer_ids, status__in=OPEN)
    return {i: [STILL_OPEN] for i in needed.values_list("customer_id", flat=True).distinct()}


def _messages(customer_id: int) -> QuerySet:
    orders = Order.objects.filter(customer_id=customer_id).values("pk")
    return OutboundMessage.objects.filter(order_id__in=orders)


personal_data(
    CUSTOMER,
    Customer,
    lambda pk: Customer.objects.filter(pk=pk),
    *("source", "external_id", "language", "country", "created_at"),
)
personal_data(
    CUSTOMER,
    Order,
    lambda pk: Order.objects.filter(customer_id=pk),
    *("order_number", "external_id", "placed_at", "status", "total_amount", "currency"),
)
personal_data(CUSTOMER, Hold, lambda pk: Hold.objects.filter(order__customer_id=pk), "placed_at")
personal_data(CUSTOMER, Note, lambda pk: Note.objects.filter(order__customer_id=pk), "written_at")
personal_data(
    CUSTOMER,
    OrderEdit,
    lambda pk: OrderEdit.objects.filter(order__customer_id=pk),
    *("number", "status", "created_at"),
)
personal_data(
    CUSTOMER, OrderEditLine, lambda pk: OrderEditLine.objects.filter(edit__order__customer_id=pk)
)
personal_data(
    CUSTOMER,
    ChannelOrder,
    lambda pk: ChannelOrder.objects.filter(order__customer_id=pk),
    *("number", "external_id", "created_at"),
)
personal_data(CUSTOMER, OutboundMessage, _messages, "created_at", "sent_at", kept=QUEUED)
