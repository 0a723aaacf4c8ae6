"""The queue of exceptions: one after the other, with suggestions, worked from the keyboard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.actor import IN_USE
from backoffice.core.states import GONE, BlockedError, Outcome
from backoffice.core.versions import StaleError, unchanged_since
from backoffice.ui.grid import amount, link
from finance.choices import ExceptionStatus
from finance.models import (
    FileRow,
    Payment,
    ProviderFile,
    ReconciliationException,
)
from finance.selectors.reconciliation import Suggestion, suggestions
from finance.services.clearing import (
    MatchBySight,
    assign_exceptions,
    ignore_exceptions,
    match_by_sight,
    put_off_exceptions,
    write_off_exceptions,
)
from finance.services.undoing import undo_exceptions

SHOWN = 25
WAIT = timedelta(days=7)
ORDERS = {"age": ("created_at", "pk"), "amount": ("-amount", "pk")}


@dataclass(frozen=True, slots=True)
class Entry:
    """One exception as the queue shows it."""

    exception: ReconciliationException
    money: str
    about: str
    source: Any
    suggestions: list[Suggestion]


def entries(order: str) -> list[Entry]:
    """Return the first open exceptions with what they may belong to."""
    found = list(
        ReconciliationException.objects.filter(status=ExceptionStatus.OPEN)
        .select_related("assignee")
        .order_by(*ORDERS[order])[:SHOWN]
    )
    rows = FileRow.objects.in_bulk([x.row_id for x in found if x.row_id])
    files = ProviderFile.objects.in_bulk({row.file_id for row in rows.values()})
    payments = Payment.objects.in_bulk([x.payment_id for x in found if x.payment_id])
    offered = suggestions([x.row_id for x in found if x.row_id])
    return [
        Entry(
            exception=x,
            money=amount(x.amount, x.currency),
            about=_about(rows.get(x.row_id or 0)),
            source=link(
                files.get(rows[x.row_id].file_id)
                if x.row_id in rows
                else payments.get(x.payment_id or 0)
            ),
            suggestions=offered.get(x.row_id or 0, []),
        )
        for x in found
    ]


def _about(row: FileRow | None) -> str:
    if row is None:
        return ""
    parts = (row.get_kind_display(), row.category, row.external_id, row.reference[:120])
    return " · ".join(str(part) for part in dict.fromkeys(parts) if part)


def queue_page(request: HttpRequest, screen: Any) -> HttpResponse:
    """Show the queue (GET); do one act on one exception (POST)."""
    if not screen.has_view_permission(request):
        raise PermissionDenied
    may_act = request.user.has_perm("finance.clear_reconciliationexception")  # type: ignore[union-attr]
    name = f"{screen.admin_site.name}:finance_reconciliationexception_queue"
    order = request.GET.get("order", "age")
    order = order if order in ORDERS else "age"
    if request.method == "POST":
        if not may_act:
            raise PermissionDenied
        _act(request)
        return HttpResponseRedirect(f"{reverse(name)}?order={order}")
    context = screen.admin_site.each_context(request) | {
        "title": _("Exceptions to be cleared"),
        "opts": screen.opts,
        "entries": entries(order),
        "order": order,
        "open": ReconciliationException.objects.filter(status=ExceptionStatus.OPEN).count(),
        "may_act": may_act,
        "undo": request.session.get("finance_undo") if may_act else None,
    }
    return TemplateResponse(request, "ui/exceptions.html", context)


def _act(request: HttpRequest) -> None:
    """Do what was sent on the version that was shown, and remember how to undo it."""
    sent = request.POST
    digits = [sent.get(name, "") for name in ("exception", "version")]
    if not all(text.isascii() and text.isdigit() for text in digits):
        messages.error(request, _("Choose an exception first."))
        return
    pk, version = map(int, digits)
    act = "match" if sent.get("match") else sent.get("act", "")
    reason = sent.get("reason", "").strip()[:300]
    now = timezone.now()
    try:
        if act == "undo":
            outcome = undo_exceptions([pk], now=now)
        else:
            with unchanged_since(ReconciliationException, pk, version, now=now, reason=reason):
                outcome = _call(request, act, pk, reason, now)
    except BlockedError as error:
        outcome = Outcome(blocked={pk: error.reasons})
    except StaleError:
        outcome = Outcome(blocked={pk: [_("Somebody has changed it meanwhile: look again.")]})
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") not in IN_USE:
            raise
        outcome = Outcome(blocked={pk: [GONE]})
    number = ReconciliationException.objects.filter(pk=pk).values_list("number", flat=True).first()
    for reasons in outcome.blocked.values():
        messages.error(request, f"{number}: {' '.join(str(text) for text in reasons)}")
    if outcome.moved:
        messages.success(request, _("%(number)s: done.") % {"number": number})
        request.session["finance_undo"] = (
            {"pk": pk, "number": number} if act in ("match", "write_off", "ignore") else None
        )


def _call(request: HttpRequest, act: str, pk: int, reason: str, now: datetime) -> Outcome:
    if act == "match":
        kind, _colon, subject = request.POST.get("match", "").partition(":")
        if not subject.isdigit():
            raise BlockedError([_("Choose what it belongs to.")])
        return match_by_sight(MatchBySight([pk], [(kind, int(subject))]), now=now, reason=reason)
    if act == "write_off":
        if not reason:
            raise BlockedError([_("Say why it is written off.")])
        return write_off_exceptions([pk], now=now, reason=reason)
    if act == "ignore":
        return ignore_exceptions([pk], now=now, reason=reason)
    if act == "wait":
        return put_off_exceptions([pk], until=now + WAIT, now=now, reason=reason)
    if act == "take":
        user = request.user.pk
        return assign_exceptions([pk], user_id=user, now=now, reason=reason)
    raise BlockedError([_("There is no such act.")])
