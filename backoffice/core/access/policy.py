"""The Content-Security-Policy of every page, and the ear for what it stopped."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from backoffice.core.access.addresses import client_address
from backoffice.core.access.pace import is_within

logger = logging.getLogger(__name__)
LARGEST = 16_384
PER_ADDRESS, PER_MINUTE = 20, 200


class PolicyMiddleware(CSPMiddleware):
    """Send the policy; those who are in get pages of the theme, which needs more."""

    def get_policy_parts(
        self, request: HttpRequest, response: Any, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        inside = getattr(request, "user", None) is not None and request.user.is_authenticated
        if inside and not report_only and request.path_info.startswith(reverse("admin:index")):
            parts.update = {**settings.CSP_STAFF_SITE, **(parts.update or {})}
        return parts


@csrf_exempt
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Write down what a browser refused to do; anybody may send anything, so little of it."""
    address = client_address(request) or ""
    if not (is_within(f"csp:{address}", PER_ADDRESS) and is_within("csp", PER_MINUTE)):
        return HttpResponse(status=429)
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    try:
        found = json.loads(body)["csp-report"]
        told = {key: str(found.get(key, "")) for key in ("effective-directive", "blocked-uri")}
        page = urlsplit(str(found.get("document-uri", ""))).path
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    logger.warning(
        "The page policy stopped %s from %s on %s",
        json.dumps(told["effective-directive"][:60]),
        json.dumps(told["blocked-uri"].partition("?")[0][:200]),
        _route(page),
    )
    return HttpResponse(status=204)


def _route(path: str) -> str:
    """Return the pattern of an address, since the address itself may hold a secret."""
    try:
        return resolve(path).route
    except Resolver404:
        return "an unknown page"
