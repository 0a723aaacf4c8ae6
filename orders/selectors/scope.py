"""Which orders are within a warehouse or a seller.

An order belongs to those who have all of its items. Who has a part of it may look at the order
and at their own lines; they act on what is theirs alone, such as the shipments.
"""

from backoffice.core.scope import Rule, all_of, column, everything, scope, shared, some
from orders.choices import LineKind
from orders.models import (
    ChannelOrder,
    ChannelWarehouse,
    Customer,
    Lane,
    Order,
    OrderEdit,
    OrderLine,
    Price,
    Return,
    ReturnLine,
    SalesChannel,
    TaxRate,
)

# Shipping and discounts belong to nobody by themselves.
ITEMS = OrderLine.objects.filter(kind__in=[LineKind.ITEM, LineKind.KIT])


def of_order(outer: str) -> dict[str, Rule]:
    """Return the rules of what belongs to an order, named by a path to its key."""
    return {
        "warehouse": all_of(ITEMS, "order", column("warehouse"), outer),
        "seller": all_of(ITEMS, "order", column("seller"), outer),
    }


WHOLE = of_order("pk")
scope(Order, **WHOLE)
shared(
    Order,
    warehouse=some(ITEMS, "order", column("warehouse")),
    seller=some(ITEMS, "order", column("seller")),
)
scope(OrderEdit, **of_order("order"))
scope(ChannelOrder, **of_order("order"))
scope(OrderLine, warehouse=column("warehouse"), seller=column("seller"))
scope(
    Return,
    warehouse=column("warehouse"),
    seller=all_of(ReturnLine.objects.all(), "parent", column("order_line__seller")),
)
scope(
    Customer,
    warehouse=some(Order.objects.all(), "customer", WHOLE["warehouse"]),
    seller=some(Order.objects.all(), "customer", WHOLE["seller"]),
)
scope(Price, warehouse=everything, seller=column("sku__seller"))
scope(SalesChannel, TaxRate, warehouse=everything, seller=everything)
scope(ChannelWarehouse, warehouse=column("warehouse"), seller=everything)
scope(Lane, warehouse=column("warehouse"))
