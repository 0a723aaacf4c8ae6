"""The event kinds of this floor."""

from django.utils.translation import gettext_noop as _

from backoffice.core.events import declare, told_by

declare(
    "finance",
    "finance.accountingperiod",
    {
        "period.opened": _("An accounting period was opened"),
        "period.closed": _("An accounting period was closed"),
        "period.reopened": _("An accounting period was opened again"),
    },
)
declare(
    "finance",
    "finance.payment",
    {
        "payment.requested": _("A payment was asked for"),
        "payment.authorised": _("A payment was authorised"),
        "payment.captured": _("Money came in"),
        "payment.failed": _("A payment failed"),
        "payment.voided": _("An authorisation was given up"),
        "payment.cancelling": _("The provider is told that the money is not wanted any more"),
        "payment.cancelled": _("The provider knows that the money is not wanted any more"),
    },
)
declare(
    "finance",
    "finance.refund",
    {
        "refund.requested": _("Money is to go back to the customer"),
        "refund.approved": _("The refund may be sent"),
        "refund.sent": _("The refund was handed to the provider"),
        "refund.unknown": _("The provider has not said what became of the refund"),
        "refund.succeeded": _("Money went back to the customer"),
        "refund.failed": _("The provider refused the refund"),
        "refund.cancelled": _("The refund was called off"),
    },
)
declare(
    "finance",
    "finance.ordersettlement",
    {"order.settled": _("The order is settled and payable to the seller")},
)
declare(
    "finance",
    "finance.sellerstatement",
    {
        "statement.created": _("A seller's period was closed"),
        "statement.reserve_released": _("Money that was held back is payable"),
    },
)
declare(
    "finance",
    "finance.payout",
    {
        "payout.created": _("A payout was proposed"),
        "payout.approved": _("A second person approved the payout"),
        "payout.sent": _("The payout was handed to the bank"),
        "payout.paid": _("The seller has the money"),
        "payout.failed": _("The bank sent the payout back"),
        "payout.cancelled": _("The payout was called off"),
    },
)
declare(
    "finance",
    "finance.payoutbatch",
    {
        "payout_batch.gathered": _("Payouts were gathered into a batch"),
        "payout_batch.approved": _("A second person approved the batch"),
        "payout_batch.sent": _("The file of the batch was written"),
        "payout_batch.downloaded": _("The file of the batch was downloaded"),
        "payout_batch.paid": _("The bank carried the batch out"),
        "payout_batch.returned": _("The bank did not carry the batch out"),
        "payout_batch.cancelled": _("The batch was called off"),
    },
)
declare(
    "finance",
    "finance.bankdetails",
    {
        "bank_details.proposed": _("New bank details of a seller wait for a second person"),
        "bank_details.approved": _("A second person agreed to a seller's bank details"),
        "bank_details.rejected": _("A seller's bank details were refused"),
        "bank_details.replaced": _("A seller's bank details were replaced by others"),
    },
)
declare("finance", "finance.invoice", {"invoice.issued": _("The invoice was issued")})
declare("finance", "finance.creditnote", {"credit_note.issued": _("A credit note was issued")})
declare(
    "finance",
    "finance.providerfile",
    {
        "provider_file.imported": _("A file of a provider or bank was imported"),
        "provider_file.refused": _("A file of a provider or bank was refused"),
        "provider_file.matched": _("The rows of a file were matched"),
    },
)
declare(
    "finance",
    "finance.reconciliationexception",
    {
        "exception.raised": _("A row or a payment is not explained"),
        "exception.sorted": _("The exception has another reason now"),
        "exception.cleared": _("The exception is cleared"),
        "exception.put_off": _("The exception waits"),
        "exception.asked": _("A second person is asked whether it is written off"),
        "exception.resumed": _("The exception is taken up again"),
        "exception.assigned": _("Somebody else takes care of it"),
        "exception.undone": _("What cleared the exception is undone"),
    },
)
# What refunds promise and give back is counted on their payment; the refund's event tells.
told_by("finance.payment", "finance.refund")
# Which batch a payout is in is told by the batch.
told_by("finance.payout", "finance.payoutbatch")
# What an invoice has given back is counted on it; the credit note tells.
told_by("finance.invoice", "finance.creditnote")

# What their data tells, by name.
KEYS = [_("closing"), _("sha256")]
