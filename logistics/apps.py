"""Shipments, parcels, tracking and delivery exceptions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LogisticsConfig(AppConfig):
    name = "logistics"
    label = "logistics"
    verbose_name = _("Logistics")

    def ready(self) -> None:
        from logistics import events, handlers, inbox, invariants, panels, states  # noqa: F401
