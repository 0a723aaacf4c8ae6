"""Choices of metrics, stages and checks."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class Metric(models.TextChoices):
    """The five times that the product exists to make small."""

    T_O = "T_O", _("Order processing")
    T_I = "T_I", _("Inventory")
    T_L = "T_L", _("Delivery")
    T_S = "T_S", _("Service")
    T_F = "T_F", _("Settlement")


class Dimension(models.TextChoices):
    ALL = "ALL", _("All")
    CHANNEL = "CHANNEL", _("Sales channel")
    WAREHOUSE = "WAREHOUSE", _("Warehouse")
    CARRIER = "CARRIER", _("Carrier")
    SELLER = "SELLER", _("Seller")


class Stage(models.TextChoices):
    """The stages of an order's way to its customer, in their order."""

    CONFIRM = "CONFIRM", _("Placed to confirmed")
    RELEASE = "RELEASE", _("Confirmed to released")
    QUEUE = "QUEUE", _("Released to picking")
    PICK_PACK = "PICK_PACK", _("Picking to handed over")
    CARRY = "CARRY", _("Handed over to delivered")


# What our own staff and rules can shorten; a carrier's time is only chosen, not made.
CONTROLLABLE = (Stage.CONFIRM, Stage.RELEASE, Stage.QUEUE, Stage.PICK_PACK)


class Domain(models.TextChoices):
    ORDERS = "ORDERS", _("Orders")
    INVENTORY = "INVENTORY", _("Inventory")
    LOGISTICS = "LOGISTICS", _("Logistics")
    FINANCE = "FINANCE", _("Finance")
    SUPPORT = "SUPPORT", _("Support")
    SYSTEM = "SYSTEM", _("System")


class Quality(models.TextChoices):
    """In which respect data can be bad."""

    COMPLETENESS = "COMPLETENESS", _("Completeness")
    CONSISTENCY = "CONSISTENCY", _("Consistency")
    VALIDITY = "VALIDITY", _("Validity")
    TIMELINESS = "TIMELINESS", _("Timeliness")
    ACCURACY = "ACCURACY", _("Accuracy")


class CheckState(models.TextChoices):
    PASSED = "PASSED", _("Passed")
    FAILED = "FAILED", _("Failed")
    ERROR = "ERROR", _("Could not run")


COLOURS: dict[str, Colour] = {
    CheckState.PASSED: Colour.GOOD,
    CheckState.FAILED: Colour.BAD,
    CheckState.ERROR: Colour.WARNING,
}


class Against(models.TextChoices):
    """What a period is compared with."""

    USUAL = "USUAL", _("the usual: 28 days before")
    PREVIOUS = "PREVIOUS", _("as many days before")
