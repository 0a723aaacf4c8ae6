"""Shipments, parcels, tracking and delivery exceptions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogisticsConfig(AppConfig):
    name = "logistics"
    label = "logistics"
    verbose_name = _("Logistics")

    def ready(self) -> None:
        from logistics import (  # noqa: F401
            events,
            filters,
            finders,
            handlers,
            inbox,
            invariants,
            obstacles,
            panels,
            roles,
            rules,
            states,
        )
        from logistics.selectors import scope  # noqa: F401
        from logistics.services import dispatch  # noqa: F401
