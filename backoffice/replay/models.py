"""How alive the demo is."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import SettingsModel


class DemoSettings(SettingsModel):
    """How busy the demo shop is; one row, made with the shop. Inactive, nothing happens in it."""

    orders_per_hour = models.PositiveIntegerField(
        _("orders per hour"), default=120, validators=[MaxValueValidator(3600)]
    )
    speed = models.DecimalField(
        _("speed"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(10))],
        help_text=_("At 1 a parcel's day takes a minute and people's day five; at 2 half as long."),
    )
    most_waiting = models.PositiveIntegerField(
        _("orders waiting at most"),
        default=300,
        help_text=_("While so many wait to be shipped, no new order comes."),
    )
    most_orders = models.PositiveIntegerField(
        _("orders at most"),
        default=10_000,
        help_text=_("Once the demo holds so many, no new order comes: the disk stays small."),
    )
    seed = models.IntegerField(_("seed"), default=7, editable=False)

    class Meta:
        verbose_name = _("demo")
        verbose_name_plural = _("demo")
        constraints = [
            models.CheckConstraint(
                condition=Q(orders_per_hour__lte=3600, speed__gte=Decimal("0.1"), speed__lte=10),
                name="demo_pace",
            ),
        ]

    def __str__(self) -> str:
        return "Demo"
