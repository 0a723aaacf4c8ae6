"""Stock alerts: what is wrong with a SKU in a warehouse, whose it is, and since when."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field
from inventory.choices import AlertKind, AlertStatus
from inventory.models.catalogue import Sku
from inventory.models.warehouse import Warehouse


class AlertPolicy(SettingsModel):
    """From when on stock is too much, slow, dead, about to expire, or counted too far off."""

    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("warehouse"),
        help_text=_("Empty: all warehouses without their own."),
    )
    over_days = models.PositiveIntegerField(_("overstock from days of cover"), default=180)
    slow_days = models.PositiveIntegerField(_("slow from days without demand"), default=90)
    dead_days = models.PositiveIntegerField(_("dead from days without demand"), default=180)
    expiring_days = models.PositiveIntegerField(_("expiring within days"), default=30)
    variance_value = amount_field(_("count variance from a value of"), default=100)

    class Meta:
        verbose_name = _("alert policy")
        verbose_name_plural = _("alert policies")
        constraints = [
            models.UniqueConstraint(
                "warehouse",
                name="alert_policy_once",
                nulls_distinct=False,
                violation_error_message=_("There is such a policy already: change that one."),
            ),
            models.CheckConstraint(
                condition=Q(dead_days__gt=models.F("slow_days"), variance_value__gte=0),
                name="alert_policy_figures",
                violation_error_message=_("Stock is dead after more days than it is slow."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.warehouse or _("Company"))


class StockAlert(BusinessDocument):
    """One cause for one SKU in one warehouse; `facts` are the numbers that raised it."""

    lock_rank = 30
    serves = ()

    number = number_field("SA")
    kind = models.CharField(_("kind"), max_length=10, choices=AlertKind.choices)
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="alerts", verbose_name=_("SKU"))
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="alerts", verbose_name=_("warehouse")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=AlertStatus.choices, default=AlertStatus.OPEN
    )
    facts = models.JSONField(_("facts"), default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True)

    class Meta:
        verbose_name = _("stock alert")
        verbose_name_plural = _("stock alerts")
        permissions = [("handle_stockalert", "Can take and snooze stock alerts")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "sku", "warehouse"],
                name="stock_alert_one_open",
                condition=Q(status__in=[AlertStatus.OPEN, AlertStatus.SNOOZED]),
            ),
            models.CheckConstraint(
                condition=Q(status=AlertStatus.SNOOZED, snoozed_until__isnull=False)
                | (~Q(status=AlertStatus.SNOOZED) & Q(snoozed_until__isnull=True)),
                name="stock_alert_snoozed_until",
            ),
        ]
