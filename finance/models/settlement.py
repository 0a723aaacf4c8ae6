"""Contracts with sellers, settled orders and how refunds are charged back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, SettingsModel, number_of
from backoffice.core.money import Money, amount_field, currency_field, rounded_check
from backoffice.core.validators import validate_time_zone
from finance.charges import GROSS, LINE, NET, ORDER, contract_fields
from finance.choices import PayoutSchedule
from inventory.models import Seller
from orders.models import Order

# The contract's checks follow the charges: shares stay below the whole, amounts have a currency.
SHARES = contract_fields(GROSS, NET)
AMOUNTS = [*contract_fields(LINE, ORDER), "minimum_payout"]


class CommissionContract(SettingsModel):
    """What a seller pays and when the seller is paid; no seller means everybody else."""

    lock_rank = 55

    name = models.CharField(_("name"), max_length=120)
    seller = models.ForeignKey(
        Seller, models.PROTECT, null=True, blank=True, verbose_name=_("seller")
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty for every currency."),
    )
    commission_rate = models.DecimalField(
        _("commission rate"),
        max_digits=7,
        decimal_places=5,
        default=0,
        db_default=0,
        help_text=_("Share of the gross amount: 0.12 is 12 %."),
    )
    line_fee = amount_field(_("fee per order line"), default=0, db_default=0)
    refunds_commission = models.BooleanField(
        _("gives commission back on refunds"), default=True, db_default=True
    )
    settlement_delay_days = models.PositiveSmallIntegerField(
        _("days from delivery to settlement"), default=0, db_default=0
    )
    return_window_days = models.PositiveSmallIntegerField(
        _("days from delivery to payout"), default=0, db_default=0
    )
    reserve_share = models.DecimalField(
        _("rolling reserve"),
        max_digits=6,
        decimal_places=5,
        default=0,
        db_default=0,
        help_text=_("Share of each statement's sales that is held back."),
    )
    reserve_days = models.PositiveSmallIntegerField(
        _("days the reserve is held"), default=90, db_default=90
    )
    payout_schedule = models.CharField(
        _("payout schedule"),
        max_length=8,
        choices=PayoutSchedule.choices,
        default=PayoutSchedule.WEEKLY,
        db_default=PayoutSchedule.WEEKLY,
    )
    minimum_payout = amount_field(_("smallest payout"), default=0, db_default=0)
    payout_block = models.CharField(
        _("why payouts are blocked"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Empty: payouts flow."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="UTC",
        db_default="UTC",
        validators=[validate_time_zone],
    )

    class Meta:
        verbose_name = _("commission contract")
        verbose_name_plural = _("commission contracts")
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "currency"],
                name="contract_once",
                condition=Q(is_active=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(
                    **{f"{name}__gte": 0 for name in SHARES},
                    **{f"{name}__lt": 1 for name in SHARES},
                ),
                name="contract_rate_is_share",
            ),
            models.CheckConstraint(
                condition=Q(reserve_share__gte=0, reserve_share__lt=1),
                name="contract_reserve_is_share",
            ),
            models.CheckConstraint(
                condition=Q(**dict.fromkeys(AMOUNTS, 0))
                | (Q(**{f"{name}__gte": 0 for name in AMOUNTS}) & ~Q(currency="")),
                name="contract_amounts_have_currency",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SettlementDue(models.Model):
    """A delivered order that waits for its settlement; deleted when nothing of it is left."""

    order = models.OneToOneField(
        Order,
        models.PROTECT,
        primary_key=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("order"),
    )
    due_at = models.DateTimeField(_("due at"))

    class Meta:
        verbose_name = _("order to be settled")
        verbose_name_plural = _("orders to be settled")
        indexes = [models.Index("due_at", name="settlement_due")]

    def __str__(self) -> str:
        return f"{self.order_id} {self.due_at:%Y-%m-%d}"


class OrderSettlement(AppendOnlyModel):
    """What one order brought one seller, or the platform itself where there is no seller.

    gross = tax + charges + payable; for own goods payable is the net revenue. `charges` are those
    of `finance/charges.py` that were levied, by code.
    """

    order_id = models.BigIntegerField(_("order"))
    seller_id = models.BigIntegerField(_("seller"), null=True)
    contract_id = models.BigIntegerField(_("contract"))
    currency = currency_field()
    lines = models.SmallIntegerField(_("lines"))
    gross_amount = amount_field(_("gross"))
    tax_amount = amount_field(_("tax"))
    charges = models.JSONField(_("charges"), default=dict, db_default={})
    charges_amount = amount_field(_("charges together"), db_default=0)
    payable_amount = amount_field(_("payable"))
    delivered_on = models.DateField(_("delivered on"))
    settles_on = models.DateField(_("settles on"))
    settled_at = models.DateTimeField(_("settled at"))
    origin = models.CharField(_("origin"), max_length=6)

    class Meta:
        verbose_name = _("settled order")
        verbose_name_plural = _("settled orders")
        constraints = [
            models.UniqueConstraint(
                fields=["order_id", "seller_id"], name="settlement_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(
                    gross_amount=F("tax_amount") + F("charges_amount") + F("payable_amount")
                ),
                name="settlement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(seller_id__isnull=False) | Q(charges={}, charges_amount=0),
                name="settlement_own_goods_free",
            ),
            rounded_check(
                "settlement_rounded",
                "gross_amount",
                "tax_amount",
                "charges_amount",
                "payable_amount",
            ),
        ]
        indexes = [
            # What is still inside its return window when a payout is made.
            models.Index(
                "seller_id",
                "delivered_on",
                name="settlement_window",
                condition=Q(seller_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{number_of(Order, self.order_id)}: {Money(self.payable_amount, self.currency)}"


class RefundShare(AppendOnlyModel):
    """Who bears a refund of a settled order: gross = tax + charges + payable + goodwill."""

    refund_id = models.BigIntegerField(_("refund"))
    order_id = models.BigIntegerField(_("order"))
    seller_id = models.BigIntegerField(_("seller"), null=True)
    currency = currency_field()
    gross_amount = amount_field(_("gross"))
    tax_amount = amount_field(_("tax"))
    charges = models.JSONField(_("charges"), default=dict, db_default={})
    charges_amount = amount_field(_("charges together"), db_default=0)
    payable_amount = amount_field(_("payable"))
    goodwill_amount = amount_field(_("goodwill"))

    class Meta:
        verbose_name = _("refund share")
        verbose_name_plural = _("refund shares")
        constraints = [
            models.UniqueConstraint(
                fields=["refund_id", "seller_id"], name="refund_share_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(
                    gross_amount=F("tax_amount")
                    + F("charges_amount")
                    + F("payable_amount")
                    + F("goodwill_amount")
                ),
                name="refund_share_adds_up",
            ),
            rounded_check(
                "refund_share_rounded",
                "gross_amount",
                "tax_amount",
                "charges_amount",
                "payable_amount",
                "goodwill_amount",
            ),
        ]
        indexes = [models.Index("order_id", name="refund_share_order")]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.seller_id or '-'} {self.gross_amount} {self.currency}"
