"""What the dashboard shows of the rollups, in a handful of queries."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from backoffice.core.choices import Origin
from backoffice.insights.choices import Metric
from backoffice.insights.models import (
    Bottleneck,
    CheckRun,
    DailyMetric,
    DataCheck,
    InvariantRun,
)

SPANS = (7, 30)
TREND_DAYS = 30
WIDTH, HEIGHT = 240, 48
SYMBOLS = {"T_O": "t_o", "T_I": "t_i", "T_L": "t_l", "T_S": "t_s", "T_F": "t_f"}
FROM_TO: dict[str, str | Promise] = {
    "T_O": gettext_lazy("placed → released"),
    "T_I": gettext_lazy("days of inventory"),
    "T_L": gettext_lazy("handed over → delivered"),
    "T_S": gettext_lazy("opened → solved"),
    "T_F": gettext_lazy("delivered → settled"),
}


UNITS = (
    (86400, gettext_lazy("d")),
    (3600, gettext_lazy("h")),
    (60, gettext_lazy("min")),
    (1, gettext_lazy("s")),
)


def unit(seconds: float) -> tuple[int, str | Promise]:
    """Return the largest unit that fits a time: its seconds and its name."""
    return next((u for u in UNITS if abs(seconds) >= u[0]), UNITS[-1])


def duration(seconds: float | None) -> str:
    """Say a time in its largest fitting unit."""
    if seconds is None:
        return "–"
    size, name = unit(seconds)
    return f"{seconds / size:.{1 if size > 1 else 0}f} {name}"


def signed(seconds: float, size: tuple[int, str | Promise]) -> str:
    """Say a change in a given unit, with its sign; nothing is 0.00."""
    value = round(seconds / size[0], 2) or 0.0
    return f"{value:+.2f} {size[1]}".replace("-", "−") if value else f"0.00 {size[1]}"


@dataclass(frozen=True, slots=True)
class Point:
    """A day of a trend, with its place in the drawing."""

    day: date
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric over one span."""

    span: int
    n: int
    errors: int
    median: str
    p90: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the five times."""

    metric: str
    symbol: str
    label: str
    from_to: str
    figures: list[Figure]
    trend: list[Point] = field(default_factory=list)

    @property
    def url(self) -> str:
        return reverse("admin:time", args=[self.metric.lower()])

    @property
    def line(self) -> str:
        return " ".join(f"{p.x:.1f},{p.y:.1f}" for p in self.trend)


def shown_origin(wanted: str) -> str:
    """Return the origin to show: the wanted one, else that of most of the newest week.

    A first live document in a demo shop does not hide the demo, nor an old import live ones.
    """
    if wanted in Origin.values:
        return wanted
    rows = DailyMetric.objects.filter(span=SPANS[0], dimension="ALL", key=0)
    weeks = list(rows.values_list("origin", "day", "n"))
    newest = max((day for _origin, day, _n in weeks), default=date(1970, 1, 1))
    measured = dict.fromkeys(Origin.values, 0)
    for origin, day, n in weeks:
        if day > newest - timedelta(days=SPANS[0]):
            measured[origin] += n
    return max(measured, key=lambda origin: measured[origin])


def tiles(origin: str) -> list[Tile]:
    """Return the five times over the last week and month with their trends, in two queries."""
    spans = {
        (m.metric, m.span): m
        for m in DailyMetric.objects.filter(
            metric__in=Metric.values, span__in=SPANS, dimension="ALL", key=0, origin=origin
        )
    }
    newest = max((m.day for m in spans.values()), default=date(1970, 1, 1))
    days: dict[str, list[DailyMetric]] = {}
    rows = DailyMetric.objects.filter(
        metric__in=Metric.values,
        span=1,
        dimension="ALL",
        key=0,
        origin=origin,
        day__gt=newest - timedelta(days=TREND_DAYS),
        median__isnull=False,
    )
    for row in rows.order_by("day", "pk"):
        days.setdefault(row.metric, []).append(row)
    return [
        Tile(
            metric,
            SYMBOLS[metric],
            str(Metric(metric).label),
            str(FROM_TO[metric]),
            [_figure(span, spans.get((metric, span))) for span in SPANS],
            _trend(days.get(metric, []), newest),
        )
        for metric in Metric.values
    ]


def _figure(span: int, row: DailyMetric | None) -> Figure:
    if row is None:
        return Figure(span, 0, 0, "–", "–", None)
    return Figure(span, row.n, row.errors, duration(row.median), duration(row.p90), row.day)


def _trend(rows: list[DailyMetric], newest: date) -> list[Point]:
    top = max((r.median or 0 for r in rows), default=0)
    first = newest - timedelta(days=TREND_DAYS - 1)
    return [
        Point(
            row.day,
            duration(row.median),
            4 + (row.day - first).days * (WIDTH - 8) / (TREND_DAYS - 1),
            HEIGHT - 4 - (row.median or 0) * (HEIGHT - 8) / top if top else HEIGHT - 4,
        )
        for row in rows
    ]


def newest_bottleneck(origin: str) -> list[Bottleneck]:
    """Return the stages of the newest window, the largest share first."""
    rows = Bottleneck.objects.filter(origin=origin)
    newest = rows.aggregate(day=Max("day"))["day"]
    return list(rows.filter(day=newest).order_by("-time_share", "stage")) if newest else []


@dataclass(frozen=True, slots=True)
class Board:
    """The state of the invariants and of the data checks at their last run."""

    proven: int
    broken: list[InvariantRun]
    proven_at: datetime | None
    passed: int
    failed: list[CheckRun]
    checked_at: datetime | None
    score: float | None


def board() -> Board:
    """Return what the last runs found, in four queries."""
    proven_at = InvariantRun.objects.aggregate(at=Max("ran_at"))["at"]
    invariants = list(InvariantRun.objects.filter(ran_at=proven_at).order_by("name"))
    checked_at = CheckRun.objects.aggregate(at=Max("ran_at"))["at"]
    runs = CheckRun.objects.filter(ran_at=checked_at).select_related("data_check")
    checks = list(runs.order_by("data_check__code"))
    return Board(
        len(invariants),
        [run for run in invariants if run.rows or run.error],
        proven_at,
        sum(run.state == "PASSED" for run in checks),
        [run for run in checks if run.state != "PASSED"],
        checked_at,
        _score(checks),
    )


def _score(runs: list[CheckRun]) -> float | None:
    """Return Σ weight × (1 − ratio) ÷ Σ weight over the checks that ran, 0 to 1."""
    ran: list[tuple[DataCheck, Any]] = [(r.data_check, r.ratio) for r in runs if r.state != "ERROR"]
    weight = sum(check.weight for check, _ratio in ran)
    if not weight:
        return None
    return sum(check.weight * (1 - min(1.0, ratio)) for check, ratio in ran) / weight
