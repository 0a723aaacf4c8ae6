from orders.admin import dialogs, master, order, returns

__all__ = ["dialogs", "master", "order", "returns"]
