"""Simulations: a scope's own past replayed under today's policy, the peers' rule and a change."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, Job, number_field
from inventory.choices import PlanningRule, SimulatedPolicy, SimulationStatus
from inventory.models.warehouse import Warehouse


class Simulation(BusinessDocument):
    """What a change of the policy of a scope would have done; what it leaves empty stays.

    `former` keeps what an adoption replaced.
    """

    lock_rank = 30
    serves = ()

    number = number_field("SM")
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=SimulationStatus.choices,
        default=SimulationStatus.QUEUED,
    )
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, null=True, related_name="+", verbose_name=_("warehouse")
    )
    category = models.CharField(_("category"), max_length=120, blank=True, db_default="")
    rule = models.CharField(
        _("rule"), max_length=10, choices=PlanningRule.choices, blank=True, db_default=""
    )
    fill_rate = models.DecimalField(
        _("fill rate asked for"), max_digits=5, decimal_places=4, null=True
    )
    order_rhythm_days = models.PositiveIntegerField(_("order rhythm (days)"), null=True)
    lead_time_days = models.PositiveIntegerField(_("lead time (days)"), null=True)
    job = models.ForeignKey(Job, models.PROTECT, null=True, related_name="+", verbose_name=_("job"))
    former = models.JSONField(_("former policy"), default=dict)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("replenishment simulation")
        verbose_name_plural = _("replenishment simulations")
        permissions = [("adopt_simulation", "Can adopt replenishment simulations")]


class SimulationCurve(models.Model):
    """What one policy would have done: `result` has a point for each of its knob's values."""

    simulation = models.ForeignKey(
        Simulation, models.PROTECT, related_name="curves", verbose_name=_("simulation")
    )
    policy = models.CharField(_("policy"), max_length=10, choices=SimulatedPolicy.choices)
    result = models.JSONField(_("result"), default=dict)

    class Meta:
        verbose_name = _("simulation curve")
        verbose_name_plural = _("simulation curves")
        constraints = [
            models.UniqueConstraint(fields=["simulation", "policy"], name="simulation_curve_once")
        ]

    def __str__(self) -> str:
        return f"{self.simulation_id} {self.policy}"
