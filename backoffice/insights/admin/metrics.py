"""Metrics and bottlenecks, to be looked at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from backoffice.insights.choices import Dimension
from backoffice.insights.models import Bottleneck, DailyMetric
from backoffice.insights.selectors.asking import Question, drivers_of
from backoffice.insights.selectors.figures import duration
from backoffice.ui.admin import ReadOnlyAdmin
from backoffice.ui.display import RIGHT

MODELS = {
    Dimension.CHANNEL: "orders.saleschannel",
    Dimension.WAREHOUSE: "inventory.warehouse",
    Dimension.CARRIER: "logistics.carrier",
    Dimension.SELLER: "inventory.seller",
}


def time_column(field: str, description: Any) -> Any:
    """Return a list column of a time in its largest fitting unit."""

    def show(row: Any) -> str:
        return duration(getattr(row, field))

    show.__name__ = f"{field}_time"
    show.css = RIGHT  # type: ignore[attr-defined]
    return admin.display(description=description, ordering=field)(show)


def share_column(field: str, description: Any) -> Any:
    """Return a list column of a share in per cent."""

    def show(row: Any) -> str:
        value = getattr(row, field)
        return "–" if value is None else f"{value:.1%}"

    show.__name__ = f"{field}_share"
    show.css = RIGHT  # type: ignore[attr-defined]
    return admin.display(description=description, ordering=field)(show)


@admin.register(DailyMetric)
class DailyMetricAdmin(ReadOnlyAdmin):
    why_no_import = _("Metrics are measured each day.")
    list_display = (
        *("day", "span", "metric", "part", "origin", "n", "errors"),
        time_column("median", _("median")),
        time_column("p90", _("p90")),
        time_column("mean", _("mean")),
    )
    ordering = ("-day", "metric", "-id")

    def fill(self, rows: Sequence[DailyMetric]) -> None:
        """Name the parts of the rows, one query for each kind."""
        names: dict[str, dict[int, str]] = {}
        for dimension, label in MODELS.items():
            keys = {row.key for row in rows if row.dimension == dimension}
            found = apps.get_model(label)._default_manager.in_bulk(keys) if keys else {}
            names[dimension] = {pk: str(row) for pk, row in found.items()}
        for row in rows:
            row.part_name = names.get(row.dimension, {}).get(row.key, "")  # type: ignore[attr-defined]

    @admin.display(description=_("part"))
    def part(self, row: DailyMetric) -> str:
        if not hasattr(row, "part_name"):
            self.fill([row])
        name = getattr(row, "part_name", "") or (row.key or "")
        kind = row.get_dimension_display()
        question = Question(row.metric, row.day, row.span, row.origin)
        known = {driver.name for driver in drivers_of(row.metric)}
        if row.dimension in known:
            question = replace(question, parts=((row.dimension, str(row.key)),))
        url = reverse("admin:time", args=[row.metric.lower()]) + question.address()
        return format_html('<a href="{}">{}</a>', url, f"{kind}: {name}" if name else kind)


@admin.register(Bottleneck)
class BottleneckAdmin(ReadOnlyAdmin):
    why_no_import = _("Bottlenecks are measured each day.")
    list_display = (
        *("day", "origin", "stage", "n", "open_orders"),
        time_column("median", _("median")),
        time_column("p90", _("p90")),
        share_column("time_share", _("share of time")),
        share_column("variance_share", _("share of variance")),
        share_column("tail_share", _("share of the slow tenth")),
        *("is_controllable", "is_bottleneck"),
    )
    ordering = ("-day", "origin", "-time_share")
