"""Choices of the ledger, payments, settlement and documents."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Colour


class AccountKind(models.TextChoices):
    ASSET = "ASSET", _("Asset")
    LIABILITY = "LIABILITY", _("Liability")
    EQUITY = "EQUITY", _("Equity")
    INCOME = "INCOME", _("Income")
    EXPENSE = "EXPENSE", _("Expense")


class PeriodStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    CLOSED = "CLOSED", _("Closed")


class PartyType(models.TextChoices):
    """Whose balance a posting belongs to; empty where the account stands alone."""

    SELLER = "SELLER", _("Seller")


class EntryKind(models.TextChoices):
    CAPTURE = "CAPTURE", _("Payment captured")
    REFUND = "REFUND", _("Refund paid")
    SETTLEMENT = "SETTLEMENT", _("Order settled")
    REFUND_SHARE = "REFUND_SHARE", _("Refund charged")
    RESERVE = "RESERVE", _("Reserve held")
    RESERVE_RELEASE = "RESERVE_RELEASE", _("Reserve released")
    PAYOUT = "PAYOUT", _("Payout sent")
    PAYOUT_PAID = "PAYOUT_PAID", _("Payout paid")
    FILE_ROW = "FILE_ROW", _("Row of a file")
    REVERSAL = "REVERSAL", _("Reversal")
    ADJUSTMENT = "ADJUSTMENT", _("Adjustment")


class PaymentStatus(models.TextChoices):
    PENDING = "PENDING", _("Pending")
    AUTHORISED = "AUTHORISED", _("Authorised")
    CAPTURED = "CAPTURED", _("Captured")
    FAILED = "FAILED", _("Failed")
    VOIDED = "VOIDED", _("Voided")


class RefundStatus(models.TextChoices):
    """UNKNOWN: the provider did not answer; a query decides, nothing is sent anew."""

    REQUESTED = "REQUESTED", _("Requested")
    APPROVED = "APPROVED", _("Approved")
    SENT = "SENT", _("Sent")
    SUCCEEDED = "SUCCEEDED", _("Succeeded")
    FAILED = "FAILED", _("Failed")
    UNKNOWN = "UNKNOWN", _("Unknown")
    CANCELLED = "CANCELLED", _("Cancelled")


# Refunds whose money is promised but has not gone back yet.
PENDING_REFUNDS = (
    RefundStatus.REQUESTED,
    RefundStatus.APPROVED,
    RefundStatus.SENT,
    RefundStatus.UNKNOWN,
)


class RefundKind(models.TextChoices):
    LINE = "LINE", _("Lines")
    SHIPPING = "SHIPPING", _("Shipping")
    RETURN = "RETURN", _("Return")
    CANCELLATION = "CANCELLATION", _("Cancellation")
    GOODWILL = "GOODWILL", _("Goodwill")
    OVERPAYMENT = "OVERPAYMENT", _("Overpayment")


# Refunds that give back the price of lines; the others are the platform's own or nobody's.
PRICED = (RefundKind.LINE, RefundKind.SHIPPING, RefundKind.RETURN)


class PayoutStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    APPROVED = "APPROVED", _("Approved")
    SENT = "SENT", _("Sent")
    PAID = "PAID", _("Paid")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")


class BatchStatus(models.TextChoices):
    """SENT: its file is written and in the books; RETURNED: that was taken back."""

    DRAFT = "DRAFT", _("Draft")
    APPROVED = "APPROVED", _("Approved")
    SENT = "SENT", _("Sent")
    PAID = "PAID", _("Paid")
    RETURNED = "RETURNED", _("Returned")
    CANCELLED = "CANCELLED", _("Cancelled")


class PayoutFormat(models.TextChoices):
    """What a bank takes payouts as: one module each in `finance/payout_files/`."""

    PAIN_09 = "PAIN_09", "pain.001.001.09"
    PAIN_03 = "PAIN_03", "pain.001.001.03"
    NACHA = "NACHA", "NACHA"
    CSV = "CSV", "CSV"


class BankDetailsStatus(models.TextChoices):
    PROPOSED = "PROPOSED", _("Proposed")
    ACTIVE = "ACTIVE", _("Active")
    REPLACED = "REPLACED", _("Replaced")
    REJECTED = "REJECTED", _("Rejected")


OPEN_PAYOUTS = (PayoutStatus.DRAFT, PayoutStatus.APPROVED, PayoutStatus.SENT)


class PayoutSchedule(models.TextChoices):
    WEEKLY = "WEEKLY", _("Weekly")
    MONTHLY = "MONTHLY", _("Monthly")


# Whose settlement files are read; the formats of each begin with its name.
SYSTEMS = ("stripe", "paypal", "adyen", "shopify", "amazon", "alipay", "wechat")


class FileControl(models.TextChoices):
    """Whether what a provider's or bank's file says about itself holds."""

    PROVED = "PROVED", _("Proved")
    NONE = "NONE", _("No control")
    REFUSED = "REFUSED", _("Refused")


class FileRowKind(models.TextChoices):
    """What a row of a provider's or bank's file is; the last two are part of no total."""

    PAYMENT = "PAYMENT", _("Payment")
    REFUND = "REFUND", _("Refund")
    CHARGEBACK = "CHARGEBACK", _("Chargeback")
    FEE = "FEE", _("Fee")
    OTHER = "OTHER", _("Other")
    PENDING = "PENDING", _("Pending")
    PAYOUT = "PAYOUT", _("Payout")


UNCOUNTED_ROWS = (FileRowKind.PENDING, FileRowKind.PAYOUT)


class MatchRule(models.TextChoices):
    """Why a row belongs to what it is matched with, the surest first."""

    REFERENCE = "REFERENCE", _("the provider's reference")
    NUMBER = "NUMBER", _("our number")
    AMOUNT = "AMOUNT", _("amount, currency and day")
    OWN = "OWN", _("stands for itself")
    SAME = "SAME", _("told by another file already")
    LEARNED = "LEARNED", _("a rule that staff accepted")
    STAFF = "STAFF", _("decided by staff")


class ExceptionKind(models.TextChoices):
    """What is not explained: of rows, but for MISSING, which is of payments."""

    UNMATCHED = "UNMATCHED", _("Nothing found")
    AMBIGUOUS = "AMBIGUOUS", _("Several fit")
    AMOUNT = "AMOUNT", _("The amount differs")
    TAKEN = "TAKEN", _("Matched with another row already")
    UNKNOWN = "UNKNOWN", _("Unknown fee or move")
    MISSING = "MISSING", _("Missing in the file")


class ExceptionStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    WAITING = "WAITING", _("Waiting")
    ASKED = "ASKED", _("Waits for a second person")
    CLEARED = "CLEARED", _("Cleared")


class Resolution(models.TextChoices):
    """How an exception was cleared."""

    MATCHED = "MATCHED", _("Matched")
    WRITTEN = "WRITTEN", _("Written off")
    BOOKED = "BOOKED", _("Booked by a rule")
    IGNORED = "IGNORED", _("Left out")


COLOURS = {
    ExceptionKind.UNMATCHED: Colour.WARNING,
    ExceptionKind.AMBIGUOUS: Colour.WARNING,
    ExceptionKind.AMOUNT: Colour.BAD,
    ExceptionKind.TAKEN: Colour.BAD,
    ExceptionKind.UNKNOWN: Colour.WARNING,
    ExceptionKind.MISSING: Colour.BAD,
    ExceptionStatus.OPEN: Colour.WARNING,
    ExceptionStatus.WAITING: Colour.ACTIVE,
    ExceptionStatus.ASKED: Colour.ACTIVE,
    ExceptionStatus.CLEARED: Colour.GOOD,
    FileControl.PROVED: Colour.GOOD,
    FileControl.NONE: Colour.WARNING,
    FileControl.REFUSED: Colour.BAD,
    AccountKind.ASSET: Colour.ACTIVE,
    AccountKind.LIABILITY: Colour.WARNING,
    AccountKind.EQUITY: Colour.NEUTRAL,
    AccountKind.INCOME: Colour.GOOD,
    AccountKind.EXPENSE: Colour.BAD,
    PeriodStatus.OPEN: Colour.ACTIVE,
    PeriodStatus.CLOSED: Colour.NEUTRAL,
    PaymentStatus.PENDING: Colour.WARNING,
    PaymentStatus.AUTHORISED: Colour.ACTIVE,
    PaymentStatus.CAPTURED: Colour.GOOD,
    PaymentStatus.FAILED: Colour.BAD,
    PaymentStatus.VOIDED: Colour.NEUTRAL,
    RefundStatus.REQUESTED: Colour.WARNING,
    RefundStatus.APPROVED: Colour.ACTIVE,
    RefundStatus.SENT: Colour.ACTIVE,
    RefundStatus.SUCCEEDED: Colour.GOOD,
    RefundStatus.UNKNOWN: Colour.BAD,
    RefundStatus.CANCELLED: Colour.NEUTRAL,
    PayoutStatus.DRAFT: Colour.WARNING,
    PayoutStatus.PAID: Colour.GOOD,
    BatchStatus.RETURNED: Colour.BAD,
    BankDetailsStatus.PROPOSED: Colour.WARNING,
    BankDetailsStatus.ACTIVE: Colour.GOOD,
    BankDetailsStatus.REPLACED: Colour.NEUTRAL,
    BankDetailsStatus.REJECTED: Colour.BAD,
}
