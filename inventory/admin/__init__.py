from inventory.admin import (
    catalogue,
    counting,
    decisions,
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
    "purchasing",
    "replenishment",
    "scope",
    "simulations",
    "stock",
]
