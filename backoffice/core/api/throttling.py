"""Requests per minute and caller."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from backoffice.core.access.pace import is_within, seconds_left


class TokenThrottle(BaseThrottle):
    """A fixed window of a minute."""

    def allow_request(self, request: Request, view: Any) -> bool:
        user = request.user
        who = user.pk if user and user.is_authenticated else self.get_ident(request)
        return is_within(f"api:{who}", settings.API_REQUESTS_PER_MINUTE)

    def wait(self) -> float:
        return seconds_left()
