"""Where providers report: verified over the raw body, stored, answered; worked off later."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backoffice.core.inbox import receive
from finance.inbox import source_of
from finance.providers.registry import ADAPTERS

LARGEST = 256 * 1024


@csrf_exempt
@require_POST
def payment_webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a notification in; a duplicate is answered like the first."""
    adapter = ADAPTERS.get(provider)
    if adapter is None or not adapter.is_configured():
        return JsonResponse({"error": "unknown provider"}, status=404)
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return JsonResponse({"error": "too large"}, status=413)
    body = request.body
    if not adapter.is_authentic(body, request.headers, now=timezone.now()):
        return JsonResponse({"error": "signature"}, status=401)
    receive(source_of(provider), adapter.notice_id(body), body.decode(errors="replace"))
    return JsonResponse({"status": "stored"})
