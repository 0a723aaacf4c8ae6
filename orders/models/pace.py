"""How fast orders usually go through each stage."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.choices import Stage


class StagePace(models.Model):
    """The time within which nine of ten orders left a stage lately; measured daily."""

    stage = models.CharField(_("stage"), max_length=12, choices=Stage.choices, primary_key=True)
    p90 = models.DurationField(_("p90"))
    orders = models.IntegerField(_("orders measured"))
    measured_at = models.DateTimeField(_("measured at"))

    class Meta:
        verbose_name = _("pace of a stage")
        verbose_name_plural = _("paces of stages")
        constraints = [models.CheckConstraint(condition=Q(orders__gt=0), name="stage_pace_orders")]

    def __str__(self) -> str:
        return self.get_stage_display()
