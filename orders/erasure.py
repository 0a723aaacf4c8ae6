"""What erasing a customer blanks in orders, and what keeps a customer."""

from django.utils.translation import gettext_lazy as _

from backoffice.core.extensions import Text, blocker, eraser
from backoffice.core.sql import execute
from orders.choices import OPEN
from orders.models import Order

# Where orders go and went, and where somebody wanted them to go.
ADDRESSES = """
SELECT unnest(ARRAY[ship_to_id, bill_to_id]) FROM orders_order WHERE customer_id = %(customer)s
UNION
SELECT unnest(ARRAY[l.address_id, l.address_before_id]) FROM orders_ordereditline l
JOIN orders_orderedit e ON e.id = l.edit_id JOIN orders_order o ON o.id = e.order_id
WHERE o.customer_id = %(customer)s AND l.address_id IS NOT NULL
"""
STILL_OPEN = _("The customer has orders that are not finished.")


@blocker("orders.customer", "erase")
def keep_while_orders_are_open(customer_ids: list[int], verb: str) -> dict[int, list[Text]]:
    """Say which customers have orders that still need a name and an address."""
    needed = Order.objects.filter(customer_id__in=customer_ids, status__in=OPEN)
    return {i: [STILL_OPEN] for i in needed.values_list("customer_id", flat=True).distinct()}


@eraser("orders.customer")
def erase_customer(customer_id: int) -> dict[str, int]:
    """Blank who a customer is, where their orders went and what was written to them."""
    customers = execute(
        "UPDATE orders_customer SET name = '', email = '', phone = '', updated_at = now()"
        " WHERE id = %s RETURNING id",
        [customer_id],
    )
    addresses = execute(
        "UPDATE core_address a SET recipient = '', company = '', line1 = '', line2 = '',"
        f" phone = '' WHERE a.id IN ({ADDRESSES}) RETURNING a.id",
        {"customer": customer_id},
    )
    messages = execute(
        "UPDATE core_outboundmessage m SET recipient = '', subject = '', body = ''"
        " FROM orders_order o WHERE o.customer_id = %s AND m.order_id = o.id"
        " AND m.status <> 'QUEUED' RETURNING m.id",
        [customer_id],
    )
    return {
        "orders_customer": len(customers),
        "core_address": len(addresses),
        "core_outboundmessage": len(messages),
    }
