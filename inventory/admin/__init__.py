from inventory.admin import catalogue, purchasing, replenishment, scope, stock

__all__ = ["catalogue", "purchasing", "replenishment", "scope", "stock"]
