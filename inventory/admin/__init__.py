from inventory.admin import catalogue, purchasing, replenishment, stock

__all__ = ["catalogue", "purchasing", "replenishment", "stock"]
