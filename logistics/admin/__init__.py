from logistics.admin import carrier, exception, parcel, picking, shipment

__all__ = ["carrier", "exception", "parcel", "picking", "shipment"]
