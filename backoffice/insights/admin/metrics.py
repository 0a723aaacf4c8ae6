"""Metrics and bottlenecks, to be looked at."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from backoffice.insights.models import Bottleneck, DailyMetric
from backoffice.insights.selectors.figures import duration
from backoffice.ui.admin import ReadOnlyAdmin


def time_column(field: str, description: Any) -> Any:
    """Return a list column of a time in its largest fitting unit."""

    def show(row: Any) -> str:
        return duration(getattr(row, field))

    show.__name__ = f"{field}_time"
    return admin.display(description=description, ordering=field)(show)


def share_column(field: str, description: Any) -> Any:
    """Return a list column of a share in per cent."""

    def show(row: Any) -> str:
        value = getattr(row, field)
        return "–" if value is None else f"{value:.1%}"

    show.__name__ = f"{field}_share"
    return admin.display(description=description, ordering=field)(show)


@admin.register(DailyMetric)
class DailyMetricAdmin(ReadOnlyAdmin):
    list_display = (
        *("day", "span", "metric", "dimension", "key", "origin", "n", "errors"),
        time_column("median", _("median")),
        time_column("p90", _("p90")),
        time_column("mean", _("mean")),
    )
    ordering = ("-day", "metric", "-id")


@admin.register(Bottleneck)
class BottleneckAdmin(ReadOnlyAdmin):
    list_display = (
        *("day", "origin", "stage", "n", "errors", "open_orders"),
        time_column("median", _("median")),
        time_column("p90", _("p90")),
        share_column("time_share", _("share of time")),
        share_column("variance_share", _("share of variance")),
        share_column("tail_share", _("share of the slow tenth")),
        *("is_controllable", "is_bottleneck"),
    )
    ordering = ("-day", "origin", "-time_share")
