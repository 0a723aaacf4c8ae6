"""Money as JSON."""

from typing import Any

from rest_framework import serializers

from finance.choices import PaymentStatus, RefundKind
from finance.models import (
    CommissionContract,
    CreditNote,
    Invoice,
    InvoiceLine,
    JournalEntry,
    OrderSettlement,
    Payment,
    Payout,
    Posting,
    Refund,
    RefundLine,
    SellerStatement,
)
from finance.selectors.ledger import invoice_lines, postings_of
from finance.services.commands import OpenRefund, RecordPayment, RefundPart


class PaymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payment
        fields = [
            *("id", "number", "order_id", "provider", "external_id", "method", "currency"),
            *("amount", "status", "captured_amount", "refunded_amount", "pending_refund_amount"),
            *("authorised_at", "captured_at", "failed_at", "voided_at", "failure", "version"),
        ]


class RefundLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = RefundLine
        fields = ["order_line_id", "amount"]


class RefundSerializer(serializers.ModelSerializer):
    lines = RefundLineSerializer(many=True)

    class Meta:
        model = Refund
        fields = [
            *("id", "number", "order_id", "payment_id", "goods_return_id", "kind", "currency"),
            *("amount", "reason", "status", "needs_approval", "created_by_id", "approved_by_id"),
            *("approved_at", "sent_at", "succeeded_at", "failed_at", "external_id", "failure"),
            *("version", "lines"),
        ]


class StatementSerializer(serializers.ModelSerializer):
    seller = serializers.CharField(source="seller.code")

    class Meta:
        model = SellerStatement
        fields = [
            *("id", "number", "seller", "currency", "starts_on", "ends_on", "opening_amount"),
            *("sales_amount", "refunds_amount", "payouts_amount", "other_amount", "held_amount"),
            *("released_amount", "closing_amount", "reserve_release_on", "reserve_released_at"),
            "version",
        ]


class PayoutSerializer(serializers.ModelSerializer):
    seller = serializers.CharField(source="seller.code")

    class Meta:
        model = Payout
        fields = [
            *("id", "number", "statement_id", "seller", "currency", "amount", "status"),
            *("created_by_id", "approved_by_id", "approved_at", "sent_at", "paid_at"),
            *("failed_at", "bank_reference", "version"),
        ]


class PostingSerializer(serializers.ModelSerializer):
    account = serializers.CharField(source="account.code")

    class Meta:
        model = Posting
        fields = ["position", "account", "party_type", "party_id", "order_id", "currency", "amount"]


class EntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = JournalEntry
        fields = [
            *("id", "kind", "source_type", "source_id", "idempotency_key", "effective_on"),
            *("due_on", "reverses_id", "posted_at", "posted_by_id", "reason"),
        ]


class EntryDetailSerializer(EntrySerializer):
    postings = serializers.SerializerMethodField()

    class Meta(EntrySerializer.Meta):
        fields = [*EntrySerializer.Meta.fields, "postings"]

    def get_postings(self, entry: JournalEntry) -> list[dict[str, Any]]:
        rows = postings_of([entry.pk]).get(entry.pk, [])
        return list(PostingSerializer(rows, many=True).data)


class SettlementSerializer(serializers.ModelSerializer):
    class Meta:
        model = OrderSettlement
        fields = [
            *("id", "order_id", "seller_id", "contract_id", "currency", "lines", "gross_amount"),
            *("tax_amount", "commission_amount", "fee_amount", "payable_amount", "delivered_on"),
            *("settles_on", "settled_at"),
        ]


class InvoiceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Invoice
        fields = [
            *("id", "number", "order_id", "issued_on", "currency", "net_amount", "tax_amount"),
            *("gross_amount", "credited_amount", "version"),
        ]


class InvoiceLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = InvoiceLine
        exclude = ["id", "invoice_id"]


class InvoiceDetailSerializer(InvoiceSerializer):
    lines = serializers.SerializerMethodField()

    class Meta(InvoiceSerializer.Meta):
        fields = [*InvoiceSerializer.Meta.fields, "lines"]

    def get_lines(self, invoice: Invoice) -> list[dict[str, Any]]:
        return list(InvoiceLineSerializer(invoice_lines(invoice.pk), many=True).data)


class CreditNoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = CreditNote
        fields = [
            *("id", "number", "invoice_id", "refund_id", "issued_on", "currency", "net_amount"),
            *("tax_amount", "gross_amount", "version"),
        ]


class ContractSerializer(serializers.ModelSerializer):
    class Meta:
        model = CommissionContract
        exclude = ["created_at"]


class TrialBalanceSerializer(serializers.Serializer):
    account = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    balance = serializers.DecimalField(24, 4)


class PaymentInput(serializers.Serializer):
    """A payment to be recorded, unique by provider and external id."""

    order_id = serializers.IntegerField(min_value=1)
    provider = serializers.CharField(max_length=40, required=False, default="manual")
    external_id = serializers.CharField(max_length=120)
    status = serializers.ChoiceField(
        [PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.FAILED],
        required=False,
        default=PaymentStatus.CAPTURED,
    )
    method = serializers.CharField(max_length=40, required=False, allow_blank=True)
    amount = serializers.DecimalField(20, 4)
    currency = serializers.CharField(max_length=3)
    at = serializers.DateTimeField(required=False)


def to_payment(data: dict[str, Any]) -> RecordPayment:
    """Return the command of a validated payment."""
    return RecordPayment(**data)


class RefundPartInput(serializers.Serializer):
    line_id = serializers.IntegerField(min_value=1)
    amount = serializers.DecimalField(20, 4)


class RefundInput(serializers.Serializer):
    """A refund to be opened; without an amount, of the lines or of all that is left."""

    order_id = serializers.IntegerField(min_value=1)
    kind = serializers.ChoiceField(RefundKind.choices)
    amount = serializers.DecimalField(20, 4, required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    key = serializers.CharField(max_length=80, required=False)
    lines = RefundPartInput(many=True, required=False)


def to_refund(data: dict[str, Any]) -> OpenRefund:
    """Return the command of a validated refund."""
    lines = [RefundPart(**line) for line in data.get("lines", [])]
    return OpenRefund(**{**data, "lines": lines})
