"""Where carriers push scans to: verify on raw bytes, store, answer at once."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backoffice.core.inbox import receive
from logistics.carriers.registry import ADAPTERS
from logistics.inbox import ACCOUNT_HEADER, source_of
from logistics.models import CarrierAccount

LARGEST_PUSH = 2_000_000


@csrf_exempt
@require_POST
def carrier_webhook(request: HttpRequest, code: str) -> HttpResponse:
    """Take in one push; whatever is not signed by the account's secret is refused."""
    account = CarrierAccount.objects.filter(code=code, is_active=True).first()
    if account is None or account.adapter not in ADAPTERS:
        return JsonResponse({"detail": "unknown account"}, status=404)
    now = timezone.now()
    secrets = account.webhook_secrets(now=now)
    if not secrets:
        # Without a secret nothing can be verified: an error of ours, never a bypass.
        return JsonResponse({"detail": "no secret is set"}, status=500)
    if int(request.headers.get("Content-Length") or 0) > LARGEST_PUSH:
        return JsonResponse({"detail": "too large"}, status=413)
    body = request.body
    adapter = ADAPTERS[account.adapter]
    if not any(adapter.is_authentic(body, request.headers, s, now=now) for s in secrets):
        return JsonResponse({"detail": "bad signature"}, status=401)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return JsonResponse({"detail": "not UTF-8"}, status=400)
    receive(
        source_of(account.adapter),
        f"{account.code}:{adapter.push_id(body, request.headers)}",
        text,
        {ACCOUNT_HEADER: account.code},
    )
    return JsonResponse({"detail": "stored"})


urlpatterns = [path("carriers/<slug:code>/", carrier_webhook, name="carrier_webhook")]
