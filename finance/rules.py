"""What rules can do with money: stop what goes out, and tell somebody. They move none."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.rules import rule_action, rule_measure, tells_colleagues
from finance.choices import PayoutStatus, RefundStatus
from finance.services.payouts import cancel_payouts, hold_payouts
from finance.services.refunds import cancel_refunds

REFUND, PAYOUT = "finance.refund", "finance.payout"
APPROVE = "finance.approve_payout"

rule_action("refunds.cancel", REFUND, _("Cancel"), permission="finance.approve_refund")(
    cancel_refunds
)
tells_colleagues("refunds.tell", REFUND)
rule_measure(REFUND, _("paid back"), Q(status=RefundStatus.SUCCEEDED))

rule_action("payouts.cancel", PAYOUT, _("Cancel"), permission=APPROVE)(cancel_payouts)
rule_action(
    "payouts.hold",
    PAYOUT,
    _("Cancel and block the seller's payouts"),
    permission=APPROVE,
    parameters={"why": lambda: forms.CharField(max_length=200, label=_("why"))},
)(hold_payouts)
tells_colleagues("payouts.tell", PAYOUT)
rule_measure(PAYOUT, _("paid"), Q(status=PayoutStatus.PAID))
rule_measure(PAYOUT, _("failed"), Q(status=PayoutStatus.FAILED))

tells_colleagues("payments.tell", "finance.payment")
tells_colleagues("invoices.tell", "finance.invoice")
tells_colleagues("credit_notes.tell", "finance.creditnote")
tells_colleagues("statements.tell", "finance.sellerstatement")
