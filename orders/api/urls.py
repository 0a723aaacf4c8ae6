"""The routes of orders."""

from orders.api import views

ROUTES = [
    ("orders", views.OrderViewSet),
    ("order-lines", views.OrderLineViewSet),
    ("order-edits", views.OrderEditViewSet),
    ("returns", views.ReturnViewSet),
    ("customers", views.CustomerViewSet),
    ("sales-channels", views.SalesChannelViewSet),
    ("prices", views.PriceViewSet),
    ("tax-rates", views.TaxRateViewSet),
    ("lanes", views.LaneViewSet),
]
