"""Filters of metrics, bottlenecks and checks."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.filtering import FilterSet, IntegerFilter, WithinFilter, plain
from backoffice.insights.choices import CheckState, Dimension, Domain, Metric, Stage
from backoffice.insights.models import Bottleneck, CheckRun, DailyMetric, DataCheck, InvariantRun


class MetricFilter(FilterSet):
    """Which figures."""

    metric = django_filters.MultipleChoiceFilter(choices=Metric.choices, label=_("metric"))
    span = IntegerFilter(label=_("days"))
    dimension = django_filters.ChoiceFilter(choices=Dimension.choices, label=_("dimension"))
    key = IntegerFilter(label=_("key"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    day_from = django_filters.DateFilter("day", "gte", label=_("from"))
    day_to = django_filters.DateFilter("day", "lte", label=_("to"))

    class Meta:
        model = DailyMetric
        fields: list[str] = []


class BottleneckFilter(FilterSet):
    """Which windows."""

    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    day = django_filters.DateFilter(label=_("day"))
    is_bottleneck = django_filters.BooleanFilter(label=_("bottleneck"))
    stage = django_filters.MultipleChoiceFilter(choices=Stage.choices, label=_("stage"))

    class Meta:
        model = Bottleneck
        fields: list[str] = []


class CheckRunFilter(FilterSet):
    """Which runs."""

    code = django_filters.CharFilter("data_check__code", label=_("check"))
    domain = django_filters.ChoiceFilter(
        "data_check__domain", choices=Domain.choices, label=_("domain")
    )
    state = django_filters.ChoiceFilter(choices=CheckState.choices, label=_("state"))
    ran_after = django_filters.IsoDateTimeFilter("ran_at", "gte", label=_("ran after"))

    class Meta:
        model = CheckRun
        fields: list[str] = []


DataCheckFilter = plain(DataCheck, "code", "domain", "quality", "is_active")


class InvariantRunFilter(FilterSet):
    """Which proofs."""

    name = django_filters.CharFilter(label=_("name"))
    is_broken = django_filters.BooleanFilter(method="broken", label=_("broken"))
    ran_after = django_filters.IsoDateTimeFilter("ran_at", "gte", label=_("ran after"))
    ran_within = WithinFilter("ran_at", label=_("ran within the last"))

    class Meta:
        model = InvariantRun
        fields: list[str] = []

    def broken(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.filter(rows__gt=0) if value else queryset.filter(rows=0)
