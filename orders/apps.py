"""Orders: from any channel to the warehouse door and back."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    label = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        from orders import (  # noqa: F401
            demand,
            events,
            extensions,
            filters,
            handlers,
            importers,
            inbox,
            invariants,
            obstacles,
            panels,
            privacy,
            remedies,
            roles,
            rules,
            states,
        )
        from orders.selectors import scope  # noqa: F401
