"""Files of providers and banks: what was read, row by row, never changed."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import AppendOnlyModel, StoredFile, number_field
from backoffice.core.money import amount_field
from finance.choices import FileControl, FileRowKind


class ProviderFile(AppendOnlyModel):
    """One file of a provider or a bank; what was refused has a reason and no rows."""

    number = number_field("PF")
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    sha256 = models.CharField(_("hash"), max_length=64)
    format = models.CharField(_("format"), max_length=40)
    is_bank = models.BooleanField(_("of a bank"))
    control = models.CharField(_("control"), max_length=7, choices=FileControl.choices)
    reason = models.CharField(_("reason"), max_length=500, default="", db_default="")
    row_count = models.IntegerField(_("rows"))
    # By currency: gross, fee and net as decimals.
    totals = models.JSONField(_("totals"))
    imported_at = models.DateTimeField(_("imported at"))
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("imported by")
    )

    class Meta:
        verbose_name = _("provider file")
        verbose_name_plural = _("provider files")
        constraints = [
            # What was refused may come again, after the reader or the file was mended.
            models.UniqueConstraint(
                fields=["sha256"],
                name="provider_file_once",
                condition=~Q(control=FileControl.REFUSED),
            ),
            models.CheckConstraint(
                condition=Q(control=FileControl.REFUSED) ^ Q(reason=""),
                name="provider_file_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class BankStatement(AppendOnlyModel):
    """One statement of a bank account inside a file; its balances proved its rows."""

    file_id = models.BigIntegerField(_("provider file"))
    account = models.CharField(_("account"), max_length=60)
    statement_number = models.CharField(_("statement number"), max_length=60)
    currency = models.CharField(_("currency"), max_length=3)
    opening_amount = amount_field(_("opening balance"), null=True)
    closing_amount = amount_field(_("closing balance"), null=True)
    closed_on = models.DateField(_("closed on"), null=True)
    row_count = models.IntegerField(_("rows"))

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        indexes = [
            models.Index("file_id", name="bank_statement_file"),
            models.Index("account", name="bank_statement_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.statement_number}"


class FileRow(AppendOnlyModel):
    """A row of a file in our words, beside the row as it came."""

    file_id = models.BigIntegerField(_("provider file"))
    statement_id = models.BigIntegerField(_("bank statement"), null=True)
    row_number = models.IntegerField(_("row"))
    kind = models.CharField(_("kind"), max_length=10, choices=FileRowKind.choices)
    currency = models.CharField(_("currency"), max_length=3)
    gross_amount = amount_field(_("gross"))
    fee_amount = amount_field(_("fee"))
    net_amount = models.GeneratedField(
        expression=F("gross_amount") - F("fee_amount"),
        output_field=amount_field(),
        db_persist=True,
        verbose_name=_("net"),
    )
    external_id = models.CharField(_("external id"), max_length=120)
    reference = models.CharField(_("reference"), max_length=300)
    # The provider's id of the payment that a refund, chargeback or fee is about.
    payment_reference = models.CharField(
        _("reference of the payment"), max_length=120, default="", db_default=""
    )
    # What the provider calls it: its own type, code or description.
    category = models.CharField(_("category"), max_length=80, default="", db_default="")
    batch = models.CharField(_("batch"), max_length=120)
    # What it moves from the provider to our bank.
    paid_amount = amount_field(_("paid to the bank"), default=0, db_default=0)
    happened_at = models.DateTimeField(_("happened at"), null=True)
    raw = models.JSONField(_("as it came"))
    # Cells about people; an erasure empties them, and no amount.
    personal = models.JSONField(_("about people"), null=True)

    # A bank's reference is what somebody wrote.
    personal_fields = ("reference", "personal")

    class Meta:
        verbose_name = _("row of a provider file")
        verbose_name_plural = _("rows of provider files")
        constraints = [
            models.UniqueConstraint(fields=["file_id", "row_number"], name="file_row_once")
        ]
        indexes = [
            models.Index("external_id", name="file_row_external"),
            models.Index("reference", name="file_row_reference"),
            models.Index(
                "payment_reference", name="file_row_payment", condition=~Q(payment_reference="")
            ),
            models.Index("batch", name="file_row_paid", condition=~Q(paid_amount=0)),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.row_number}"
