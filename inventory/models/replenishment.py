"""Replenishment: the policy per SKU and warehouse, and what the nightly job proposes."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field
from inventory.choices import OPEN_PROPOSALS, ProposalStatus
from inventory.models.catalogue import Sku
from inventory.models.purchasing import PurchaseOrder, SupplierItem
from inventory.models.warehouse import Warehouse


class ReplenishmentPolicy(SettingsModel):
    """How a SKU is replenished in a warehouse; without a SKU, the warehouse's default."""

    warehouse = models.ForeignKey(
        Warehouse, models.PROTECT, related_name="policies", verbose_name=_("warehouse")
    )
    sku = models.ForeignKey(
        Sku,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="policies",
        verbose_name=_("SKU"),
    )
    service_level = models.DecimalField(
        _("service level"), max_digits=5, decimal_places=4, default=Decimal("0.98")
    )
    order_cost = amount_field(_("cost of an order line"), default=Decimal(5))
    holding_rate = models.DecimalField(
        _("holding cost per year"), max_digits=6, decimal_places=4, default=Decimal("0.25")
    )
    order_rhythm_days = models.PositiveIntegerField(
        _("order rhythm (days) where no cost is known"), default=14
    )
    minimum = models.PositiveIntegerField(_("minimum, instead of computed"), null=True, blank=True)
    maximum = models.PositiveIntegerField(_("maximum, instead of computed"), null=True, blank=True)
    orders_up_to = amount_field(
        _("ordered without asking up to (company currency)"), null=True, blank=True
    )
    is_frozen = models.BooleanField(_("frozen: propose nothing"), default=False)

    class Meta:
        verbose_name = _("replenishment policy")
        verbose_name_plural = _("replenishment policies")
        constraints = [
            models.UniqueConstraint(
                fields=["warehouse", "sku"],
                name="replenishment_policy_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(
                    service_level__gte=Decimal("0.5"), service_level__lt=1, holding_rate__gt=0
                )
                & models.Q(order_cost__gte=0, order_rhythm_days__gt=0),
                name="replenishment_policy_figures",
            ),
            models.CheckConstraint(
                condition=models.Q(maximum__isnull=True)
                | models.Q(minimum__isnull=True)
                | models.Q(maximum__gte=models.F("minimum")),
                name="replenishment_policy_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku or '*'} @ {self.warehouse}"


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
