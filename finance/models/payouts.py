"""Sellers' statements and the payouts that follow them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, BusinessDocument, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from finance.choices import OPEN_PAYOUTS, PayoutStatus
from finance.models.batches import BankDetails, PayoutBatch
from inventory.models import Seller

AMOUNTS = (
    "opening_amount",
    "sales_amount",
    "refunds_amount",
    "payouts_amount",
    "other_amount",
    "held_amount",
    "released_amount",
    "closing_amount",
)


class SellerStatement(BusinessDocument):
    """What a seller earned, gave back and was paid in a period; amounts in the seller's favour."""

    lock_rank = 66

    number = number_field("SS")
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="statements", verbose_name=_("seller")
    )
    contract_id = models.BigIntegerField(_("contract"))
    currency = currency_field()
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    opening_amount = amount_field(_("opening balance"))
    sales_amount = amount_field(_("sales"))
    refunds_amount = amount_field(_("refunds"))
    payouts_amount = amount_field(_("payouts"))
    other_amount = amount_field(_("other"))
    held_amount = amount_field(_("reserve held"))
    released_amount = amount_field(_("reserve released"))
    closing_amount = amount_field(_("closing balance"))
    reserve_release_on = models.DateField(_("reserve released on"), null=True)
    reserve_released_at = models.DateTimeField(_("reserve released at"), null=True)

    class Meta:
        verbose_name = _("seller statement")
        verbose_name_plural = _("seller statements")
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "currency", "ends_on"], name="statement_once"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")), name="statement_period"
            ),
            models.CheckConstraint(
                condition=Q(
                    closing_amount=F("opening_amount")
                    + F("sales_amount")
                    + F("refunds_amount")
                    + F("payouts_amount")
                    + F("other_amount")
                    - F("held_amount")
                    + F("released_amount")
                ),
                name="statement_adds_up",
            ),
            rounded_check("statement_rounded", *AMOUNTS),
        ]


class StatementLine(AppendOnlyModel):
    """An entry that a statement accounts for: each of a seller's entries in one statement."""

    statement_id = models.BigIntegerField(_("statement"))
    seller_id = models.BigIntegerField(_("seller"))
    entry_id = models.BigIntegerField(_("entry"))
    amount = amount_field(_("amount"))

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "entry_id"], name="statement_line_once")
        ]
        indexes = [models.Index("statement_id", name="statement_line_of")]

    def __str__(self) -> str:
        return f"{self.statement_id} {self.entry_id}"


class Payout(BusinessDocument):
    """Money to a seller for one statement, approved by a second person."""

    lock_rank = 67
    serves = ("statement",)

    number = number_field("PT")
    statement = models.ForeignKey(
        SellerStatement, models.PROTECT, related_name="payouts", verbose_name=_("statement")
    )
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="payouts", verbose_name=_("seller")
    )
    currency = currency_field()
    amount = amount_field(_("amount"))
    status = models.CharField(
        _("status"), max_length=10, choices=PayoutStatus.choices, default=PayoutStatus.DRAFT
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    paid_at = models.DateTimeField(_("paid at"), null=True)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    bank_reference = models.CharField(
        _("bank reference"), max_length=120, default="", db_default=""
    )
    # One at most; a batch that is called off lets its payouts go.
    batch = models.ForeignKey(
        PayoutBatch,
        models.PROTECT,
        null=True,
        related_name="payouts",
        verbose_name=_("payout batch"),
    )
    bank_details = models.ForeignKey(
        BankDetails,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("bank details"),
    )

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        permissions = [
            ("approve_payout", _("Can approve payouts")),
            ("send_payout", _("Can send payouts and record their outcome")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payout_positive"),
            rounded_check("payout_rounded", "amount"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="payout_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=False)
                | Q(status__in=[PayoutStatus.DRAFT, PayoutStatus.CANCELLED]),
                name="payout_approved_first",
            ),
            models.UniqueConstraint(
                fields=["seller", "currency"],
                name="payout_one_open",
                condition=Q(status__in=OPEN_PAYOUTS),
            ),
            models.CheckConstraint(
                condition=Q(batch__isnull=True) | Q(bank_details__isnull=False),
                name="payout_batch_knows_where",
            ),
        ]
