"""One page for all that waits for a second person: who asked, how much, why, and the decision."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from backoffice.core.extensions import Text
from backoffice.ui.grid import amount, link

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Waits:
    """Which documents of a screen wait, the verbs that decide, and what the decider looks at."""

    waiting: Mapping[str, Any]
    why: Callable[[Any], Any]
    money: Callable[[Any], tuple[Decimal | None, str]]
    approve: str = "approve"
    reject: str = "reject"
    related: Sequence[str] = ("created_by",)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that waits."""

    key: str
    name: str
    asked_by: Any
    asked_at: datetime
    money: str
    why: Any
    reasons: Sequence[Text]


@dataclass(frozen=True, slots=True)
class Group:
    """What waits of one kind; `more` where there are others than those shown."""

    label: str
    requests: list[Request]
    more: str


def _screens(request: HttpRequest, site: Any) -> dict[str, Any]:
    """Return the screens whose documents may wait, by document, for those who may see them."""
    return {
        model._meta.label_lower: screen
        for model, screen in site._registry.items()
        if getattr(screen, "waits", None) and screen.has_view_permission(request)
    }


def decided_at(request: HttpRequest, screen: Any, query: str) -> str:
    """Return where this user decides the documents of a filter; nothing where they do not."""
    queue = getattr(screen, "waits", None)
    if queue is None or query != urlencode(queue.waiting):
        return ""
    if not screen.may(request, screen.machine.transitions[queue.approve]):
        return ""
    address = reverse(f"{screen.admin_site.name}:approvals")
    return f"{address}?{urlencode({'kind': screen.opts.label_lower})}"


def _groups(request: HttpRequest, site: Any, screens: Iterable[Any]) -> Iterator[Group]:
    for screen in screens:
        queue, opts = screen.waits, screen.opts
        waiting = screen.get_queryset(request).filter(**queue.waiting)
        if not screen.may(request, screen.machine.transitions[queue.approve]):
            # Who may not decide sees what they asked for themselves.
            waiting = waiting.filter(created_by=request.user.pk)
        rows = list(waiting.select_related(*queue.related).order_by("pk")[: SHOWN + 1])
        if not rows:
            continue
        told = screen.machine.explain_many([row.pk for row in rows[:SHOWN]], queue.approve)
        address = reverse(f"{site.name}:{opts.app_label}_{opts.model_name}_changelist")
        yield Group(
            capfirst(str(opts.verbose_name_plural)),
            [_request(queue, row, told.blocked.get(row.pk, [])) for row in rows[:SHOWN]],
            f"{address}?{urlencode(queue.waiting)}" if len(rows) > SHOWN else "",
        )


def _request(queue: Waits, row: Any, reasons: Sequence[Text]) -> Request:
    value, currency = queue.money(row)
    money = amount(value, currency) if value is not None else ""
    key = f"{row._meta.label_lower}:{row.pk}"
    return Request(key, link(row), row.created_by, row.created_at, money, queue.why(row), reasons)


def _decide(request: HttpRequest, site: Any) -> None:
    """Approve or reject what was chosen, each kind by its own verb."""
    decision, reason = request.POST.get("decision"), request.POST.get("reason", "").strip()[:300]
    screens = _screens(request, site)
    chosen: dict[str, list[int]] = defaultdict(list)
    for key in request.POST.getlist("chosen"):
        label, _colon, pk = key.partition(":")
        if label in screens and pk.isascii() and pk.isdigit():
            chosen[label].append(int(pk))
    if not chosen:
        messages.error(request, _("Choose what is to be decided first."))
    elif decision == "reject" and not reason:
        messages.error(request, _("Say why it is rejected: who asked will read it."))
    elif decision in ("approve", "reject"):
        for label, ids in chosen.items():
            _decide_kind(request, screens[label], ids, decision, reason)


def _decide_kind(
    request: HttpRequest, screen: Any, ids: list[int], decision: str, reason: str
) -> None:
    verb = screen.waits.approve if decision == "approve" else screen.waits.reject
    transition = screen.machine.transitions[verb]
    if not screen.may(request, transition):
        messages.error(request, _("You lack the permission for this."))
        return
    seen = screen.get_queryset(request).filter(pk__in=ids)
    known = list(seen.order_by("pk").values_list("pk", flat=True))
    outcome = screen._call(transition, known, timezone.now(), reason)
    done = _("Approved: %(n)s.") if decision == "approve" else _("Rejected: %(n)s.")
    screen._report(request, transition, outcome, done)


def approvals_page(request: HttpRequest, site: Any) -> HttpResponse:
    """Show what waits for a second person (GET), all or one kind; decide what was chosen (POST)."""
    if request.method == "POST":
        _decide(request, site)
        return HttpResponseRedirect(request.get_full_path())
    screens = _screens(request, site)
    kind = request.GET.get("kind", "")
    if kind and kind not in screens:
        raise Http404
    groups = list(_groups(request, site, [screens[kind]] if kind else screens.values()))
    context = site.each_context(request) | {
        "title": _("Approvals"),
        "groups": groups,
        "only": capfirst(str(screens[kind].opts.verbose_name_plural)) if kind else "",
        "may_decide": any(not item.reasons for group in groups for item in group.requests),
    }
    return TemplateResponse(request, "ui/approvals.html", context)
