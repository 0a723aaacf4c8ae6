"""Money as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from finance.choices import PaymentStatus, RefundKind
from finance.models import (
    AccountingPeriod,
    CommissionContract,
    CreditNote,
    DailyBalance,
    DocumentSeries,
    Invoice,
    InvoiceLine,
    JournalEntry,
    LedgerAccount,
    OrderSettlement,
    Payment,
    PaymentProvider,
    Payout,
    Posting,
    Refund,
    RefundLine,
    RefundPolicy,
    SellerStatement,
)
from finance.selectors.ledger import invoice_lines, postings_of
from inventory.api.fields import CodeField
from inventory.models import Seller


class PaymentSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")

    class Meta:
        model = Payment
        fields = [
            *("id", "number", "order", "order_id", "provider", "external_id", "method"),
            *(
                "currency",
                "amount",
                "status",
                "captured_amount",
                "refunded_amount",
                "pending_refund_amount",
            ),
            *("authorised_at", "captured_at", "failed_at", "voided_at", "failure", "version"),
        ]


class RefundLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = RefundLine
        fields = ["order_line_id", "amount"]


class RefundSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")
    payment = serializers.CharField(source="payment_number", allow_null=True)
    lines = RefundLineSerializer(many=True)

    class Meta:
        model = Refund
        fields = [
            *("id", "number", "order", "order_id", "payment", "payment_id", "goods_return_id"),
            *("kind", "currency"),
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


class StatementEntrySerializer(serializers.Serializer):
    day = serializers.DateField()
    kind = serializers.CharField()
    order_number = serializers.CharField(allow_null=True)
    payout = serializers.CharField()
    gross = serializers.DecimalField(20, 4, allow_null=True)
    tax = serializers.DecimalField(20, 4, allow_null=True)
    charges = serializers.DecimalField(20, 4, allow_null=True)
    amount = serializers.DecimalField(20, 4)
    entry_id = serializers.IntegerField()


class PayoutSerializer(serializers.ModelSerializer):
    statement = serializers.CharField(source="statement_number")
    seller = serializers.CharField(source="seller.code")

    class Meta:
        model = Payout
        fields = [
            *("id", "number", "statement", "statement_id", "seller", "currency", "amount"),
            "status",
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

    @extend_schema_field(PostingSerializer(many=True))
    def get_postings(self, entry: JournalEntry) -> list[dict[str, Any]]:
        rows = postings_of([entry.pk]).get(entry.pk, [])
        return list(PostingSerializer(rows, many=True).data)


class MonthBalanceSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    currency = serializers.CharField()
    opening = serializers.DecimalField(20, 4)
    moved = serializers.DecimalField(20, 4)
    closing = serializers.DecimalField(20, 4)


class SettlementSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")
    seller = serializers.CharField(source="seller_code", allow_null=True)
    charges = serializers.DictField(child=serializers.DecimalField(20, 4))

    class Meta:
        model = OrderSettlement
        fields = [
            *("id", "order", "order_id", "seller", "seller_id", "contract_id", "currency"),
            *("lines", "gross_amount"),
            *("tax_amount", "charges", "charges_amount", "payable_amount", "delivered_on"),
            *("settles_on", "settled_at"),
        ]


class InvoiceSerializer(serializers.ModelSerializer):
    order = serializers.CharField(source="order_number")

    class Meta:
        model = Invoice
        fields = [
            *(
                "id",
                "number",
                "order",
                "order_id",
                "issued_on",
                "currency",
                "net_amount",
                "tax_amount",
            ),
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

    @extend_schema_field(InvoiceLineSerializer(many=True))
    def get_lines(self, invoice: Invoice) -> list[dict[str, Any]]:
        return list(InvoiceLineSerializer(invoice_lines(invoice.pk), many=True).data)


class CreditNoteSerializer(serializers.ModelSerializer):
    invoice = serializers.CharField(source="invoice_number")
    refund = serializers.CharField(source="refund_number", allow_null=True)

    class Meta:
        model = CreditNote
        fields = [
            *("id", "number", "invoice", "invoice_id", "refund", "refund_id", "issued_on"),
            *("currency", "net_amount", "tax_amount", "gross_amount", "version"),
        ]


class ContractSerializer(serializers.ModelSerializer):
    seller = CodeField(Seller, default=None, allow_null=True)

    class Meta:
        model = CommissionContract
        exclude = ["created_at"]


class LedgerAccountSerializer(serializers.ModelSerializer):
    class Meta:
        model = LedgerAccount
        fields = ["id", "code", "name", "kind", "is_active"]


class PeriodSerializer(serializers.ModelSerializer):
    class Meta:
        model = AccountingPeriod
        fields = [
            "id",
            "number",
            "month",
            "status",
            "closed_at",
            "balance_hash",
            "version",
            "updated_at",
        ]


class DailyBalanceSerializer(serializers.ModelSerializer):
    account = serializers.CharField(source="account.code")

    class Meta:
        model = DailyBalance
        fields = [
            *("id", "day", "account", "party_type", "party_id", "currency", "amount", "postings"),
        ]


class ProviderSerializer(serializers.ModelSerializer):
    class Meta:
        model = PaymentProvider
        exclude = ["created_at"]


class RefundPolicySerializer(serializers.ModelSerializer):
    class Meta:
        model = RefundPolicy
        exclude = ["created_at"]


class SeriesSerializer(serializers.ModelSerializer):
    class Meta:
        model = DocumentSeries
        fields = ["id", "code", "prefix", "last_number", "updated_at"]
        read_only_fields = ["code"]


class TrialBalanceSerializer(serializers.Serializer):
    account = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    balance = serializers.DecimalField(24, 4)


class PaymentInput(serializers.Serializer):
    """A payment to be recorded, unique by provider and external id."""

    order = serializers.CharField(max_length=24)
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


class RefundPartInput(serializers.Serializer):
    line_id = serializers.IntegerField(min_value=1)
    amount = serializers.DecimalField(20, 4)


class RefundInput(serializers.Serializer):
    """A refund to be opened; without an amount, of the lines or of all that is left."""

    order = serializers.CharField(max_length=24)
    kind = serializers.ChoiceField(RefundKind.choices)
    amount = serializers.DecimalField(20, 4, required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    key = serializers.CharField(max_length=80, required=False)
    lines = RefundPartInput(many=True, required=False)


class PayoutInput(serializers.Serializer):
    """A payout to be proposed from a seller's latest statement."""

    statement = serializers.CharField(max_length=24)
