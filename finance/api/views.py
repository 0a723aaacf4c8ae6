"""The money endpoints; each write is one service call."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F, OuterRef, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.creation import Creation
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet
from backoffice.core.scope import is_limited
from finance import filters
from finance.api import serializers
from finance.api.creation import open_, propose, record
from finance.api.papers import pdf_action
from finance.models import (
    AccountingPeriod,
    CommissionContract,
    CreditNote,
    DailyBalance,
    DocumentSeries,
    Invoice,
    JournalEntry,
    LedgerAccount,
    OrderSettlement,
    Payment,
    PaymentProvider,
    Payout,
    Refund,
    RefundPolicy,
    SellerStatement,
)
from finance.selectors.ledger import trial_balance
from finance.selectors.reports import month_balances
from finance.selectors.statements import statement_entries
from finance.services.payments import void_payments
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.services.periods import close_periods, reopen_periods
from finance.services.refund_results import pay_refunds_by_hand
from finance.services.refunds import approve_refunds, cancel_refunds
from inventory.models import Seller
from orders.models import Order


class PaymentViewSet(DocumentViewSet):
    """Payments: recorded once per provider and external id."""

    queryset = Payment.objects.annotate(order_number=F("order__order_number"))
    serializer_class = serializers.PaymentSerializer
    filterset_class = filters.PaymentFilter
    creation = Creation(serializers.PaymentInput, record, "finance.record_payment")
    verbs = (Verb("void", void_payments, "finance.void_payment"),)


class RefundViewSet(DocumentViewSet):
    """Refunds: opened within what was paid, approved by a second person."""

    queryset = Refund.objects.annotate(
        order_number=F("order__order_number"), payment_number=F("payment__number")
    ).prefetch_related("lines")
    serializer_class = serializers.RefundSerializer
    filterset_class = filters.RefundFilter
    creation = Creation(serializers.RefundInput, open_, "finance.open_refund", is_many=True)
    verbs = (
        Verb("approve", approve_refunds, "finance.approve_refund"),
        Verb("cancel", cancel_refunds, "finance.approve_refund"),
        Verb("succeed", pay_refunds_by_hand, "finance.record_refund"),
    )


class StatementViewSet(DocumentViewSet):
    """Sellers' statements: made by the system when a contract's period ends."""

    queryset = SellerStatement.objects.select_related("seller")
    serializer_class = serializers.StatementSerializer
    filterset_class = filters.StatementFilter
    pdf = pdf_action()

    @extend_schema(responses=serializers.StatementEntrySerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def entries(self, request: Request, **kwargs: Any) -> Response:
        """Return every entry of the statement, and the order behind it."""
        rows = statement_entries(self.get_object().pk)
        return Response(serializers.StatementEntrySerializer(rows, many=True).data)


class PayoutViewSet(DocumentViewSet):
    """Payouts: proposed from statements, approved by a second person."""

    queryset = Payout.objects.select_related("seller").annotate(
        statement_number=F("statement__number")
    )
    serializer_class = serializers.PayoutSerializer
    filterset_class = filters.PayoutFilter
    creation = Creation(serializers.PayoutInput, propose, "finance.change_payout")
    verbs = (
        Verb("approve", approve_payouts, "finance.approve_payout"),
        Verb("cancel", cancel_payouts, "finance.approve_payout"),
        Verb("send", send_payouts, "finance.send_payout"),
        Verb("pay", pay_payouts, "finance.send_payout"),
        Verb("fail", fail_payouts, "finance.send_payout"),
    )


class EntryViewSet(ReadOnlyViewSet):
    """The journal: entries and their postings, written by what they account for."""

    queryset = JournalEntry.objects.all()
    serializer_class = serializers.EntrySerializer
    detail_serializer_class = serializers.EntryDetailSerializer
    filterset_class = filters.EntryFilter

    @extend_schema(
        responses=serializers.TrialBalanceSerializer(many=True), filters=False, parameters=[]
    )
    @action(detail=False, url_path="trial-balance", pagination_class=None, filterset_class=None)
    def trial_balance(self, request: Request) -> Response:
        """Return every account's balance per currency, debit positive."""
        if is_limited():
            raise PermissionDenied
        names = ("account", "name", "currency", "balance")
        rows = [dict(zip(names, row, strict=True)) for row in trial_balance()]
        return Response(serializers.TrialBalanceSerializer(rows, many=True).data)


class SettlementViewSet(ReadOnlyViewSet):
    """Settled orders, seller by seller: settled by the system after delivery."""

    queryset = OrderSettlement.objects.annotate(
        order_number=Subquery(
            Order.objects.filter(pk=OuterRef("order_id")).values("order_number")[:1]
        ),
        seller_code=Subquery(Seller.objects.filter(pk=OuterRef("seller_id")).values("code")[:1]),
    )
    serializer_class = serializers.SettlementSerializer
    filterset_class = filters.SettlementFilter


class InvoiceViewSet(DocumentViewSet):
    """Invoices: issued by the system when orders are paid and delivered, numbered without gaps."""

    queryset = Invoice.objects.annotate(order_number=F("order__order_number"))
    serializer_class = serializers.InvoiceSerializer
    detail_serializer_class = serializers.InvoiceDetailSerializer
    filterset_class = filters.InvoiceFilter
    pdf = pdf_action()


class CreditNoteViewSet(DocumentViewSet):
    """Credit notes: issued by the system when refunds have succeeded."""

    queryset = CreditNote.objects.annotate(
        invoice_number=F("invoice__number"), refund_number=F("refund__number")
    )
    serializer_class = serializers.CreditNoteSerializer
    filterset_class = filters.CreditNoteFilter
    pdf = pdf_action()


class PeriodViewSet(DocumentViewSet):
    """Accounting months: opened by the system, closed by a verb."""

    queryset = AccountingPeriod.objects.all()
    serializer_class = serializers.PeriodSerializer
    filterset_class = filters.PeriodFilter
    verbs = (
        Verb("close", close_periods, "finance.close_accountingperiod"),
        Verb("reopen", reopen_periods, "finance.close_accountingperiod"),
    )

    @extend_schema(responses=serializers.MonthBalanceSerializer(many=True), filters=False)
    @action(detail=True, url_path="trial-balance", pagination_class=None)
    def trial_balance(self, request: Request, **kwargs: Any) -> Response:
        """Return every account before and in the month, debit positive."""
        month = self.get_object().month
        if is_limited():
            raise PermissionDenied
        rows = month_balances(month)
        return Response(serializers.MonthBalanceSerializer(rows, many=True).data)


class LedgerAccountViewSet(ReadOnlyViewSet):
    """The chart of accounts, which the program posts to by code."""

    queryset = LedgerAccount.objects.all()
    serializer_class = serializers.LedgerAccountSerializer
    filterset_class = filters.LedgerAccountFilter


class DailyBalanceViewSet(ReadOnlyViewSet):
    """What was posted to an account on a day, by party and currency."""

    queryset = DailyBalance.objects.select_related("account")
    serializer_class = serializers.DailyBalanceSerializer
    filterset_class = filters.DailyBalanceFilter


class ContractViewSet(SettingsViewSet):
    """Commission contracts."""

    queryset = CommissionContract.objects.select_related("seller")
    serializer_class = serializers.ContractSerializer


class ProviderViewSet(SettingsViewSet):
    """Payment providers."""

    queryset = PaymentProvider.objects.all()
    serializer_class = serializers.ProviderSerializer


class RefundPolicyViewSet(SettingsViewSet):
    """From which amount on a refund needs a second person."""

    queryset = RefundPolicy.objects.all()
    serializer_class = serializers.RefundPolicySerializer


class SeriesViewSet(SettingsViewSet):
    """The series of gapless numbers; they are there from the beginning."""

    http_method_names = ("get", "put", "patch", "head", "options")
    queryset = DocumentSeries.objects.all()
    serializer_class = serializers.SeriesSerializer
