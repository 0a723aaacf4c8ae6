"""Sessions: how long they last, that half a sign-in is none, and how all of somebody's end."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.models import User

STARTED, SEEN, FACTOR = "started_at", "seen_at", "second_factor"
PENDING, GIVEN = "pending", "given"
# Noting each request would write a session for each page.
SEEN_EVERY = 300
# Who gave only a password has this long to go on.
HALF_SECONDS = 900


def begin_session(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Start the clocks of a session when somebody signs in."""
    from backoffice.core.access.second_factor import is_asked

    now = int(timezone.now().timestamp())
    request.session[STARTED] = request.session[SEEN] = now
    request.session[FACTOR] = PENDING if is_asked(user) else ""


def complete_session(request: HttpRequest, user: User) -> None:
    """Let in who gave the second factor too, under a new key."""
    user.refresh_from_db()
    request.user = user
    update_session_auth_hash(request, user)  # type: ignore[arg-type]
    request.session[FACTOR] = GIVEN


class SessionLimits:
    """End sessions that are idle or old; whose second factor is missing is nobody yet.

    Views find them in `request.half_user`, and everybody else in `request.user`: what a new view
    forgets to ask, it is refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.half_user = None  # type: ignore[attr-defined]
        if request.user.is_authenticated:
            self._look_at(request)
        return self.get_response(request)

    def _look_at(self, request: HttpRequest) -> None:
        session, now = request.session, int(timezone.now().timestamp())
        idle, age = now - session.get(SEEN, 0), now - session.get(STARTED, 0)
        state = session.get(FACTOR)
        is_half = state == PENDING or (settings.REQUIRE_SECOND_FACTOR and state != GIVEN)
        longest = HALF_SECONDS if is_half else settings.SESSION_COOKIE_AGE
        if idle > settings.SESSION_IDLE_SECONDS or age > longest:
            logout(request)
            return
        if is_half:
            request.half_user = request.user  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        if idle > SEEN_EVERY:
            session[SEEN] = now


@service
def sign_out_everywhere(user_ids: Sequence[int], *, now: datetime, reason: str = "") -> None:
    """End all sessions of some users, wherever they are signed in."""
    lock(User, user_ids)
    User.objects.filter(pk__in=user_ids).update(session_generation=F("session_generation") + 1)
    emit("user.signed_out", [Fact(i) for i in user_ids])
