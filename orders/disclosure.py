"""What orders know about a customer."""

from backoffice.core.extensions import Known, discloser
from backoffice.core.models import Address, OutboundMessage
from orders.models import Customer, Order, OrderEditLine


@discloser("orders.customer")
def disclose_customer(customer_id: int) -> Known:
    """Return who a customer is, what they ordered, where it went and what was written to them."""
    orders = Order.objects.filter(customer_id=customer_id).order_by("pk")
    edits = OrderEditLine.objects.filter(edit__order__customer_id=customer_id)
    pairs = [*orders.values_list("ship_to", "bill_to")]
    pairs += edits.values_list("address", "address_before")
    places = {pk for pair in pairs for pk in pair}
    addresses = Address.objects.filter(pk__in=places)
    messages = OutboundMessage.objects.filter(order_id__in=orders.values("pk")).order_by("pk")
    return {
        "orders_customer": list(
            Customer.objects.filter(pk=customer_id).values(
                *("source", "external_id", "name", "email", "phone", "language", "country"),
                "created_at",
            )
        ),
        "orders_order": list(
            orders.values(
                *("order_number", "external_id", "placed_at", "status", "total_amount", "currency")
            )
        ),
        "core_address": list(addresses.order_by("pk").values()),
        "core_outboundmessage": list(
            messages.values("recipient", "subject", "body", "created_at", "sent_at")
        ),
    }
