"""The actor of a web request."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from backoffice.core.actor import acting


class ActorMiddleware:
    """Let the signed-in user act for the length of a request, under one request id.

    Pages speak the user's language and show the user's time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        # Who gave only a password acts for nothing but the second factor.
        user: Any = getattr(request, "half_user", None) or request.user
        known = (
            acting(user.pk, request_id=request.request_id)  # type: ignore[attr-defined]
            if user.is_authenticated
            else nullcontext()
        )
        if user.is_authenticated and user.language:
            translation.activate(user.language)
        with known, _user_zone(user):
            response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


def _user_zone(user: Any) -> AbstractContextManager[None]:
    name = getattr(user, "time_zone", "")
    try:
        return timezone.override(ZoneInfo(name)) if name else nullcontext()
    except (KeyError, ValueError, OSError):
        # A name that nobody can read must not keep its owner out of the form that mends it.
        return nullcontext()
