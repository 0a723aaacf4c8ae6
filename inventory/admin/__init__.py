from inventory.admin import (
    catalogue,
    counting,
    decisions,
    health,
    purchasing,
    replenishment,
    scope,
    simulations,
    stock,
)

__all__ = [
    "catalogue",
    "counting",
    "decisions",
    "health",
    "purchasing",
    "replenishment",
    "scope",
    "simulations",
    "stock",
]
