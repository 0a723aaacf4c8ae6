"""The ledger: accounts, periods, entries and postings that never change, balances by day."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.models import AppendOnlyModel, BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field, currency_field, rounded_check
from finance.choices import AccountKind, EntryKind, PartyType, PeriodStatus
from finance.ledger_sql import ENTRY_GUARD, POSTING_GUARD


class LedgerAccount(SettingsModel):
    """An account of the chart."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=10, choices=AccountKind.choices)

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")

    def __str__(self) -> str:
        return f"{self.code} {gettext(self.name)}" if self.name else self.code


class AccountingPeriod(BusinessDocument):
    """A month of the books; one that has no row is open."""

    lock_rank = 65

    number = number_field("PE")
    month = models.DateField(_("month"), unique=True)
    status = models.CharField(
        _("status"), max_length=6, choices=PeriodStatus.choices, default=PeriodStatus.OPEN
    )
    closed_at = models.DateTimeField(_("closed at"), null=True)
    # Of its balances as they were closed; empty while the month is open.
    balance_hash = models.CharField(_("seal"), max_length=64, default="", db_default="")

    class Meta:
        verbose_name = _("accounting period")
        verbose_name_plural = _("accounting periods")
        permissions = [("close_accountingperiod", _("Can close accounting periods"))]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="period_is_month"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class PeriodBalance(models.Model):
    """What a closed month moved on an account; gone again when it is reopened."""

    period = models.ForeignKey(
        AccountingPeriod, models.PROTECT, related_name="balances", db_index=False
    )
    account = models.ForeignKey(LedgerAccount, models.PROTECT, related_name="+", db_index=False)
    currency = currency_field()
    amount = amount_field(_("amount"))

    class Meta:
        verbose_name = _("period balance")
        verbose_name_plural = _("period balances")
        constraints = [
            models.UniqueConstraint(
                fields=["period", "account", "currency"], name="period_balance_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.period_id} {self.account_id} {self.amount} {self.currency}"


class JournalEntry(AppendOnlyModel):
    """One business fact in the books; corrected by another entry that reverses it."""

    kind = models.CharField(_("kind"), max_length=16, choices=EntryKind.choices)
    source_type = models.CharField(_("source type"), max_length=40)
    source_id = models.BigIntegerField(_("source"))
    idempotency_key = models.CharField(_("idempotency key"), max_length=120)
    effective_on = models.DateField(_("effective on"))
    due_on = models.DateField(_("due on"))
    reverses = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="reversed_by",
        verbose_name=_("reverses"),
    )
    posted_at = models.DateTimeField(_("posted at"), db_default=Now())
    posted_by_id = models.BigIntegerField(_("posted by"))
    reason = models.CharField(_("reason"), max_length=300, default="", db_default="")
    origin = models.CharField(_("origin"), max_length=6, choices=Origin.choices)

    database_sql = ENTRY_GUARD

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal entries")
        constraints = [
            # Not `unique=True`, which brings a second index for prefix searches with it.
            models.UniqueConstraint(fields=["idempotency_key"], name="entry_once"),
            models.UniqueConstraint(
                fields=["reverses"],
                name="entry_reversed_once",
                condition=Q(reverses__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(effective_on__gte=models.F("due_on")), name="entry_not_before_due"
            ),
        ]

    @property
    def period(self) -> str:
        return f"{self.effective_on:%Y-%m}"

    def __str__(self) -> str:
        return f"{self.kind} {self.idempotency_key}"


class Posting(AppendOnlyModel):
    """One side of an entry: debit positive, credit negative."""

    pk = models.CompositePrimaryKey("entry_id", "position")
    entry = models.ForeignKey(
        JournalEntry,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="postings",
        verbose_name=_("entry"),
    )
    position = models.SmallIntegerField(_("position"))
    account = models.ForeignKey(
        LedgerAccount,
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("account"),
    )
    party_type = models.CharField(
        _("party type"),
        max_length=8,
        choices=PartyType.choices,
        blank=True,
        default="",
        db_default="",
    )
    party_id = models.BigIntegerField(_("party"), null=True)
    order_id = models.BigIntegerField(_("order"), null=True)
    currency = currency_field()
    amount = amount_field(_("amount"))
    effective_on = models.DateField(_("effective on"))

    database_sql = POSTING_GUARD

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="posting_not_zero"),
            rounded_check("posting_rounded", "amount"),
            models.CheckConstraint(
                condition=Q(party_type="", party_id__isnull=True)
                | (~Q(party_type="") & Q(party_id__isnull=False)),
                name="posting_party_whole",
            ),
        ]
        indexes = [
            # A seller's balance, by account and day, without reading the table.
            models.Index(
                "party_id",
                "account",
                "effective_on",
                name="posting_party",
                condition=Q(party_id__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position} {self.amount} {self.currency}"


class DailyBalance(models.Model):
    """The sum of a day's postings of an account, party and currency; written with them."""

    account = models.ForeignKey(
        LedgerAccount, models.PROTECT, db_constraint=False, related_name="+", db_index=False
    )
    party_type = models.CharField(_("party type"), max_length=8, default="", db_default="")
    party_id = models.BigIntegerField(_("party"), default=0, db_default=0)
    currency = currency_field()
    day = models.DateField(_("day"))
    amount = amount_field(_("amount"))
    postings = models.IntegerField(_("postings"))

    class Meta:
        verbose_name = _("daily balance")
        verbose_name_plural = _("daily balances")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "party_type", "party_id", "currency", "day"],
                name="daily_balance_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.amount} {self.currency}"
