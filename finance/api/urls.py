"""The routes of money, and where providers report."""

from django.urls import path

from finance.api.views import (
    ContractViewSet,
    CreditNoteViewSet,
    EntryViewSet,
    InvoiceViewSet,
    PaymentViewSet,
    PayoutViewSet,
    RefundViewSet,
    SettlementViewSet,
    StatementViewSet,
)
from finance.api.webhooks import payment_webhook

ROUTES = [
    ("payments", PaymentViewSet),
    ("refunds", RefundViewSet),
    ("seller-statements", StatementViewSet),
    ("payouts", PayoutViewSet),
    ("journal-entries", EntryViewSet),
    ("settlements", SettlementViewSet),
    ("invoices", InvoiceViewSet),
    ("credit-notes", CreditNoteViewSet),
    ("commission-contracts", ContractViewSet),
]
EXTRA = [path("webhooks/payments/<slug:provider>", payment_webhook, name="payment-webhook")]
