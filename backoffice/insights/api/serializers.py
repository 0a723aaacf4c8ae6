"""Figures as JSON; times are in seconds."""

from rest_framework import serializers

from backoffice.insights.models import Bottleneck, CheckRun, DailyMetric


class MetricSerializer(serializers.ModelSerializer):
    class Meta:
        model = DailyMetric
        fields = [
            *("id", "day", "span", "metric", "dimension", "key", "origin", "n", "errors"),
            *("median", "p90", "mean", "updated_at"),
        ]


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
