"""The routes of the ground floor."""

from backoffice.core.api.documents import ApprovalViewSet, EventViewSet
from backoffice.core.api.rules import RuleActViewSet, RuleViewSet
from backoffice.core.api.webhooks import WebhookDeliveryViewSet, WebhookEndpointViewSet

ROUTES = [
    ("events", EventViewSet),
    ("approvals", ApprovalViewSet),
    ("rules", RuleViewSet),
    ("rule-acts", RuleActViewSet),
    ("webhook-endpoints", WebhookEndpointViewSet),
    ("webhook-deliveries", WebhookDeliveryViewSet),
]
