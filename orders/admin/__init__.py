from orders.admin import master, order, returns

__all__ = ["master", "order", "returns"]
