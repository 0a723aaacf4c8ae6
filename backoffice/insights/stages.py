"""The page of the stages: where an order's time goes, and how that changed day by day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.choices import Origin
from backoffice.core.scope import is_limited
from backoffice.insights.choices import Stage
from backoffice.insights.models import Bottleneck
from backoffice.insights.selectors.asking import DayField
from backoffice.insights.selectors.figures import duration, shown_origin

HISTORY_DAYS = 60


class DayForm(forms.Form):
    """Read a day and an origin from an address."""

    day = DayField(required=False, label=gettext_lazy("day"))
    origin = forms.ChoiceField(choices=Origin.choices, required=False)


@dataclass(frozen=True, slots=True)
class Cell:
    """A stage on a day: the median time in it and its share of all time."""

    median: str
    share: float
    is_bottleneck: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A day with all its stages."""

    day: date
    n: int
    cells: list[Cell | None]


def stages_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the stages of one day and of the days before."""
    if is_limited() or not request.user.has_perm("insights.view_bottleneck"):  # type: ignore[union-attr]
        raise PermissionDenied
    form = DayForm(request.GET)
    context = site.each_context(request) | {"title": _("Where the time goes"), "form": form}
    if not form.is_valid():
        return TemplateResponse(request, "insights/stages.html", context, status=400)
    origin = form.cleaned_data["origin"] or shown_origin("")
    rows = Bottleneck.objects.filter(origin=origin).order_by("-day", "pk")
    day = form.cleaned_data["day"] or rows.values_list("day", flat=True).first()
    known = {}
    if day:
        known = _by_day(rows.filter(day__lte=day, day__gt=day - timedelta(days=HISTORY_DAYS)))
    context |= {
        "origin": origin,
        "origins": Origin.choices,
        "day": day,
        "bo_stages": sorted(known.get(day, {}).values(), key=lambda row: -row.time_share),
        "heads": Stage.labels,
        "lines": [_line(shown, found) for shown, found in known.items()],
    }
    return TemplateResponse(request, "insights/stages.html", context)


def _by_day(rows: Any) -> dict[Any, dict[str, Bottleneck]]:
    found: dict[Any, dict[str, Bottleneck]] = {}
    for row in rows:
        found.setdefault(row.day, {})[row.stage] = row
    return found


def _line(day: date, found: dict[str, Bottleneck]) -> Line:
    cells = [
        Cell(duration(row.median), row.time_share, row.is_bottleneck) if row else None
        for row in (found.get(stage) for stage in Stage.values)
    ]
    return Line(day, max(row.n for row in found.values()), cells)
