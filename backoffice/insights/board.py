"""The board of invariants: what must hold, whether it did, and how to repair it."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.invariants import REGISTRY, Invariant
from backoffice.core.scope import is_limited
from backoffice.insights.models import InvariantRun
from backoffice.insights.services.checking import run_invariants


@dataclass(frozen=True, slots=True)
class Line:
    """One invariant with its newest run."""

    item: Invariant
    run: InvariantRun | None

    @property
    def is_broken(self) -> bool:
        return self.run is not None and bool(self.run.rows or self.run.error)


def invariant_board(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the board (GET); run all invariants now (POST)."""
    may_look = request.user.has_perm("insights.view_invariantrun")  # type: ignore[union-attr]
    may_run = request.user.has_perm("insights.add_invariantrun")  # type: ignore[union-attr]
    if is_limited() or not may_look or (request.method == "POST" and not may_run):
        raise PermissionDenied
    if request.method == "POST":
        runs = run_invariants(now=timezone.now())
        broken = sum(bool(run.rows or run.error) for run in runs)
        if broken:
            messages.error(request, _("%(n)s invariants are broken.") % {"n": broken})
        else:
            messages.success(request, _("All %(n)s invariants hold.") % {"n": len(runs)})
        return HttpResponseRedirect(reverse("admin:invariants"))
    lines = board_lines()
    context = site.each_context(request) | {
        "title": _("Invariants"),
        "lines": sorted(lines, key=lambda line: not line.is_broken),
        "may_run": may_run,
        "ran_at": max((line.run.ran_at for line in lines if line.run), default=None),
    }
    return TemplateResponse(request, "insights/invariants.html", context)


def board_lines() -> list[Line]:
    """Return every registered invariant with its newest run, in one query."""
    newest = InvariantRun.objects.values("name").annotate(newest=Max("pk"))
    found = InvariantRun.objects.filter(pk__in=newest.values("newest"))
    runs = {run.name: run for run in found}
    return [Line(item, runs.get(item.name)) for item in REGISTRY.values()]
