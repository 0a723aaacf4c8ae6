"""Counts: which bins are counted how often, and what was found in them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field
from inventory.choices import AbcClass, CountLineStatus, CountStatus
from inventory.models.catalogue import Sku
from inventory.models.warehouse import Location, Lot, Warehouse

WAITING = (CountLineStatus.OPEN, CountLineStatus.REVIEW)


class Tolerance(models.Model):
    """How far a count may be off before a second person looks at it."""

    tolerance_percent = models.DecimalField(
        _("tolerance (%)"),
        max_digits=5,
        decimal_places=2,
        default=0,
        db_default=0,
        help_text=_("Of what is expected; one unit is always within it."),
    )
    tolerance_value = amount_field(
        _("tolerance (value)"),
        default=20,
        db_default=20,
        help_text=_("In the company's currency; more than that goes to a second person."),
    )

    class Meta:
        abstract = True


class CountPlan(Tolerance, SettingsModel):
    """The bins of a class are each counted once in so many days, a part of them every day."""

    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="count_plans", verbose_name=_("warehouse")
    )
    abc_class = models.CharField(
        _("ABC class"),
        max_length=1,
        choices=AbcClass.choices,
        blank=True,
        help_text=_("Empty: whatever has no plan of its own."),
    )
    every_days = models.PositiveIntegerField(_("once in so many days"))

    class Meta:
        verbose_name = _("count plan")
        verbose_name_plural = _("count plans")
        constraints = [
            models.UniqueConstraint(
                fields=["warehouse", "abc_class"],
                name="count_plan_once",
                condition=Q(is_active=True),
                violation_error_message=_("This class has a plan already: change that one."),
            ),
            models.CheckConstraint(
                condition=Q(
                    every_days__range=(1, 3650),
                    tolerance_percent__range=(0, 100),
                    tolerance_value__gte=0,
                ),
                name="count_plan_figures",
                violation_error_message=_(
                    "Once in 1 to 3,650 days; the tolerance is 0 to 100 %, its value not negative."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.warehouse} {self.abc_class}".strip()


class StockCount(Tolerance, BusinessDocument):
    """Bins to be counted blind in one walk: whoever counts is not told what is expected."""

    lock_rank = 40
    serves = ()

    number = number_field("SC")
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="stock_counts", verbose_name=_("warehouse")
    )
    plan = models.ForeignKey(
        CountPlan, models.PROTECT, null=True, related_name="+", verbose_name=_("count plan")
    )
    planned_on = models.DateField(_("planned on"))
    status = models.CharField(
        _("status"), max_length=10, choices=CountStatus.choices, default=CountStatus.OPEN
    )
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("stock count")
        verbose_name_plural = _("stock counts")
        permissions = [
            ("count_stockcount", "Can count stock"),
            ("approve_stockcount", "Can approve what counts found"),
        ]
        indexes = [models.Index("plan", "planned_on", name="stock_count_planned")]


class StockCountLine(models.Model):
    """One SKU and lot in one bin. `expected` is what the ledger had there when it was counted."""

    serves = ("stock_count",)

    stock_count = models.ForeignKey(
        StockCount, models.PROTECT, related_name="lines", verbose_name=_("stock count")
    )
    position = models.PositiveIntegerField(_("position"))
    sku = models.ForeignKey(
        Sku, models.PROTECT, related_name="+", db_index=False, verbose_name=_("SKU")
    )
    location = models.ForeignKey(
        Location, models.PROTECT, related_name="+", db_index=False, verbose_name=_("location")
    )
    lot = models.ForeignKey(
        Lot, models.PROTECT, related_name="+", db_index=False, verbose_name=_("lot")
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=CountLineStatus.choices,
        default=CountLineStatus.OPEN,
        db_default=CountLineStatus.OPEN,
    )
    turn = models.PositiveSmallIntegerField(_("turn"), default=1, db_default=1)
    counted = models.IntegerField(_("counted"), null=True)
    expected = models.IntegerField(_("expected"), null=True)
    difference = models.IntegerField(_("difference"), null=True)
    earlier_difference = models.IntegerField(_("difference before"), null=True)
    counted_at = models.DateTimeField(_("counted at"), null=True)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("counted by"),
    )
    earlier_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("counted before by"),
    )

    class Meta:
        verbose_name = _("count line")
        verbose_name_plural = _("count lines")
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "location", "lot"],
                name="count_line_one_waiting",
                condition=Q(status__in=WAITING),
            ),
            models.CheckConstraint(
                condition=Q(status__in=[CountLineStatus.OPEN, CountLineStatus.DROPPED])
                | Q(
                    counted__gte=0,
                    expected__isnull=False,
                    difference=models.F("counted") - models.F("expected"),
                    counted_at__isnull=False,
                    counted_by__isnull=False,
                ),
                name="count_line_told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.location}"
