"""What is done with endpoints: tested, given a new secret, switched off when they are gone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from backoffice.core.actor import service
from backoffice.core.events import Fact, declare, emit
from backoffice.core.locks import lock
from backoffice.core.models import Event, WebhookEndpoint
from backoffice.core.models.webhook import new_secret
from backoffice.core.states import GONE, BlockedError
from backoffice.core.webhooks.queue import OFF, queue_for

OVERLAP = timedelta(days=1)

declare(
    "core",
    "core.webhookendpoint",
    {
        "webhook.tested": gettext_noop("A test event was sent to a webhook endpoint"),
        "webhook.secret_rotated": gettext_noop("A webhook endpoint got a new secret"),
        "webhook.switched_off": gettext_noop("A webhook endpoint is gone and was switched off"),
    },
)


@service
def send_test(endpoint_id: int, *, now: datetime, reason: str = "") -> int:
    """Send an endpoint an event of its own, whatever it listens to; return the event."""
    if not WebhookEndpoint.objects.filter(pk=endpoint_id, is_active=True).exists():
        raise BlockedError([OFF])
    emit("webhook.tested", [Fact(endpoint_id)])
    own = Event.objects.filter(
        kind="webhook.tested", subject_type="core.webhookendpoint", subject_id=endpoint_id
    )
    event_id: int = own.order_by("-pk").values_list("pk", flat=True)[0]
    queue_for(endpoint_id, [event_id], now=now)
    return event_id


@service
def rotate_secret(endpoint_id: int, *, now: datetime, reason: str = "") -> str:
    """Give an endpoint a new secret, which is returned this once; the old one signs for a day."""
    if not lock(WebhookEndpoint, [endpoint_id]):
        raise BlockedError([GONE])
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    secret = new_secret()
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(
        secret=secret,
        previous_secret=endpoint.secret,
        previous_secret_until=now + OVERLAP,
        updated_at=now,
    )
    emit("webhook.secret_rotated", [Fact(endpoint_id)])
    return secret


@service
def switch_off_gone(endpoint_ids: Sequence[int], *, now: datetime, reason: str = "") -> list[int]:
    """Switch off endpoints that answered 410 Gone."""
    ids = lock(WebhookEndpoint, endpoint_ids)
    WebhookEndpoint.objects.filter(pk__any=ids).update(is_active=False, updated_at=now)
    emit("webhook.switched_off", [Fact(i) for i in ids])
    return ids
