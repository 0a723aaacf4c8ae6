"""Choices that every app shares."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Origin(models.TextChoices):
    """Where a document comes from; nothing leaves the building for what was imported."""

    LIVE = "LIVE", _("Live")
    IMPORT = "IMPORT", _("Imported")
    DEMO = "DEMO", _("Demo")


class UserKind(models.TextChoices):
    PERSON = "PERSON", _("Person")
    INTEGRATION = "INTEGRATION", _("Integration")
    JOB = "JOB", _("Job")


class Colour(models.TextChoices):
    """The five meanings a status badge can have."""

    NEUTRAL = "neutral", _("Neutral")
    ACTIVE = "active", _("Active")
    GOOD = "good", _("Good")
    WARNING = "warning", _("Warning")
    BAD = "bad", _("Bad")


class Role(models.TextChoices):
    """What somebody's work is; each is a group of permissions that every floor adds to."""

    ORDER_DESK = "ORDER_DESK", _("Order desk")
    WAREHOUSE = "WAREHOUSE", _("Warehouse")
    LOGISTICS = "LOGISTICS", _("Logistics")
    SERVICE = "SERVICE", _("Customer service")
    FINANCE = "FINANCE", _("Finance")
    ANALYST = "ANALYST", _("Analyst")
    AUDITOR = "AUDITOR", _("Auditor")
