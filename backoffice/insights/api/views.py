"""The insight endpoints: to be read."""

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.permissions import may_view
from backoffice.core.api.views import ReadOnlyViewSet
from backoffice.core.scope import is_limited
from backoffice.insights.api import serializers
from backoffice.insights.choices import Metric
from backoffice.insights.filters import BottleneckFilter, CheckRunFilter, MetricFilter
from backoffice.insights.models import Bottleneck, CheckRun, DailyMetric
from backoffice.insights.selectors.asking import QuestionForm
from backoffice.insights.selectors.holding import answer


def may(request: Request, permission: str) -> bool:
    """Say whether the caller may see what a permission to view is about."""
    app, _view, model = permission.replace(".", "_", 1).split("_", 2)
    return may_view(request, apps.get_model(app, model))


class MetricViewSet(ReadOnlyViewSet):
    """The five times, by day and by span of days."""

    queryset = DailyMetric.objects.all()
    serializer_class = serializers.MetricSerializer
    filterset_class = MetricFilter

    @extend_schema(
        parameters=[serializers.QuestionSerializer], responses=serializers.StorySerializer
    )
    @action(detail=False, filterset_class=None, pagination_class=None)
    def drivers(self, request: Request) -> Response:
        """Say how long it took, what is usual, and which parts made the change."""
        if is_limited():
            raise PermissionDenied(_("The whole company's times are not for limited users."))
        metric = request.query_params.get("metric", Metric.T_L)
        if metric not in Metric.values:
            raise ValidationError({"metric": _("Choose one of %s.") % ", ".join(Metric.values)})
        form = QuestionForm(
            metric, request.query_params, now=timezone.now(), may=lambda right: may(request, right)
        )
        if not form.is_valid():
            raise ValidationError(form.errors)
        return Response(serializers.StorySerializer(answer(form.question())).data)


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
