"""Which roles are given which permissions of this floor."""

from backoffice.core.access.roles import grant
from backoffice.core.choices import Role

PAID = "view_payment view_refund view_refundline view_invoice view_invoiceline view_creditnote"

grant(
    "finance",
    {
        Role.ORDER_DESK: f"{PAID} open_refund",
        Role.SERVICE: f"{PAID} open_refund",
        Role.FINANCE: "view_* record_payment void_payment open_refund approve_refund record_refund"
        " approve_payout send_payout close_accountingperiod add_ledgeraccount change_ledgeraccount"
        " add_providerfile clear_reconciliationexception add_reconciliationpolicy"
        " change_reconciliationpolicy add_reconciliationrule change_reconciliationrule"
        " add_commissioncontract change_commissioncontract add_paymentprovider"
        " change_paymentprovider change_documentseries add_documentseries"
        " change_payout change_sellerstatement add_bankdetails approve_bankdetails"
        " add_payoutaccount change_payoutaccount",
        Role.ANALYST: "view_*",
        Role.AUDITOR: "view_*",
    },
)
