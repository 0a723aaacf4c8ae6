"""The routes of insights."""

from backoffice.insights.api.views import BottleneckViewSet, CheckRunViewSet, MetricViewSet

ROUTES = [
    ("metrics", MetricViewSet),
    ("bottlenecks", BottleneckViewSet),
    ("check-runs", CheckRunViewSet),
]
