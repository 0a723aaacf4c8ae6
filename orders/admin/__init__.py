from orders.admin import dialogs, edits, master, order, returns

__all__ = ["dialogs", "edits", "master", "order", "returns"]
