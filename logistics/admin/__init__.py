from logistics.admin import carrier, dialogs, exception, parcel, picking, shipment

__all__ = ["carrier", "dialogs", "exception", "parcel", "picking", "shipment"]
