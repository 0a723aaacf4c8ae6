from orders.admin import channel_orders, connections, dialogs, edits, master, order, returns

__all__ = ["channel_orders", "connections", "dialogs", "edits", "master", "order", "returns"]
