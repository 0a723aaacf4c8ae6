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
declare("finance", "finance.invoice", {"invoice.issued": _("The invoice was issued")})
declare("finance", "finance.creditnote", {"credit_note.issued": _("A credit note was issued")})
declare(
    "finance",
    "finance.providerfile",
    {
        "provider_file.imported": _("A file of a provider or bank was imported"),
        "provider_file.refused": _("A file of a provider or bank was refused"),
    },
)
# What refunds promise and give back is counted on their payment; the refund's event tells.
told_by("finance.payment", "finance.refund")
# What an invoice has given back is counted on it; the credit note tells.
told_by("finance.invoice", "finance.creditnote")
