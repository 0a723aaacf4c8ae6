"""Stock: what is promised, picked, bought and moved."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    name = "inventory"
    label = "inventory"
    verbose_name = _("Inventory")

    def ready(self) -> None:
        from inventory import events, filters, filters_watch, invariants, roles, rules, states  # noqa: F401
        from inventory.selectors import scope  # noqa: F401
