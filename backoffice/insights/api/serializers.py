"""Figures as JSON; times are in seconds."""

from rest_framework import serializers

from backoffice.core.choices import Origin
from backoffice.insights.choices import Against, Metric
from backoffice.insights.models import Bottleneck, CheckRun, DailyMetric
from backoffice.insights.selectors.asking import ALL_SPANS


class MetricSerializer(serializers.ModelSerializer):
    class Meta:
        model = DailyMetric
        fields = [
            *("id", "day", "span", "metric", "dimension", "key", "origin", "n", "errors"),
            *("median", "p90", "mean", "updated_at"),
        ]


class QuestionSerializer(serializers.Serializer):
    """What is asked of one of the five times; all of it may be left out."""

    metric = serializers.ChoiceField(choices=Metric.choices, required=False)
    day = serializers.DateField(required=False, help_text="The newest whole day unless named.")
    span = serializers.ChoiceField(choices=ALL_SPANS, required=False)
    origin = serializers.ChoiceField(choices=Origin.choices, required=False)
    against = serializers.ChoiceField(choices=Against.choices, required=False)
    part = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Limits to a driver's value, such as CARRIER:3.",
    )


class StatSerializer(serializers.Serializer):
    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class PartSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    before = StatSerializer()
    after = StatSerializer()
    within = serializers.FloatField(source="effect.within")
    mix = serializers.FloatField(source="effect.mix")
    effect = serializers.FloatField(source="effect.total")


class SplitSerializer(serializers.Serializer):
    driver = serializers.CharField(source="name")
    label = serializers.CharField()
    parts = PartSerializer(many=True)


class DaySerializer(serializers.Serializer):
    day = serializers.DateField()
    stat = StatSerializer()


class SlowSerializer(serializers.Serializer):
    subject_id = serializers.IntegerField()
    order_id = serializers.IntegerField(allow_null=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    seconds = serializers.FloatField()


class StorySerializer(serializers.Serializer):
    """A time against an earlier one; of each driver the effects sum to `change`, in seconds."""

    metric = serializers.ChoiceField(choices=Metric.choices, source="question.metric")
    origin = serializers.ChoiceField(choices=Origin.choices, source="question.origin")
    first_day = serializers.DateField(source="question.first")
    last_day = serializers.DateField(source="question.last")
    base_first_day = serializers.DateField(source="question.base_first")
    after = StatSerializer()
    before = StatSerializer()
    change = serializers.FloatField(allow_null=True)
    errors = serializers.IntegerField()
    trend = DaySerializer(many=True)
    drivers = SplitSerializer(many=True, source="splits")
    slowest = SlowSerializer(many=True)


class BottleneckSerializer(serializers.ModelSerializer):
    class Meta:
        model = Bottleneck
        fields = [
            *("id", "day", "window_days", "origin", "stage", "n", "errors", "open_orders"),
            *("mean", "median", "p90", "time_share", "variance_share", "tail_share"),
            *("is_controllable", "is_bottleneck"),
        ]


class CheckRunSerializer(serializers.ModelSerializer):
    code = serializers.CharField(source="data_check.code")
    domain = serializers.CharField(source="data_check.domain")

    class Meta:
        model = CheckRun
        fields = [
            *("id", "code", "domain", "ran_at", "state", "n", "failed", "ratio", "sample_ids"),
            *("duration_ms", "error"),
        ]
