"""The money endpoints; each write is one service call."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet, Verb
from finance import filters
from finance.api import serializers
from finance.models import (
    CommissionContract,
    CreditNote,
    Invoice,
    JournalEntry,
    OrderSettlement,
    Payment,
    Payout,
    Refund,
    SellerStatement,
)
from finance.selectors.ledger import trial_balance
from finance.services.payments import record_payments, void_payments
from finance.services.payouts import (
    approve_payouts,
    cancel_payouts,
    fail_payouts,
    pay_payouts,
    send_payouts,
)
from finance.services.refund_results import pay_refunds_by_hand
from finance.services.refunds import approve_refunds, cancel_refunds, open_refunds


class PaymentViewSet(DocumentViewSet):
    """Payments: recorded once per provider and external id."""

    queryset = Payment.objects.all()
    serializer_class = serializers.PaymentSerializer
    filterset_class = filters.PaymentFilter
    verbs = (Verb("void", void_payments, "finance.void_payment"),)

    @extend_schema(request=serializers.PaymentInput, responses={201: serializers.PaymentSerializer})
    def create(self, request: Request) -> Response:
        """Record a payment; the same report again answers with the first."""
        body = serializers.PaymentInput(data=request.data)
        body.is_valid(raise_exception=True)
        command = serializers.to_payment(body.validated_data)
        done = record_payments([command], now=timezone.now())
        if done.refused:
            raise ValidationError(done.refused[0])
        pk = (done.created | done.changed | done.unchanged)[0]
        answer = serializers.PaymentSerializer(self.get_queryset().get(pk=pk)).data
        return Response(answer, status=201 if done.created else 200)

    create.permission = "finance.record_payment"  # type: ignore[attr-defined]


class RefundViewSet(DocumentViewSet):
    """Refunds: opened within what was paid, approved by a second person."""

    queryset = Refund.objects.prefetch_related("lines")
    serializer_class = serializers.RefundSerializer
    filterset_class = filters.RefundFilter
    verbs = (
        Verb("approve", approve_refunds, "finance.approve_refund"),
        Verb("cancel", cancel_refunds, "finance.approve_refund"),
        Verb("succeed", pay_refunds_by_hand, "finance.record_refund"),
    )

    @extend_schema(
        request=serializers.RefundInput,
        responses={201: serializers.RefundSerializer(many=True)},
    )
    def create(self, request: Request) -> Response:
        """Open a refund; where several payments have to give, several."""
        body = serializers.RefundInput(data=request.data)
        body.is_valid(raise_exception=True)
        command = serializers.to_refund(body.validated_data)
        opened = open_refunds([command], now=timezone.now())
        if opened.refused:
            raise ValidationError(opened.refused[0])
        ids = (opened.created | opened.existing)[0]
        rows = self.get_queryset().filter(pk__in=ids).order_by("pk")
        answer = serializers.RefundSerializer(rows, many=True).data
        return Response(answer, status=201 if opened.created else 200)

    create.permission = "finance.open_refund"  # type: ignore[attr-defined]


class StatementViewSet(DocumentViewSet):
    """Sellers' statements."""

    queryset = SellerStatement.objects.select_related("seller")
    serializer_class = serializers.StatementSerializer
    filterset_class = filters.StatementFilter


class PayoutViewSet(DocumentViewSet):
    """Payouts: proposed from statements, approved by a second person."""

    queryset = Payout.objects.select_related("seller")
    serializer_class = serializers.PayoutSerializer
    filterset_class = filters.PayoutFilter
    verbs = (
        Verb("approve", approve_payouts, "finance.approve_payout"),
        Verb("cancel", cancel_payouts, "finance.approve_payout"),
        Verb("send", send_payouts, "finance.send_payout"),
        Verb("pay", pay_payouts, "finance.send_payout"),
        Verb("fail", fail_payouts, "finance.send_payout"),
    )


class EntryViewSet(ReadOnlyViewSet):
    """The journal: entries and their postings."""

    queryset = JournalEntry.objects.all()
    serializer_class = serializers.EntrySerializer
    filterset_class = filters.EntryFilter

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve":
            return serializers.EntryDetailSerializer
        return super().get_serializer_class()

    @extend_schema(
        responses=serializers.TrialBalanceSerializer(many=True), filters=False, parameters=[]
    )
    @action(detail=False, url_path="trial-balance", pagination_class=None, filterset_class=None)
    def trial_balance(self, request: Request) -> Response:
        """Return every account's balance per currency, debit positive."""
        names = ("account", "name", "currency", "balance")
        rows = [dict(zip(names, row, strict=True)) for row in trial_balance()]
        return Response(serializers.TrialBalanceSerializer(rows, many=True).data)


class SettlementViewSet(ReadOnlyViewSet):
    """Settled orders, seller by seller."""

    queryset = OrderSettlement.objects.all()
    serializer_class = serializers.SettlementSerializer
    filterset_class = filters.SettlementFilter


class InvoiceViewSet(DocumentViewSet):
    """Invoices."""

    queryset = Invoice.objects.all()
    serializer_class = serializers.InvoiceSerializer
    filterset_class = filters.InvoiceFilter

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve":
            return serializers.InvoiceDetailSerializer
        return super().get_serializer_class()


class CreditNoteViewSet(DocumentViewSet):
    """Credit notes."""

    queryset = CreditNote.objects.all()
    serializer_class = serializers.CreditNoteSerializer
    filterset_class = filters.CreditNoteFilter


class ContractViewSet(SettingsViewSet):
    """Commission contracts."""

    queryset = CommissionContract.objects.all()
    serializer_class = serializers.ContractSerializer
