"""Tickets, messages, service levels and surveys."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    name = "support"
    label = "support"
    verbose_name = _("Support")

    def ready(self) -> None:
        from support import (  # noqa: F401
            events,
            filters,
            handlers,
            inbox,
            invariants,
            obstacles,
            panels,
            privacy,
            roles,
            rules,
            standing,
            states,
        )
        from support.selectors import scope  # noqa: F401
