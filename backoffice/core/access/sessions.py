"""Sessions: how long they last, and how all of somebody end."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.models import User

STARTED, SEEN = "started_at", "seen_at"
# Noting each request would write a session for each page.
SEEN_EVERY = 300


def begin_session(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Start the clocks of a session when somebody signs in."""
    now = int(timezone.now().timestamp())
    request.session[STARTED] = request.session[SEEN] = now


class SessionLimits:
    """End sessions that are idle or old."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._look_at(request)
        return self.get_response(request)

    def _look_at(self, request: HttpRequest) -> None:
        session, now = request.session, int(timezone.now().timestamp())
        idle = now - session.get(SEEN, 0)
        if idle > settings.SESSION_IDLE_SECONDS or (
            now - session.get(STARTED, 0) > settings.SESSION_COOKIE_AGE
        ):
            logout(request)
        elif idle > SEEN_EVERY:
            session[SEEN] = now


@service
def sign_out_everywhere(user_ids: Sequence[int], *, now: datetime, reason: str = "") -> None:
    """End all sessions of some users, wherever they are signed in."""
    lock(User, user_ids)
    User.objects.filter(pk__in=user_ids).update(session_generation=F("session_generation") + 1)
    emit("user.signed_out", [Fact(i) for i in user_ids])
