"""Which money is within a warehouse or a seller; the books are company-wide."""

from backoffice.core.scope import column, everything, scope
from finance.models import (
    BankDetails,
    CommissionContract,
    CreditNote,
    Invoice,
    OrderSettlement,
    Payment,
    PaymentProvider,
    Payout,
    Refund,
    RefundPolicy,
    SellerStatement,
)
from orders.selectors.scope import of_order

scope(Payment, Refund, Invoice, **of_order("order"))
scope(CreditNote, **of_order("invoice__order"))
scope(OrderSettlement, warehouse=of_order("order_id")["warehouse"], seller=column("seller_id"))
scope(SellerStatement, Payout, BankDetails, CommissionContract, seller=column("seller"))
scope(PaymentProvider, RefundPolicy, warehouse=everything, seller=everything)
