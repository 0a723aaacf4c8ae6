"""What rows of files belong to: links that say their rule, and what nobody has explained yet."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from backoffice.core.models import BusinessDocument, SettingsModel, number_field
from backoffice.core.money import amount_field
from finance.choices import (
    ExceptionKind,
    ExceptionStatus,
    FileRowKind,
    MatchRule,
    Resolution,
)
from finance.models.ledger import LedgerAccount


class ReconciliationPolicy(SettingsModel):
    """How far apart a row and its document may be, by currency; without one they are equal."""

    currency = models.CharField(_("currency"), max_length=3, unique=True)
    tolerance = amount_field(
        _("tolerance"),
        default=0,
        db_default=0,
        help_text=_("A difference up to this is booked by itself."),
    )
    days = models.SmallIntegerField(
        _("days"),
        default=3,
        db_default=3,
        help_text=_("How many days apart an amount without a reference may be."),
    )

    class Meta:
        verbose_name = _("reconciliation policy")
        verbose_name_plural = _("reconciliation policies")
        constraints = [
            models.CheckConstraint(
                condition=Q(tolerance__gte=0, tolerance__lte=5),
                name="reconciliation_policy_tolerance",
            ),
            models.CheckConstraint(
                condition=Q(days__gte=0, days__lte=31), name="reconciliation_policy_days"
            ),
        ]

    def __str__(self) -> str:
        return self.currency


class ReconciliationRule(SettingsModel):
    """To which account rows of one sort are booked; proposed inactive, until staff accept it."""

    format = models.CharField(_("format"), max_length=40)
    category = models.CharField(
        _("category"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text=_("What the provider or bank calls such rows; empty for all."),
    )
    words = models.CharField(
        _("words"),
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text=_("Words that the reference has to contain; empty for all."),
    )
    account = models.ForeignKey(
        LedgerAccount, models.PROTECT, related_name="+", verbose_name=_("account")
    )
    times = models.IntegerField(
        _("decided so"),
        default=0,
        db_default=0,
        editable=False,
        help_text=_("How often staff booked such rows so."),
    )

    class Meta:
        verbose_name = _("reconciliation rule")
        verbose_name_plural = _("reconciliation rules")
        constraints = [
            models.UniqueConstraint(
                fields=["format", "category", "words"], name="reconciliation_rule_once"
            ),
            models.CheckConstraint(
                condition=~Q(category="", words=""), name="reconciliation_rule_not_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.category} {self.words}".strip()


class ReconciliationDue(models.Model):
    """A file whose rows are still to be matched; gone once they are."""

    file_id = models.BigIntegerField(_("provider file"), unique=True)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("file to be matched")
        verbose_name_plural = _("files to be matched")

    def __str__(self) -> str:
        return str(self.file_id)


class ReconciliationMatch(models.Model):
    """One row of a file beside what it belongs to, and the rule that says so.

    Links of one group belong together: several rows of one document, or several documents of one
    row. A row that stands for itself (a fee, a payout) has no subject.
    """

    row_id = models.BigIntegerField(_("row of a provider file"))
    kind = models.CharField(_("kind"), max_length=10, choices=FileRowKind.choices)
    subject_type = models.CharField(_("subject type"), max_length=40, default="", db_default="")
    subject_id = models.BigIntegerField(_("subject"), null=True)
    group_id = models.BigIntegerField(_("group"), null=True)
    # Where a row is booked that stands for itself: what staff or an accepted rule said.
    account_id = models.IntegerField(_("account"), null=True)
    rule = models.CharField(_("rule"), max_length=9, choices=MatchRule.choices)
    # Of the row, in its own sign; what it is off the document by.
    amount = amount_field(_("amount"))
    difference = amount_field(_("difference"))
    reason = models.CharField(_("reason"), max_length=300, default="", db_default="")
    matched_at = models.DateTimeField(_("matched at"))
    matched_by_id = models.BigIntegerField(_("matched by"))
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by_id = models.BigIntegerField(_("undone by"), null=True)

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            # A row is matched once, or with each document of its group; looked up here, too.
            models.UniqueConstraint(
                F("row_id"),
                Case(
                    When(group_id__isnull=True, then=Value(0)),
                    default=F("subject_id"),
                    output_field=models.BigIntegerField(),
                ),
                name="match_row_once",
                condition=Q(undone_at__isnull=True),
            ),
            # A document is told by one row or group of its kind; charged back it may be again.
            models.UniqueConstraint(
                F("subject_id"),
                F("kind"),
                F("subject_type"),
                Case(
                    When(Q(group_id__isnull=True) & ~Q(kind=FileRowKind.CHARGEBACK), then=Value(0)),
                    default=F("row_id"),
                    output_field=models.BigIntegerField(),
                ),
                name="match_subject_once",
                condition=Q(undone_at__isnull=True, subject_id__isnull=False)
                & ~Q(rule=MatchRule.SAME),
            ),
            models.CheckConstraint(
                condition=Q(subject_type="", subject_id__isnull=True)
                | (~Q(subject_type="") & Q(subject_id__isnull=False)),
                name="match_subject_whole",
            ),
        ]
        indexes = [
            # What somebody undid is not matched so again.
            models.Index("row_id", name="match_undone", condition=Q(undone_at__isnull=False)),
            models.Index(
                "group_id", "row_id", name="match_group", condition=Q(group_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_id} {self.subject_type} {self.subject_id or ''}".rstrip()


class ReconciliationException(BusinessDocument):
    """A row, or a payment, that nobody has explained yet."""

    lock_rank = 70

    number = number_field("RX")
    kind = models.CharField(_("kind"), max_length=9, choices=ExceptionKind.choices)
    status = models.CharField(
        _("status"),
        max_length=8,
        choices=ExceptionStatus.choices,
        default=ExceptionStatus.OPEN,
    )
    file_id = models.BigIntegerField(_("provider file"), null=True)
    row_id = models.BigIntegerField(_("row of a provider file"), null=True)
    payment_id = models.BigIntegerField(_("payment"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount = amount_field(_("amount"))
    happened_at = models.DateTimeField(_("happened at"), null=True)
    resolution = models.CharField(
        _("resolution"), max_length=8, choices=Resolution.choices, blank=True, default=""
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("assigned to"),
    )
    # What waits for a second person: the reason, and what a row would be matched with.
    asked = models.JSONField(_("waits for a second person"), null=True, editable=False)
    waits_until = models.DateTimeField(_("waits until"), null=True)
    cleared_at = models.DateTimeField(_("cleared at"), null=True)

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        permissions = [("clear_reconciliationexception", _("Can clear exceptions"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(row_id__isnull=False) ^ Q(payment_id__isnull=False),
                name="exception_of_one",
            ),
            models.UniqueConstraint(
                fields=["row_id"], name="exception_row_once", condition=Q(row_id__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["payment_id"],
                name="exception_payment_once",
                condition=Q(payment_id__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(status=ExceptionStatus.CLEARED) ^ Q(resolution=""),
                name="exception_cleared_how",
            ),
        ]
        indexes = [
            models.Index(
                "created_at",
                name="exception_open",
                condition=~Q(status=ExceptionStatus.CLEARED),
            ),
        ]
