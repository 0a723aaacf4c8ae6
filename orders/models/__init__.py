from orders.models.channel import ChannelWarehouse, Lane, Price, SalesChannel, TaxRate
from orders.models.connection import ChannelConnection, ChannelOrder, ConnectionState, Listing
from orders.models.customer import Customer
from orders.models.edit import OrderEdit, OrderEditLine
from orders.models.news import ChannelNews, StockTold
from orders.models.order import Hold, Note, Order, OrderLine
from orders.models.pace import StagePace
from orders.models.returns import Return, ReturnLine

__all__ = [
    "ChannelConnection",
    "ChannelNews",
    "ChannelOrder",
    "ChannelWarehouse",
    "ConnectionState",
    "Customer",
    "Hold",
    "Lane",
    "Listing",
    "Note",
    "Order",
    "OrderEdit",
    "OrderEditLine",
    "OrderLine",
    "Price",
    "Return",
    "ReturnLine",
    "SalesChannel",
    "StagePace",
    "StockTold",
    "TaxRate",
]
