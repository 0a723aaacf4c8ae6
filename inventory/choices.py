"""Choices of stock, purchasing and replenishment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class StockPolicy(models.TextChoices):
    """TRACKED is counted and reserved; UNTRACKED is always available (a service, drop-shipping)."""

    TRACKED = "TRACKED", _("Tracked")
    UNTRACKED = "UNTRACKED", _("Untracked")


class Fulfilment(models.TextChoices):
    """Who picks and packs: our staff, or the warehouse by itself (a third-party warehouse)."""

    MANUAL = "MANUAL", _("Manual")
    AUTOMATIC = "AUTOMATIC", _("Automatic")


class LocationKind(models.TextChoices):
    RECEIVING = "RECEIVING", _("Receiving")
    STORAGE = "STORAGE", _("Storage")
    QUARANTINE = "QUARANTINE", _("Quarantine")


class MoveKind(models.TextChoices):
    OPENING = "OPENING", _("Opening stock")
    RECEIPT = "RECEIPT", _("Receipt")
    SHIPMENT = "SHIPMENT", _("Shipment")
    RETURN = "RETURN", _("Return")
    ADJUSTMENT = "ADJUSTMENT", _("Adjustment")
    WRITE_OFF = "WRITE_OFF", _("Write-off")
    TRANSFER = "TRANSFER", _("Transfer")


# Moves that bring units in at a cost of their own; the others go at the average cost.
COSTED = (MoveKind.OPENING, MoveKind.RECEIPT, MoveKind.RETURN, MoveKind.TRANSFER)


class PurchaseOrderStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    APPROVED = "APPROVED", _("Approved")
    SENT = "SENT", _("Sent")
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED", _("Partially received")
    RECEIVED = "RECEIVED", _("Received")
    CLOSED = "CLOSED", _("Closed")
    CANCELLED = "CANCELLED", _("Cancelled")


# Purchase orders whose missing units are still expected.
ON_ORDER = (
    PurchaseOrderStatus.DRAFT,
    PurchaseOrderStatus.APPROVED,
    PurchaseOrderStatus.SENT,
    PurchaseOrderStatus.PARTIALLY_RECEIVED,
)


class ProposalStatus(models.TextChoices):
    PROPOSED = "PROPOSED", _("Proposed")
    APPROVED = "APPROVED", _("Approved")
    ORDERED = "ORDERED", _("Ordered")
    REJECTED = "REJECTED", _("Rejected")
    EXPIRED = "EXPIRED", _("Expired")


class PlanningRule(models.TextChoices):
    """What sets the reorder point."""

    HYBRID = "HYBRID", _("Own and pooled demand, replayed")
    TEXTBOOK = "TEXTBOOK", _("Textbook (normal demand)")


class SimulationStatus(models.TextChoices):
    QUEUED = "QUEUED", _("Being replayed")
    DONE = "DONE", _("Replayed")
    ADOPTED = "ADOPTED", _("Adopted")
    TAKEN_BACK = "TAKEN_BACK", _("Taken back")


class SimulatedPolicy(models.TextChoices):
    """Whose reorder points are replayed."""

    TODAY = "TODAY", _("Today's policy")
    PEERS = "PEERS", _("Monthly min/max")
    CHANGED = "CHANGED", _("The change")


class AbcClass(models.TextChoices):
    """How much of a warehouse's yearly usage value a SKU stands for."""

    A = "A", _("A: the first 80 % of usage value")
    B = "B", _("B: the next 15 %")
    C = "C", _("C: the rest")


class XyzClass(models.TextChoices):
    """How steady a SKU's weekly demand is: its deviation as a share of its mean."""

    X = "X", _("X: steady")
    Y = "Y", _("Y: varying")
    Z = "Z", _("Z: irregular")


class CountStatus(models.TextChoices):
    OPEN = "OPEN", _("To be counted")
    REVIEW = "REVIEW", _("Differs")
    DONE = "DONE", _("Done")
    CANCELLED = "CANCELLED", _("Cancelled")


class CountLineStatus(models.TextChoices):
    OPEN = "OPEN", _("To be counted")
    REVIEW = "REVIEW", _("Differs")
    POSTED = "POSTED", _("Posted")
    DROPPED = "DROPPED", _("Dropped")


class AlertKind(models.TextChoices):
    """What is wrong with a SKU in a warehouse."""

    OUT = "OUT", _("Out of stock")
    LOW = "LOW", _("Low")
    LATE = "LATE", _("Runs out before the delivery")
    OVER = "OVER", _("Overstock")
    SLOW = "SLOW", _("Slow")
    DEAD = "DEAD", _("Dead")
    EXPIRING = "EXPIRING", _("Expiring")
    VARIANCE = "VARIANCE", _("Count variance")


class AlertStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    SNOOZED = "SNOOZED", _("Snoozed")
    RESOLVED = "RESOLVED", _("Resolved")


OPEN_PROPOSALS = (ProposalStatus.PROPOSED, ProposalStatus.APPROVED)

COLOURS = {
    StockPolicy.TRACKED: Colour.ACTIVE,
    StockPolicy.UNTRACKED: Colour.NEUTRAL,
    Fulfilment.MANUAL: Colour.NEUTRAL,
    Fulfilment.AUTOMATIC: Colour.ACTIVE,
    LocationKind.RECEIVING: Colour.ACTIVE,
    LocationKind.STORAGE: Colour.GOOD,
    LocationKind.QUARANTINE: Colour.WARNING,
    MoveKind.OPENING: Colour.NEUTRAL,
    MoveKind.RECEIPT: Colour.GOOD,
    MoveKind.SHIPMENT: Colour.ACTIVE,
    MoveKind.RETURN: Colour.WARNING,
    MoveKind.ADJUSTMENT: Colour.NEUTRAL,
    MoveKind.WRITE_OFF: Colour.BAD,
    MoveKind.TRANSFER: Colour.NEUTRAL,
    PurchaseOrderStatus.DRAFT: Colour.NEUTRAL,
    PurchaseOrderStatus.APPROVED: Colour.ACTIVE,
    PurchaseOrderStatus.SENT: Colour.ACTIVE,
    PurchaseOrderStatus.PARTIALLY_RECEIVED: Colour.WARNING,
    PurchaseOrderStatus.RECEIVED: Colour.GOOD,
    PurchaseOrderStatus.CLOSED: Colour.GOOD,
    PurchaseOrderStatus.CANCELLED: Colour.BAD,
    ProposalStatus.PROPOSED: Colour.WARNING,
    ProposalStatus.APPROVED: Colour.ACTIVE,
    ProposalStatus.ORDERED: Colour.GOOD,
    ProposalStatus.REJECTED: Colour.BAD,
    ProposalStatus.EXPIRED: Colour.NEUTRAL,
    AbcClass.A: Colour.GOOD,
    AbcClass.B: Colour.ACTIVE,
    AbcClass.C: Colour.NEUTRAL,
    XyzClass.X: Colour.GOOD,
    XyzClass.Y: Colour.ACTIVE,
    XyzClass.Z: Colour.WARNING,
    CountStatus.OPEN: Colour.ACTIVE,
    CountStatus.REVIEW: Colour.WARNING,
    CountStatus.DONE: Colour.GOOD,
    CountStatus.CANCELLED: Colour.NEUTRAL,
    CountLineStatus.POSTED: Colour.GOOD,
    CountLineStatus.DROPPED: Colour.NEUTRAL,
    AlertKind.OUT: Colour.BAD,
    AlertKind.LOW: Colour.WARNING,
    AlertKind.LATE: Colour.WARNING,
    AlertKind.OVER: Colour.ACTIVE,
    AlertKind.SLOW: Colour.NEUTRAL,
    AlertKind.DEAD: Colour.BAD,
    AlertKind.EXPIRING: Colour.WARNING,
    AlertKind.VARIANCE: Colour.WARNING,
    AlertStatus.OPEN: Colour.WARNING,
    AlertStatus.SNOOZED: Colour.NEUTRAL,
    AlertStatus.RESOLVED: Colour.GOOD,
    SimulationStatus.QUEUED: Colour.ACTIVE,
    SimulationStatus.DONE: Colour.GOOD,
    SimulationStatus.ADOPTED: Colour.GOOD,
    SimulationStatus.TAKEN_BACK: Colour.NEUTRAL,
}
