"""Choices of tickets, messages and surveys."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class TicketStatus(models.TextChoices):
    NEW = "NEW", _("New")
    OPEN = "OPEN", _("Open")
    WAITING = "WAITING", _("Waiting for customer")
    SOLVED = "SOLVED", _("Solved")
    CLOSED = "CLOSED", _("Closed")


OPEN = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.WAITING)
# Tickets whose clocks run, and those that an agent has in hand.
ACTIVE = (TicketStatus.NEW, TicketStatus.OPEN)


class Priority(models.TextChoices):
    LOW = "LOW", _("Low")
    NORMAL = "NORMAL", _("Normal")
    HIGH = "HIGH", _("High")
    URGENT = "URGENT", _("Urgent")


class Skill(models.TextChoices):
    """What an agent has to know for a ticket."""

    GENERAL = "GENERAL", _("General")
    DELIVERY = "DELIVERY", _("Delivery")
    RETURNS = "RETURNS", _("Returns")
    PAYMENT = "PAYMENT", _("Payment")
    PRODUCT = "PRODUCT", _("Product")


class Language(models.TextChoices):
    EN = "en", _("English")
    ZH = "zh", _("Chinese")


class Direction(models.TextChoices):
    IN = "IN", _("From the customer")
    OUT = "OUT", _("To the customer")
    INTERNAL = "INTERNAL", _("Internal note")


class Clock(models.TextChoices):
    FIRST_RESPONSE = "FIRST_RESPONSE", _("First response")
    SOLUTION = "SOLUTION", _("Solution")


class SurveyStatus(models.TextChoices):
    SENT = "SENT", _("Sent")
    ANSWERED = "ANSWERED", _("Answered")


COLOURS: dict[str, Colour] = {
    TicketStatus.NEW: Colour.WARNING,
    TicketStatus.OPEN: Colour.ACTIVE,
    TicketStatus.WAITING: Colour.NEUTRAL,
    TicketStatus.SOLVED: Colour.GOOD,
    TicketStatus.CLOSED: Colour.NEUTRAL,
    Priority.LOW: Colour.NEUTRAL,
    Priority.NORMAL: Colour.NEUTRAL,
    Priority.HIGH: Colour.WARNING,
    Priority.URGENT: Colour.BAD,
    Direction.IN: Colour.ACTIVE,
    Direction.OUT: Colour.GOOD,
    Direction.INTERNAL: Colour.NEUTRAL,
    SurveyStatus.SENT: Colour.NEUTRAL,
    SurveyStatus.ANSWERED: Colour.GOOD,
}


def base_language(code: str) -> str:
    """Return the language that a ticket is handled in: `zh` for any Chinese, else English."""
    return Language.ZH if code.lower().startswith("zh") else Language.EN
