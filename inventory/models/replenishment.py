"""Replenishment: the policies by scope, and what the nightly job proposes."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field
from inventory.choices import OPEN_PROPOSALS, PlanningRule, ProposalStatus
from inventory.models.catalogue import Sku
from inventory.models.purchasing import PurchaseOrder, SupplierItem
from inventory.models.warehouse import Warehouse


class ReplenishmentPolicy(SettingsModel):
    """How stock is replenished in a scope: the company, a warehouse, a category, a SKU.

    What a narrower policy leaves empty the next wider one says.
    """

    warehouse = models.ForeignKey(
        Warehouse,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=_("warehouse"),
        help_text=_("Empty: all warehouses."),
    )
    category = models.CharField(
        _("category"),
        max_length=120,
        blank=True,
        help_text=_("Of products, as it stands there. Empty: all categories."),
    )
    sku = models.ForeignKey(
        Sku,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=_("SKU"),
        help_text=_("Empty: all SKUs."),
    )
    rule = models.CharField(_("rule"), max_length=10, choices=PlanningRule.choices, blank=True)
    fill_rate = models.DecimalField(
        _("fill rate asked for"),
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("The share of the value asked for that the shelf serves: 0.98 is 98 %."),
    )
    order_rhythm_days = models.PositiveIntegerField(
        _("order rhythm (days)"),
        null=True,
        blank=True,
        help_text=_("As many order lines as if each covered so many days of demand."),
    )
    minimum = models.PositiveIntegerField(_("minimum, instead of computed"), null=True, blank=True)
    maximum = models.PositiveIntegerField(_("maximum, instead of computed"), null=True, blank=True)
    orders_up_to = amount_field(
        _("ordered without asking up to (company currency)"), null=True, blank=True
    )
    proposal_limit = amount_field(
        _("a proposal is worth at most (company currency)"), null=True, blank=True
    )
    day_budget = amount_field(
        _("proposals of one day are worth at most (company currency)"),
        null=True,
        blank=True,
        help_text=_("For the company or a warehouse: what runs out first comes first."),
    )
    is_frozen = models.BooleanField(_("frozen: propose nothing"), default=False)
    frozen_until = models.DateField(
        _("frozen until"), null=True, blank=True, help_text=_("Empty: until it is taken back.")
    )
    frozen_reason = models.CharField(_("why frozen"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("replenishment policy")
        verbose_name_plural = _("replenishment policies")
        constraints = [
            models.UniqueConstraint(
                fields=["warehouse", "category", "sku"],
                name="replenishment_policy_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(category="") | models.Q(sku__isnull=True),
                name="replenishment_policy_scope",
                violation_error_message=_("A SKU has its category: leave one of both empty."),
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(fill_rate__isnull=True)
                    | models.Q(fill_rate__gte=Decimal("0.5"), fill_rate__lt=1)
                )
                & (
                    models.Q(order_rhythm_days__isnull=True)
                    | models.Q(order_rhythm_days__gte=1, order_rhythm_days__lte=90)
                ),
                name="replenishment_policy_figures",
                violation_error_message=_(
                    "The fill rate is at least 0.5 and less than 1, the rhythm 1 to 90 days."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(maximum__isnull=True)
                | models.Q(minimum__isnull=True)
                | models.Q(maximum__gte=models.F("minimum")),
                name="replenishment_policy_range",
            ),
            models.CheckConstraint(
                condition=models.Q(day_budget__isnull=True)
                | models.Q(category="", sku__isnull=True),
                name="replenishment_policy_budget",
                violation_error_message=_("A budget is the company's or a warehouse's."),
            ),
        ]

    def __str__(self) -> str:
        scope = [self.sku or self.category, self.warehouse and f"@ {self.warehouse}"]
        return " ".join(str(part) for part in scope if part) or str(_("Company"))


class ReplenishmentProposal(BusinessDocument):
    """What should be bought for a warehouse, with every number that led there."""

    lock_rank = 30
    serves = ()

    number = number_field("RP")
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="proposals", verbose_name=_("SKU"))
    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="proposals", verbose_name=_("warehouse")
    )
    supplier_item = models.ForeignKey(
        SupplierItem, models.PROTECT, related_name="proposals", verbose_name=_("supplier item")
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ProposalStatus.choices,
        default=ProposalStatus.PROPOSED,
    )
    planned_on = models.DateField(_("planned on"))
    quantity = models.IntegerField(_("quantity"))
    unit_price = amount_field(_("unit price"))
    currency = currency_field()
    reorder_point = models.IntegerField(_("reorder point"))
    position = models.IntegerField(_("stock position"))
    purchase_order = models.ForeignKey(
        PurchaseOrder,
        models.PROTECT,
        null=True,
        related_name="proposals",
        verbose_name=_("purchase order"),
    )
    explanation = models.JSONField(_("explanation"), default=dict)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("replenishment proposal")
        verbose_name_plural = _("replenishment proposals")
        permissions = [
            ("approve_replenishmentproposal", "Can approve and reject replenishment proposals"),
            ("order_replenishmentproposal", "Can order replenishment proposals"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "warehouse"],
                name="proposal_one_open",
                condition=models.Q(status__in=OPEN_PROPOSALS),
            ),
            models.UniqueConstraint(
                fields=["sku", "warehouse", "planned_on"], name="proposal_once_a_night"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0, unit_price__gte=0), name="proposal_figures"
            ),
            models.CheckConstraint(
                condition=models.Q(status=ProposalStatus.ORDERED, purchase_order__isnull=False)
                | (
                    ~models.Q(status=ProposalStatus.ORDERED) & models.Q(purchase_order__isnull=True)
                ),
                name="proposal_ordered_has_purchase_order",
            ),
        ]


class ReplenishmentRun(models.Model):
    """What one night's planning looked at and proposed, with the fill curve that set its knob.

    `curve` holds, for each tried number of days of holding that a missed unit is worth, the value
    fill, mean stock value and order lines of replaying the recent past; empty until there is one.
    """

    started_at = models.DateTimeField(_("started at"))
    warehouses = models.JSONField(_("warehouses"), default=list)
    curve = models.JSONField(_("fill curve"), default=dict)
    measured_at = models.DateTimeField(_("fill curve measured at"), null=True)
    figures = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("replenishment run")
        verbose_name_plural = _("replenishment runs")
        indexes = [models.Index("started_at", "id", name="replenishment_run_started")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"
