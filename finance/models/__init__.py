from finance.models.batches import BankDetails, PayoutAccount, PayoutBatch, PayoutFile
from finance.models.files import BankStatement, FileRow, ProviderFile
from finance.models.invoices import CreditNote, DocumentSeries, Invoice, InvoiceLine
from finance.models.ledger import (
    AccountingPeriod,
    DailyBalance,
    JournalEntry,
    LedgerAccount,
    PeriodBalance,
    Posting,
)
from finance.models.payments import (
    Payment,
    PaymentProvider,
    Refund,
    RefundLine,
    RefundPolicy,
)
from finance.models.payouts import Payout, SellerStatement, StatementLine
from finance.models.reconciliation import (
    ReconciliationDue,
    ReconciliationException,
    ReconciliationMatch,
    ReconciliationPolicy,
    ReconciliationRule,
)
from finance.models.settlement import (
    CommissionContract,
    OrderSettlement,
    RefundShare,
    SettlementDue,
)

__all__ = [
    "AccountingPeriod",
    "BankDetails",
    "BankStatement",
    "CommissionContract",
    "CreditNote",
    "DailyBalance",
    "DocumentSeries",
    "FileRow",
    "Invoice",
    "InvoiceLine",
    "JournalEntry",
    "LedgerAccount",
    "OrderSettlement",
    "Payment",
    "PaymentProvider",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "PayoutFile",
    "PeriodBalance",
    "Posting",
    "ProviderFile",
    "ReconciliationDue",
    "ReconciliationException",
    "ReconciliationMatch",
    "ReconciliationPolicy",
    "ReconciliationRule",
    "Refund",
    "RefundLine",
    "RefundPolicy",
    "RefundShare",
    "SellerStatement",
    "SettlementDue",
    "StatementLine",
]
