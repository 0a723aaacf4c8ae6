"""Who calls the API: an integration by token, or staff by session."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from backoffice.core.tokens import find_token

BEARER = "Bearer "


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer bo_…`; the token acts as its own user."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith(BEARER):
            return None
        token = find_token(
            header.removeprefix(BEARER).strip(),
            address=BaseThrottle().get_ident(request) or "",
            now=timezone.now(),
        )
        if token is None:
            raise exceptions.AuthenticationFailed(_("The token is unknown, expired or revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="backoffice"'


class SessionAuthentication(authentication.SessionAuthentication):
    """Staff who are signed in, with CSRF protection."""
