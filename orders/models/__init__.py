from orders.models.channel import Lane, Price, SalesChannel, TaxRate
from orders.models.customer import Customer
from orders.models.edit import OrderEdit, OrderEditLine
from orders.models.order import Hold, Note, Order, OrderLine
from orders.models.returns import Return, ReturnLine

__all__ = [
    "Customer",
    "Hold",
    "Lane",
    "Note",
    "Order",
    "OrderEdit",
    "OrderEditLine",
    "OrderLine",
    "Price",
    "Return",
    "ReturnLine",
    "SalesChannel",
    "TaxRate",
]
