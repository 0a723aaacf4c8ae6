"""The routes of orders."""

from orders.api.views import CustomerViewSet, OrderViewSet, ReturnViewSet, SalesChannelViewSet

ROUTES = [
    ("orders", OrderViewSet),
    ("returns", ReturnViewSet),
    ("customers", CustomerViewSet),
    ("sales-channels", SalesChannelViewSet),
]
