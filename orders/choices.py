"""Choices of orders and returns."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class OrderStatus(models.TextChoices):
    PENDING = "PENDING", _("Pending")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    RELEASED = "RELEASED", _("Released")
    COMPLETED = "COMPLETED", _("Completed")
    CANCELLED = "CANCELLED", _("Cancelled")


ALL = tuple(OrderStatus)
OPEN = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.RELEASED)
EDITABLE = (OrderStatus.PENDING, OrderStatus.CONFIRMED)
FINAL = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)


class Stage(models.TextChoices):
    """How far an open order has come, by the times that it already has."""

    CONFIRM = "CONFIRM", _("To be confirmed")
    RELEASE = "RELEASE", _("To be released")
    SHIP = "SHIP", _("To be shipped")
    DELIVER = "DELIVER", _("On its way")
    COMPLETE = "COMPLETE", _("To be completed")


class PaymentStatus(models.TextChoices):
    UNPAID = "UNPAID", _("Unpaid")
    AUTHORISED = "AUTHORISED", _("Authorised")
    PARTIALLY_PAID = "PARTIALLY_PAID", _("Partially paid")
    PAID = "PAID", _("Paid")
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED", _("Partially refunded")
    REFUNDED = "REFUNDED", _("Refunded")


class FulfilmentStatus(models.TextChoices):
    UNFULFILLED = "UNFULFILLED", _("Unfulfilled")
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED", _("Partially shipped")
    SHIPPED = "SHIPPED", _("Shipped")
    DELIVERED = "DELIVERED", _("Delivered")
    RETURNED = "RETURNED", _("Returned")


class LineKind(models.TextChoices):
    """What a line sells; a KIT carries the price, its components follow as ITEM lines."""

    ITEM = "ITEM", _("Item")
    KIT = "KIT", _("Kit")
    SHIPPING = "SHIPPING", _("Shipping")
    DISCOUNT = "DISCOUNT", _("Discount")
    FEE = "FEE", _("Fee")


class PaymentTerms(models.TextChoices):
    PREPAID = "PREPAID", _("Paid before shipping")
    CHANNEL = "CHANNEL", _("Paid to the channel, which reports it")
    ON_ACCOUNT = "ON_ACCOUNT", _("On account")


class HoldReason(models.TextChoices):
    ADDRESS = "ADDRESS", _("Address to be checked")
    FRAUD = "FRAUD", _("Risk to be reviewed")
    STOCK = "STOCK", _("Stock to be clarified")
    CUSTOMER = "CUSTOMER", _("Customer asked to wait")
    OTHER = "OTHER", _("Other")


class ReturnStatus(models.TextChoices):
    REQUESTED = "REQUESTED", _("Requested")
    RECEIVED = "RECEIVED", _("Received")
    CLOSED = "CLOSED", _("Closed")
    CANCELLED = "CANCELLED", _("Cancelled")


class EditStatus(models.TextChoices):
    """PROPOSED: it waits for a second person."""

    DRAFT = "DRAFT", _("Draft")
    PROPOSED = "PROPOSED", _("Proposed")
    COMMITTED = "COMMITTED", _("Committed")
    REJECTED = "REJECTED", _("Rejected")
    CANCELLED = "CANCELLED", _("Cancelled")


class EditKind(models.TextChoices):
    """What an edit can change; a new kind gets its planner in `services/edit_plans.py`."""

    ADD_LINE = "ADD_LINE", _("Add a line")
    REMOVE_LINE = "REMOVE_LINE", _("Remove a line")
    CHANGE_QUANTITY = "CHANGE_QUANTITY", _("Change a quantity")
    CHANGE_ADDRESS = "CHANGE_ADDRESS", _("Change the ship-to address")
    ADJUST_TOTAL = "ADJUST_TOTAL", _("Adjust the total")


class ChannelOrderStatus(models.TextChoices):
    """HELD: no order was made of it yet; DIFFERS: the order could not follow the channel."""

    HELD = "HELD", _("Held")
    PLACED = "PLACED", _("Placed")
    DIFFERS = "DIFFERS", _("Differs")
    DISMISSED = "DISMISSED", _("Dismissed")


class Problem(models.TextChoices):
    """Why what a channel tells cannot be taken over as it is."""

    SKU = "SKU", _("Unknown SKU")
    ADDRESS = "ADDRESS", _("Incomplete address")
    CURRENCY = "CURRENCY", _("Unknown currency")
    TOTAL = "TOTAL", _("Other total")
    CONTENT = "CONTENT", _("Not to be read")
    AWAITED = "AWAITED", _("Order still to come")
    CANCEL = "CANCEL", _("Not to be cancelled")
    CHANGE = "CHANGE", _("Change not followed")


class NewsKind(models.TextChoices):
    """What a channel is told."""

    SHIPPED = "SHIPPED", _("Shipment")
    CANCELLED = "CANCELLED", _("Cancellation")
    REFUNDED = "REFUNDED", _("Refund")
    STOCK = "STOCK", _("Stock levels")


class NewsStatus(models.TextChoices):
    """NOT_TAKEN: the channel has no way to take it; somebody tells it there by hand."""

    QUEUED = "QUEUED", _("Queued")
    SENT = "SENT", _("Sent")
    FAILED = "FAILED", _("Failed")
    NOT_TAKEN = "NOT_TAKEN", _("Not taken by the channel")


class Condition(models.TextChoices):
    """In what condition a returned item came back."""

    SELLABLE = "SELLABLE", _("Sellable: back to stock")
    DAMAGED = "DAMAGED", _("Damaged: written off")


class ReturnReason(models.TextChoices):
    UNWANTED = "UNWANTED", _("Not wanted any more")
    WRONG_ITEM = "WRONG_ITEM", _("Wrong item")
    DAMAGED = "DAMAGED", _("Arrived damaged")
    LATE = "LATE", _("Arrived too late")
    OTHER = "OTHER", _("Other")


COLOURS: dict[str, Colour] = {
    OrderStatus.PENDING: Colour.WARNING,
    OrderStatus.CONFIRMED: Colour.ACTIVE,
    OrderStatus.RELEASED: Colour.ACTIVE,
    OrderStatus.COMPLETED: Colour.GOOD,
    OrderStatus.CANCELLED: Colour.NEUTRAL,
    PaymentStatus.UNPAID: Colour.WARNING,
    PaymentStatus.AUTHORISED: Colour.ACTIVE,
    PaymentStatus.PARTIALLY_PAID: Colour.WARNING,
    PaymentStatus.PAID: Colour.GOOD,
    PaymentStatus.PARTIALLY_REFUNDED: Colour.NEUTRAL,
    PaymentStatus.REFUNDED: Colour.NEUTRAL,
    FulfilmentStatus.UNFULFILLED: Colour.WARNING,
    FulfilmentStatus.PARTIALLY_SHIPPED: Colour.ACTIVE,
    FulfilmentStatus.SHIPPED: Colour.ACTIVE,
    FulfilmentStatus.DELIVERED: Colour.GOOD,
    FulfilmentStatus.RETURNED: Colour.NEUTRAL,
    ReturnStatus.REQUESTED: Colour.WARNING,
    ReturnStatus.RECEIVED: Colour.ACTIVE,
    ReturnStatus.CLOSED: Colour.GOOD,
    ChannelOrderStatus.HELD: Colour.WARNING,
    ChannelOrderStatus.DIFFERS: Colour.BAD,
    ChannelOrderStatus.PLACED: Colour.GOOD,
    ChannelOrderStatus.DISMISSED: Colour.NEUTRAL,
    NewsStatus.QUEUED: Colour.ACTIVE,
    NewsStatus.SENT: Colour.GOOD,
    NewsStatus.FAILED: Colour.BAD,
    NewsStatus.NOT_TAKEN: Colour.WARNING,
    EditStatus.DRAFT: Colour.NEUTRAL,
    EditStatus.PROPOSED: Colour.ACTIVE,
    EditStatus.COMMITTED: Colour.GOOD,
    EditStatus.REJECTED: Colour.BAD,
}
