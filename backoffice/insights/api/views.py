"""The insight endpoints: to be read."""

from backoffice.core.api.views import ReadOnlyViewSet
from backoffice.insights.api import serializers
from backoffice.insights.filters import BottleneckFilter, CheckRunFilter, MetricFilter
from backoffice.insights.models import Bottleneck, CheckRun, DailyMetric


class MetricViewSet(ReadOnlyViewSet):
    """The five times, by day and by span of days."""

    queryset = DailyMetric.objects.all()
    serializer_class = serializers.MetricSerializer
    filterset_class = MetricFilter


class BottleneckViewSet(ReadOnlyViewSet):
    """What each stage has to do with how long orders take."""

    queryset = Bottleneck.objects.all()
    serializer_class = serializers.BottleneckSerializer
    filterset_class = BottleneckFilter


class CheckRunViewSet(ReadOnlyViewSet):
    """What the data checks found."""

    queryset = CheckRun.objects.select_related("data_check")
    serializer_class = serializers.CheckRunSerializer
    filterset_class = CheckRunFilter
