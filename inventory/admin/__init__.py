from inventory.admin import (
    catalogue,
    decisions,
    purchasing,
    replenishment,
    scope,
    simulations,
    stock,
)

__all__ = [
    "catalogue",
    "decisions",
    "purchasing",
    "replenishment",
    "scope",
    "simulations",
    "stock",
]
