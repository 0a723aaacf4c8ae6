"""Wrong passwords: after some, somebody waits; colleagues may lift the lock."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.access.addresses import client_address
from backoffice.core.access.pace import is_within, seconds_left
from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.models import User


def tried_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the name that somebody tried, no longer than a name may be."""
    name = (credentials or {}).get("username") or request.POST.get("username") or ""
    return name[:150]


def locked_page(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Say that somebody is locked out and until when."""
    tried = AccessAttempt.objects.filter(
        username=tried_name(request, credentials), ip_address=client_address(request)
    )
    last = tried.aggregate(last=Max("attempt_time"))["last"] or timezone.now()
    reason = _("Too many wrong passwords from your address.")
    return wait_page(request, reason, last + settings.AXES_COOLOFF_TIME)


def wait_page(request: HttpRequest, reason: str, until: datetime) -> HttpResponse:
    """Say why somebody has to wait and until when."""
    shown = {"title": _("Please wait"), "reason": reason, "until": until}
    response = render(request, "access/locked.html", shown, status=429)
    seconds = (until - timezone.now()).total_seconds()
    response["Retry-After"] = str(max(1, ceil(seconds)))
    return response


def hasty_page(request: HttpRequest) -> HttpResponse | None:
    """Return what an address is told that tries whoever it can think of."""
    address = client_address(request)
    if is_within(f"sign-in:{address}", settings.SIGN_INS_PER_MINUTE):
        return None
    until = timezone.now() + timedelta(seconds=seconds_left())
    return wait_page(request, _("Too many people sign in from your address."), until)


def locked_until(attempt: AccessAttempt) -> datetime | None:
    """Return until when an attempt keeps its maker out, as seen on its own."""
    if attempt.failures_since_start < settings.AXES_FAILURE_LIMIT:
        return None
    until = attempt.attempt_time + settings.AXES_COOLOFF_TIME
    return until if until > timezone.now() else None


@service
def unlock(attempt_ids: Iterable[int], *, now: datetime, reason: str = "") -> int:
    """Forget wrong passwords, so that their makers may try again; return how many."""
    attempts = AccessAttempt.objects.filter(pk__in=list(attempt_ids))
    names = list(attempts.values_list("username", flat=True))
    known = User.objects.filter(username__in=names).order_by("pk").values_list("pk", flat=True)
    emit("user.unlocked", [Fact(pk) for pk in known])
    attempts.delete()
    return len(names)
