"""Choices of shipments, pick lists, parcels and delivery exceptions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class ShipmentStatus(models.TextChoices):
    PLANNED = "PLANNED", _("Planned")
    PICKING = "PICKING", _("Picking")
    PACKED = "PACKED", _("Packed")
    SHIPPED = "SHIPPED", _("Shipped")
    DELIVERED = "DELIVERED", _("Delivered")
    CANCELLED = "CANCELLED", _("Cancelled")
    GIVEN_UP = "GIVEN_UP", _("Given up")


IN_HOUSE = (ShipmentStatus.PLANNED, ShipmentStatus.PICKING, ShipmentStatus.PACKED)


class PickListStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    PICKED = "PICKED", _("Picked")
    CANCELLED = "CANCELLED", _("Cancelled")


class ParcelStatus(models.TextChoices):
    CREATED = "CREATED", _("Created")
    LABELLED = "LABELLED", _("Labelled")
    IN_TRANSIT = "IN_TRANSIT", _("In transit")
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY", _("Out for delivery")
    DELIVERED = "DELIVERED", _("Delivered")
    EXCEPTION = "EXCEPTION", _("Exception")
    RETURNING = "RETURNING", _("Returning")
    RETURNED = "RETURNED", _("Returned")
    LOST = "LOST", _("Lost")
    CANCELLED = "CANCELLED", _("Cancelled")


# Parcels that have not left; parcels that a carrier has; parcels of which no news is awaited.
NOT_LEFT = (ParcelStatus.CREATED, ParcelStatus.LABELLED)
ON_THE_WAY = (
    ParcelStatus.IN_TRANSIT,
    ParcelStatus.OUT_FOR_DELIVERY,
    ParcelStatus.EXCEPTION,
    ParcelStatus.RETURNING,
    ParcelStatus.LOST,
)
FINAL_PARCELS = (ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED)


class Remedy(models.TextChoices):
    """What the customer gets instead of a parcel that was given up."""

    SEND_AGAIN = "SEND_AGAIN", _("Sent again")
    REFUND = "REFUND", _("Refunded")


class ExceptionKind(models.TextChoices):
    NO_FIRST_SCAN = "NO_FIRST_SCAN", _("No first scan")
    STUCK = "STUCK", _("Stuck")
    ATTEMPT_FAILED = "ATTEMPT_FAILED", _("Delivery attempt failed")
    ADDRESS = "ADDRESS", _("Address problem")
    RETURNING = "RETURNING", _("Returning to sender")
    DAMAGED = "DAMAGED", _("Damaged")
    LOST = "LOST", _("Lost")
    LATE = "LATE", _("Late")
    CUSTOMS = "CUSTOMS", _("Held by customs")
    ARRIVED_ANYWAY = "ARRIVED_ANYWAY", _("Arrived after it was given up")


# What lets a parcel be given up before the carrier says so itself.
GRAVE = (
    ExceptionKind.NO_FIRST_SCAN,
    ExceptionKind.STUCK,
    ExceptionKind.RETURNING,
    ExceptionKind.DAMAGED,
    ExceptionKind.LOST,
)


class ExceptionStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged")
    RESOLVED = "RESOLVED", _("Resolved")


class ScanSource(models.TextChoices):
    """By which way a scan reached us."""

    POLL = "POLL", _("Polled")
    PUSH = "PUSH", _("Pushed")
    MANUAL = "MANUAL", _("Entered")
    IMPORT = "IMPORT", _("Imported")


class BreakerState(models.TextChoices):
    CLOSED = "CLOSED", _("Closed")
    OPEN = "OPEN", _("Open: calls are paused")
    HALF_OPEN = "HALF_OPEN", _("Trying again")


COLOURS: dict[str, Colour] = {
    ShipmentStatus.PLANNED: Colour.WARNING,
    ShipmentStatus.PICKING: Colour.ACTIVE,
    ShipmentStatus.PACKED: Colour.ACTIVE,
    ShipmentStatus.SHIPPED: Colour.ACTIVE,
    ShipmentStatus.DELIVERED: Colour.GOOD,
    ShipmentStatus.CANCELLED: Colour.NEUTRAL,
    ShipmentStatus.GIVEN_UP: Colour.BAD,
    PickListStatus.OPEN: Colour.WARNING,
    PickListStatus.PICKED: Colour.GOOD,
    ParcelStatus.CREATED: Colour.NEUTRAL,
    ParcelStatus.LABELLED: Colour.ACTIVE,
    ParcelStatus.IN_TRANSIT: Colour.ACTIVE,
    ParcelStatus.OUT_FOR_DELIVERY: Colour.ACTIVE,
    ParcelStatus.EXCEPTION: Colour.BAD,
    ParcelStatus.RETURNING: Colour.WARNING,
    ParcelStatus.RETURNED: Colour.NEUTRAL,
    ParcelStatus.LOST: Colour.BAD,
    ExceptionStatus.ACKNOWLEDGED: Colour.ACTIVE,
    ExceptionStatus.RESOLVED: Colour.GOOD,
    BreakerState.CLOSED: Colour.GOOD,
    BreakerState.HALF_OPEN: Colour.WARNING,
}
