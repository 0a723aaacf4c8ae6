"""The routes of money, and where providers report."""

from django.urls import path

from finance.api import batches, files, reconciliation, views
from finance.api.webhooks import payment_webhook

ROUTES = [
    ("payments", views.PaymentViewSet),
    ("refunds", views.RefundViewSet),
    ("seller-statements", views.StatementViewSet),
    ("payouts", views.PayoutViewSet),
    ("payout-batches", batches.BatchViewSet),
    ("payout-accounts", batches.PayoutAccountViewSet),
    ("bank-details", batches.BankDetailsViewSet),
    ("journal-entries", views.EntryViewSet),
    ("settlements", views.SettlementViewSet),
    ("invoices", views.InvoiceViewSet),
    ("credit-notes", views.CreditNoteViewSet),
    ("accounting-periods", views.PeriodViewSet),
    ("ledger-accounts", views.LedgerAccountViewSet),
    ("daily-balances", views.DailyBalanceViewSet),
    ("commission-contracts", views.ContractViewSet),
    ("payment-providers", views.ProviderViewSet),
    ("refund-policies", views.RefundPolicyViewSet),
    ("document-series", views.SeriesViewSet),
    ("provider-files", files.ProviderFileViewSet),
    ("provider-file-rows", files.FileRowViewSet),
    ("bank-statements", files.BankStatementViewSet),
    ("reconciliation-matches", reconciliation.MatchViewSet),
    ("reconciliation-exceptions", reconciliation.ExceptionViewSet),
    ("reconciliation-policies", reconciliation.PolicyViewSet),
]
EXTRA = [path("webhooks/payments/<slug:provider>", payment_webhook, name="payment-webhook")]
