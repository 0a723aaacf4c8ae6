"""What waits for a second person."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour
from backoffice.core.models.document import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field


class ApprovalStatus(models.TextChoices):
    REQUESTED = "REQUESTED", _("Requested")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


APPROVAL_COLOURS = {
    ApprovalStatus.REQUESTED: Colour.ACTIVE,
    ApprovalStatus.APPROVED: Colour.GOOD,
    ApprovalStatus.REJECTED: Colour.BAD,
    ApprovalStatus.WITHDRAWN: Colour.NEUTRAL,
}


class ApprovalPolicy(SettingsModel):
    """From which amount on a kind of act needs a second person; without a row every one does."""

    kind = models.CharField(_("kind"), max_length=60)
    currency = models.CharField(_("currency"), max_length=3)
    above = amount_field(_("second person above"))

    class Meta:
        verbose_name = _("approval policy")
        verbose_name_plural = _("approval policies")
        constraints = [
            models.UniqueConstraint(fields=["kind", "currency"], name="approval_policy_once"),
            models.CheckConstraint(condition=Q(above__gte=0), name="approval_policy_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.above} {self.currency}"


class Approval(BusinessDocument):
    """One act that its creator asked for and somebody else decides."""

    impersonal_fields = ("note",)

    number = number_field("AP")
    kind = models.CharField(_("kind"), max_length=60)
    subject_type = models.CharField(_("subject type"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    amount = amount_field(_("amount"), null=True)
    currency = models.CharField(_("currency"), max_length=3, default="", db_default="")
    note = models.CharField(_("note"), max_length=300, default="", db_default="")
    status = models.CharField(
        _("status"),
        max_length=9,
        choices=ApprovalStatus.choices,
        default=ApprovalStatus.REQUESTED,
        db_default=ApprovalStatus.REQUESTED,
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        permissions = [
            ("decide_approval", _("Can decide approvals")),
            ("withdraw_approval", _("Can withdraw what they asked for")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                condition=Q(status=ApprovalStatus.REQUESTED),
                name="approval_asked_once",
            ),
            models.CheckConstraint(
                condition=~Q(status=ApprovalStatus.APPROVED)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("created_by"))),
                name="approval_second_person",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | ~Q(currency=""), name="approval_amount_currency"
            ),
        ]
        indexes = [models.Index("subject_type", "subject_id", name="approval_subject")]
