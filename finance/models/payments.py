"""Payments and refunds; what may go back is bounded by the database."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from finance.choices import PENDING_REFUNDS, SYSTEMS, PaymentStatus, RefundKind, RefundStatus
from orders.models import Order, OrderLine, Return


class PaymentProvider(SettingsModel):
    """A provider that payments come through; those without an adapter are worked by hand."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    requests_payments = models.BooleanField(
        _("asks for payments"),
        default=False,
        db_default=False,
        help_text=_("Prepaid orders that came without a payment are paid here."),
    )
    files_of = models.CharField(
        _("settlement files of"),
        max_length=20,
        choices=[(name, name.capitalize()) for name in SYSTEMS],
        blank=True,
        default="",
        db_default="",
        help_text=_("Whose files tell of its payments, where it has another name."),
    )

    class Meta:
        verbose_name = _("payment provider")
        verbose_name_plural = _("payment providers")

    def __str__(self) -> str:
        return self.name


class RefundPolicy(SettingsModel):
    """From which amount on a refund needs a second person; without a row every one does."""

    currency = models.CharField(_("currency"), max_length=3, unique=True)
    approval_above = amount_field(_("second person above"))

    class Meta:
        verbose_name = _("refund policy")
        verbose_name_plural = _("refund policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(approval_above__gte=0), name="refund_policy_not_negative"
            )
        ]

    def __str__(self) -> str:
        return f"{self.approval_above} {self.currency}"


class Payment(BusinessDocument):
    """Money of a customer for one order; an order may have several."""

    lock_rank = 60
    serves = ("order",)

    number = number_field("PY")
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="payments", verbose_name=_("order")
    )
    provider = models.CharField(_("provider"), max_length=40)
    # Unknown until the provider has answered; unknown ones are all different.
    external_id = models.CharField(_("external id"), max_length=120, null=True)  # noqa: DJ001
    method = models.CharField(_("method"), max_length=40, default="", db_default="")
    currency = currency_field()
    amount = amount_field(_("amount"))
    status = models.CharField(
        _("status"), max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    captured_amount = amount_field(_("captured"), default=0, db_default=0)
    refunded_amount = amount_field(_("refunded"), default=0, db_default=0)
    pending_refund_amount = amount_field(_("refunds under way"), default=0, db_default=0)
    authorised_at = models.DateTimeField(_("authorised at"), null=True)
    captured_at = models.DateTimeField(_("captured at"), null=True)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    voided_at = models.DateTimeField(_("voided at"), null=True)
    failure = models.CharField(_("failure"), max_length=300, default="", db_default="")
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        permissions = [
            ("record_payment", _("Can record payments")),
            ("void_payment", _("Can void payments")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="payment_once"),
            rounded_check(
                "payment_rounded",
                "amount",
                "captured_amount",
                "refunded_amount",
                "pending_refund_amount",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, captured_amount__gte=0, captured_amount__lte=F("amount")),
                name="payment_captured_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, pending_refund_amount__gte=0)
                & Q(captured_amount__gte=F("refunded_amount") + F("pending_refund_amount")),
                name="payment_refunds_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(status=PaymentStatus.CAPTURED, captured_amount__gt=0)
                | (~Q(status=PaymentStatus.CAPTURED) & Q(captured_amount=0)),
                name="payment_captured_has_money",
            ),
        ]
        indexes = [
            models.Index("external_id", name="payment_external"),
            # What is still to be asked for at a provider.
            models.Index(
                "next_attempt_at",
                name="payment_to_request",
                condition=Q(status=PaymentStatus.PENDING, external_id__isnull=True),
            ),
            # What providers are still to be told of.
            models.Index(
                "next_attempt_at",
                name="payment_to_cancel",
                condition=Q(status=PaymentStatus.VOIDED, next_attempt_at__isnull=False),
            ),
        ]


class Refund(BusinessDocument):
    """Money back to the customer out of one payment, or less to be paid by one who owes.

    Such a credit has no payment: no money moves, and it is done once it is approved. The number is
    the idempotency key at the provider, so the row outlives every error.
    """

    lock_rank = 61
    serves = ("order",)

    number = number_field("RF")
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="refunds", verbose_name=_("order")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, related_name="refunds", verbose_name=_("payment")
    )
    goods_return = models.ForeignKey(
        Return, models.PROTECT, null=True, related_name="refunds", verbose_name=_("return")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=RefundKind.choices)
    currency = currency_field()
    amount = amount_field(_("amount"))
    reason = models.CharField(_("reason"), max_length=300, default="", db_default="")
    status = models.CharField(
        _("status"), max_length=10, choices=RefundStatus.choices, default=RefundStatus.REQUESTED
    )
    request_key = models.CharField(_("request key"), max_length=80, default="", db_default="")
    needs_approval = models.BooleanField(_("needs a second person"), default=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    succeeded_at = models.DateTimeField(_("succeeded at"), null=True)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    external_id = models.CharField(_("external id"), max_length=120, default="", db_default="")
    failure = models.CharField(_("failure"), max_length=300, default="", db_default="")
    attempts = models.SmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        permissions = [
            ("open_refund", _("Can open refunds")),
            ("approve_refund", _("Can approve refunds")),
            ("record_refund", _("Can record refunds made by hand")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive"),
            rounded_check("refund_rounded", "amount"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="refund_second_person",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(approved_by__isnull=False)
                | Q(status__in=[RefundStatus.REQUESTED, RefundStatus.CANCELLED]),
                name="refund_approved_first",
            ),
            models.UniqueConstraint(
                fields=["payment", "request_key"],
                name="refund_request_once",
                condition=~Q(request_key="")
                & ~Q(status__in=[RefundStatus.FAILED, RefundStatus.CANCELLED]),
            ),
        ]
        indexes = [
            # What is to be sent, or to be asked about, at a provider.
            models.Index(
                "next_attempt_at",
                name="refund_under_way",
                condition=Q(status__in=PENDING_REFUNDS),
            )
        ]


class RefundLine(models.Model):
    """How much of a refund gives back which line."""

    refund = models.ForeignKey(
        Refund, models.PROTECT, related_name="lines", verbose_name=_("refund")
    )
    order_line = models.ForeignKey(
        OrderLine, models.PROTECT, related_name="refund_lines", verbose_name=_("order line")
    )
    amount = amount_field(_("amount"))

    class Meta:
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")
        constraints = [
            models.UniqueConstraint(fields=["refund", "order_line"], name="refund_line_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="refund_line_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.order_line_id} {self.amount}"
