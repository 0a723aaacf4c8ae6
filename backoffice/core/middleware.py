"""The actor of a web request."""

import uuid
from collections.abc import Callable
from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse

from backoffice.core.actor import acting


class ActorMiddleware:
    """Let the signed-in user act for the length of a request, under one request id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        user = request.user
        known = (
            acting(user.pk, request_id=request.request_id)  # type: ignore[attr-defined]
            if user.is_authenticated
            else nullcontext()
        )
        with known:
            response = self.get_response(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response
