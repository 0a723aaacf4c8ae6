"""The routes of the ground floor."""

from backoffice.core.api.webhooks import WebhookDeliveryViewSet, WebhookEndpointViewSet

ROUTES = [
    ("webhook-endpoints", WebhookEndpointViewSet),
    ("webhook-deliveries", WebhookDeliveryViewSet),
]
