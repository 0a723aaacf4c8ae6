"""Who calls the API: an integration by token, or staff by session."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from backoffice.core.access.addresses import client_address
from backoffice.core.access.pace import is_used_up, is_within, seconds_left
from backoffice.core.tokens import find_token

BEARER = "Bearer "
WRONG_TOKENS_PER_MINUTE = 30


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer bo_…`; the token acts as its own user."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith(BEARER):
            return None
        address = client_address(request) or ""
        wrong = f"wrong-token:{address}"
        if is_used_up(wrong, WRONG_TOKENS_PER_MINUTE):
            raise exceptions.Throttled(seconds_left())
        text = header.removeprefix(BEARER).strip()
        token = find_token(text, address=address, now=timezone.now())
        if token is None:
            is_within(wrong, WRONG_TOKENS_PER_MINUTE)
            raise exceptions.AuthenticationFailed(_("The token is unknown, expired or revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="backoffice"'


class SessionAuthentication(authentication.SessionAuthentication):
    """Staff who are signed in, with CSRF protection."""
