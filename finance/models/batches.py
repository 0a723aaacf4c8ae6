"""Where payouts go and how they leave: bank details, our accounts, batches and their files."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from backoffice.core.secrets import SecretField
from finance.choices import BankDetailsStatus, BatchStatus, PayoutFormat
from finance.payout_files.accounts import validate_account_number, validate_bank_code
from inventory.models import Seller


class PayoutAccount(SettingsModel):
    """A bank account of the company that payouts are made from, and the file its bank takes."""

    impersonal_fields = ("name",)
    secret_fields = ("account_number",)

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(
        _("account holder"), max_length=70, help_text=_("The company as its bank knows it.")
    )
    currency = currency_field()
    account_number = SecretField(
        _("account number or IBAN"), max_length=34, validators=[validate_account_number]
    )
    bank_code = models.CharField(
        _("bank code"),
        max_length=12,
        blank=True,
        validators=[validate_bank_code],
        help_text=_("The BIC, or the routing number for NACHA."),
    )
    file_format = models.CharField(
        _("file format"), max_length=10, choices=PayoutFormat.choices, default=PayoutFormat.PAIN_09
    )
    company_id = models.CharField(
        _("company identification"),
        max_length=10,
        blank=True,
        help_text=_("For NACHA: the ten digits that the bank gave you."),
    )

    class Meta:
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")

    def __str__(self) -> str:
        return f"{self.code} ({self.currency})"


class BankDetails(BusinessDocument):
    """Where a seller's money goes: never changed, only replaced, by two persons."""

    lock_rank = 53
    secret_fields = ("account_number",)
    # The seller's, a business: it is no customer's and outlives requests to erase.
    impersonal_fields = ("holder", "account_number")

    number = number_field("BD")
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="bank_details", verbose_name=_("seller")
    )
    currency = currency_field()
    holder = models.CharField(_("account holder"), max_length=70)
    account_number = SecretField(_("account number or IBAN"), max_length=34)
    # The last four characters, which is all that pages show.
    ending = models.CharField(_("account ends with"), max_length=4)
    bank_code = models.CharField(_("bank code"), max_length=12, blank=True, db_default="")
    status = models.CharField(
        _("status"),
        max_length=8,
        choices=BankDetailsStatus.choices,
        default=BankDetailsStatus.PROPOSED,
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)

    class Meta:
        verbose_name = _("bank details")
        verbose_name_plural = _("bank details")
        permissions = [("approve_bankdetails", _("Can approve bank details"))]
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "currency", "status"],
                name="bank_details_one_each",
                condition=Q(status__in=[BankDetailsStatus.PROPOSED, BankDetailsStatus.ACTIVE]),
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="bank_details_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=False)
                | ~Q(status__in=[BankDetailsStatus.ACTIVE, BankDetailsStatus.REPLACED]),
                name="bank_details_approved_first",
            ),
        ]


class PayoutBatch(BusinessDocument):
    """Payouts that leave together in one file, gathered by one person, approved by another."""

    lock_rank = 52

    number = number_field("PB")
    account = models.ForeignKey(
        PayoutAccount, models.PROTECT, related_name="batches", verbose_name=_("payout account")
    )
    currency = currency_field()
    execute_on = models.DateField(_("to be carried out on"))
    status = models.CharField(
        _("status"), max_length=9, choices=BatchStatus.choices, default=BatchStatus.DRAFT
    )
    payout_count = models.IntegerField(_("payouts"))
    total_amount = amount_field(_("total"))
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
    returned_at = models.DateTimeField(_("returned at"), null=True)

    class Meta:
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        constraints = [
            models.CheckConstraint(
                condition=Q(payout_count__gt=0, total_amount__gt=0), name="batch_not_empty"
            ),
            rounded_check("batch_rounded", "total_amount"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="batch_second_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=False)
                | Q(status__in=[BatchStatus.DRAFT, BatchStatus.CANCELLED]),
                name="batch_approved_first",
            ),
        ]


class PayoutFile(models.Model):
    """The file of a batch as it was written; encrypted, since it holds every account number."""

    secret_fields = ("content",)

    batch = models.OneToOneField(
        PayoutBatch,
        models.PROTECT,
        primary_key=True,
        related_name="file",
        verbose_name=_("payout batch"),
    )
    name = models.CharField(_("name"), max_length=80)
    content = SecretField(_("content"), max_length=25_000_000)
    sha256 = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("payout file")
        verbose_name_plural = _("payout files")

    def __str__(self) -> str:
        return self.name
