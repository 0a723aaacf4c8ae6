"""What the flow looks like: times, bottlenecks, data quality."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightsConfig(AppConfig):
    name = "backoffice.insights"
    label = "insights"
    verbose_name = _("Insights")

    def ready(self) -> None:
        from backoffice.insights import filters, roles, standing  # noqa: F401
        from backoffice.insights.selectors import scope  # noqa: F401
