"""The transition tables of periods, payments, refunds, payouts and what pays them."""

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Transition
from finance.choices import (
    BankDetailsStatus,
    BatchStatus,
    ExceptionStatus,
    PaymentStatus,
    PayoutStatus,
    PeriodStatus,
    RefundStatus,
)
from finance.models import (
    AccountingPeriod,
    BankDetails,
    Payment,
    Payout,
    PayoutBatch,
    ReconciliationException,
    Refund,
)

LOOSE = Guard(
    "loose",
    Q(batch__isnull=True),
    _("It is part of a payout batch: the batch is decided as a whole, or called off first."),
)

PERIOD = Machine(
    AccountingPeriod,
    [
        Transition(
            "close",
            _("Close"),
            [PeriodStatus.OPEN],
            PeriodStatus.CLOSED,
            "period.closed",
            permission="finance.close_accountingperiod",
            stamp="closed_at",
        ),
        Transition(
            "reopen",
            _("Open again"),
            [PeriodStatus.CLOSED],
            PeriodStatus.OPEN,
            "period.reopened",
            permission="finance.close_accountingperiod",
        ),
    ],
)

PAYMENT = Machine(
    Payment,
    [
        Transition(
            "authorise",
            _("Authorise"),
            [PaymentStatus.PENDING],
            PaymentStatus.AUTHORISED,
            "payment.authorised",
            permission="finance.record_payment",
            stamp="authorised_at",
        ),
        Transition(
            "capture",
            _("Capture"),
            # Money that came in counts, whatever was said before.
            [
                PaymentStatus.PENDING,
                PaymentStatus.AUTHORISED,
                PaymentStatus.FAILED,
                PaymentStatus.VOIDED,
            ],
            PaymentStatus.CAPTURED,
            "payment.captured",
            permission="finance.record_payment",
            stamp="captured_at",
        ),
        Transition(
            "fail",
            _("Fail"),
            [PaymentStatus.PENDING, PaymentStatus.AUTHORISED],
            PaymentStatus.FAILED,
            "payment.failed",
            permission="finance.record_payment",
            stamp="failed_at",
        ),
        Transition(
            "void",
            _("Void"),
            [PaymentStatus.PENDING, PaymentStatus.AUTHORISED],
            PaymentStatus.VOIDED,
            "payment.voided",
            permission="finance.void_payment",
            stamp="voided_at",
        ),
    ],
    order_field="order_id",
)

REFUND = Machine(
    Refund,
    [
        Transition(
            "approve",
            _("Approve"),
            [RefundStatus.REQUESTED],
            RefundStatus.APPROVED,
            "refund.approved",
            permission="finance.approve_refund",
            stamp="approved_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [RefundStatus.REQUESTED, RefundStatus.APPROVED],
            RefundStatus.CANCELLED,
            "refund.cancelled",
            permission="finance.approve_refund",
        ),
        Transition(
            "send",
            _("Send"),
            [RefundStatus.APPROVED],
            RefundStatus.SENT,
            "refund.sent",
            permission="finance.record_refund",
            stamp="sent_at",
        ),
        Transition(
            "lose",
            _("Outcome unknown"),
            [RefundStatus.SENT, RefundStatus.UNKNOWN],
            RefundStatus.UNKNOWN,
            "refund.unknown",
            permission="finance.record_refund",
        ),
        Transition(
            "succeed",
            _("Record as paid back"),
            [RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.UNKNOWN],
            RefundStatus.SUCCEEDED,
            "refund.succeeded",
            permission="finance.record_refund",
            stamp="succeeded_at",
        ),
        Transition(
            "fail",
            _("Record as failed"),
            [RefundStatus.SENT, RefundStatus.UNKNOWN],
            RefundStatus.FAILED,
            "refund.failed",
            permission="finance.record_refund",
            stamp="failed_at",
        ),
    ],
    order_field="order_id",
)

PAYOUT = Machine(
    Payout,
    [
        Transition(
            "approve",
            _("Approve"),
            [PayoutStatus.DRAFT],
            PayoutStatus.APPROVED,
            "payout.approved",
            permission="finance.approve_payout",
            guards=[LOOSE],
            stamp="approved_at",
        ),
        Transition(
            "approve_in_batch",
            _("Approve"),
            [PayoutStatus.DRAFT],
            PayoutStatus.APPROVED,
            "payout.approved",
            stamp="approved_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [PayoutStatus.DRAFT, PayoutStatus.APPROVED],
            PayoutStatus.CANCELLED,
            "payout.cancelled",
            permission="finance.approve_payout",
            guards=[LOOSE],
        ),
        Transition(
            "send",
            _("Send to bank"),
            [PayoutStatus.APPROVED],
            PayoutStatus.SENT,
            "payout.sent",
            permission="finance.send_payout",
            guards=[LOOSE],
            stamp="sent_at",
        ),
        Transition(
            "send_in_batch",
            _("Send to bank"),
            [PayoutStatus.APPROVED],
            PayoutStatus.SENT,
            "payout.sent",
            stamp="sent_at",
        ),
        Transition(
            "pay",
            _("Record as paid"),
            [PayoutStatus.SENT],
            PayoutStatus.PAID,
            "payout.paid",
            permission="finance.send_payout",
            stamp="paid_at",
        ),
        Transition(
            "fail",
            _("Record as returned"),
            [PayoutStatus.SENT],
            PayoutStatus.FAILED,
            "payout.failed",
            permission="finance.send_payout",
            stamp="failed_at",
        ),
    ],
)

BATCH = Machine(
    PayoutBatch,
    [
        Transition(
            "approve",
            _("Approve"),
            [BatchStatus.DRAFT],
            BatchStatus.APPROVED,
            "payout_batch.approved",
            permission="finance.approve_payout",
            stamp="approved_at",
        ),
        Transition(
            "cancel",
            _("Cancel"),
            [BatchStatus.DRAFT, BatchStatus.APPROVED],
            BatchStatus.CANCELLED,
            "payout_batch.cancelled",
            permission="finance.approve_payout",
        ),
        Transition(
            "send",
            _("Write the file"),
            [BatchStatus.APPROVED],
            BatchStatus.SENT,
            "payout_batch.sent",
            permission="finance.send_payout",
            stamp="sent_at",
        ),
        Transition(
            "pay",
            _("Record as paid"),
            [BatchStatus.SENT],
            BatchStatus.PAID,
            "payout_batch.paid",
            permission="finance.send_payout",
            stamp="paid_at",
        ),
        Transition(
            "take_back",
            _("Record as not carried out"),
            [BatchStatus.SENT],
            BatchStatus.RETURNED,
            "payout_batch.returned",
            permission="finance.send_payout",
            stamp="returned_at",
        ),
    ],
)

BANK_DETAILS = Machine(
    BankDetails,
    [
        Transition(
            "approve",
            _("Approve"),
            [BankDetailsStatus.PROPOSED],
            BankDetailsStatus.ACTIVE,
            "bank_details.approved",
            permission="finance.approve_bankdetails",
            stamp="approved_at",
        ),
        Transition(
            "reject",
            _("Reject"),
            [BankDetailsStatus.PROPOSED],
            BankDetailsStatus.REJECTED,
            "bank_details.rejected",
            permission="finance.approve_bankdetails",
        ),
        Transition(
            "replace",
            _("Replace"),
            [BankDetailsStatus.ACTIVE],
            BankDetailsStatus.REPLACED,
            "bank_details.replaced",
        ),
    ],
)

OPEN_EXCEPTIONS = [ExceptionStatus.OPEN, ExceptionStatus.WAITING]
UNDECIDED = [*OPEN_EXCEPTIONS, ExceptionStatus.ASKED]
CLEARING = "finance.clear_reconciliationexception"
OF_A_ROW = Guard(
    "row",
    Q(row_id__isnull=False),
    _("No file tells of this payment: wait for its row, or leave it out with a reason."),
)


def _clears(name: str, label: Promise, *guards: Guard) -> Transition:
    """Return a verb that clears an exception in its own way."""
    return Transition(
        name,
        label,
        UNDECIDED,
        ExceptionStatus.CLEARED,
        "exception.cleared",
        permission=CLEARING,
        guards=guards,
        stamp="cleared_at",
    )


def _sets(name: str, label: Promise, sources: list, to: str | None, event: str) -> Transition:
    return Transition(name, label, sources, to, f"exception.{event}", permission=CLEARING)


EXCEPTION = Machine(
    ReconciliationException,
    [
        _sets("sort", _("Sort anew"), [ExceptionStatus.OPEN], None, "sorted"),
        _clears("clear", _("Clear")),
        _clears("match", _("Match"), OF_A_ROW),
        _clears("write_off", _("Write off"), OF_A_ROW),
        _clears("book", _("Book"), OF_A_ROW),
        _clears("ignore", _("Leave out")),
        _sets("wait", _("Wait"), OPEN_EXCEPTIONS, ExceptionStatus.WAITING, "put_off"),
        _sets("ask", _("Ask"), OPEN_EXCEPTIONS, ExceptionStatus.ASKED, "asked"),
        _sets(
            "resume",
            _("Take up again"),
            [ExceptionStatus.WAITING, ExceptionStatus.ASKED],
            ExceptionStatus.OPEN,
            "resumed",
        ),
        _sets("assign", _("Assign"), UNDECIDED, None, "assigned"),
        _sets("undo", _("Undo"), [ExceptionStatus.CLEARED], ExceptionStatus.OPEN, "undone"),
    ],
)
