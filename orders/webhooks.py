"""Where channels push orders to: verify on raw bytes, store, answer at once."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backoffice.core.inbox import receive
from orders.channels.registry import ADAPTERS
from orders.models import ChannelConnection
from orders.services.channel_reading import CHANNEL_HEADER, source_of

LARGEST_PUSH = 5_000_000


@csrf_exempt
@require_POST
def channel_webhook(request: HttpRequest, code: str) -> HttpResponse:
    """Take in one push; whatever is not signed by the connection's secret is refused."""
    connection = ChannelConnection.objects.filter(
        channel__code=code, is_active=True, channel__is_active=True
    ).first()
    if connection is None or connection.adapter not in ADAPTERS:
        return JsonResponse({"detail": "unknown channel"}, status=404)
    now = timezone.now()
    secrets = connection.webhook_secrets(now=now)
    if not secrets:
        # Without a secret nothing can be verified: an error of ours, never a bypass.
        return JsonResponse({"detail": "no secret is set"}, status=500)
    if int(request.headers.get("Content-Length") or 0) > LARGEST_PUSH:
        return JsonResponse({"detail": "too large"}, status=413)
    adapter, body, headers = ADAPTERS[connection.adapter], request.body, request.headers
    if adapter.is_greeting(body, headers):
        return JsonResponse(dict(adapter.answer))
    key = connection.api_key
    if not any(adapter.is_authentic(body, headers, key, s, now=now) for s in secrets):
        return JsonResponse({"detail": "bad signature"}, status=401)
    try:
        text = adapter.decode(body, connection.options)
    except ValueError:
        return JsonResponse({"detail": "unknown encoding"}, status=400)
    kept = {name: headers[name] for name in adapter.kept_headers if name in headers}
    receive(
        source_of(connection.adapter),
        f"{code}:{adapter.push_id(body, headers)}",
        text,
        {CHANNEL_HEADER: code, **kept},
        happened_at=adapter.happened_at(headers),
    )
    return JsonResponse(dict(adapter.answer))


urlpatterns = [path("channels/<str:code>/", channel_webhook, name="channel_webhook")]
