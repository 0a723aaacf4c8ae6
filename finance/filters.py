"""One filter set per document, for the API, the admin and the rules alike."""

import django_filters
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.filtering import AgoFilter, FilterSet, IntegerFilter, WithinFilter, plain
from finance.choices import (
    AccountKind,
    BankDetailsStatus,
    BatchStatus,
    EntryKind,
    ExceptionKind,
    ExceptionStatus,
    FileControl,
    FileRowKind,
    MatchRule,
    PaymentStatus,
    PayoutStatus,
    PeriodStatus,
    RefundKind,
    RefundStatus,
)
from finance.models import (
    AccountingPeriod,
    BankDetails,
    BankStatement,
    CommissionContract,
    CreditNote,
    DailyBalance,
    DocumentSeries,
    FileRow,
    Invoice,
    JournalEntry,
    LedgerAccount,
    OrderSettlement,
    Payment,
    PaymentProvider,
    Payout,
    PayoutAccount,
    PayoutBatch,
    Posting,
    ProviderFile,
    ReconciliationDue,
    ReconciliationException,
    ReconciliationMatch,
    ReconciliationPolicy,
    ReconciliationRule,
    Refund,
    RefundPolicy,
    SellerStatement,
    SettlementDue,
)
from inventory.models import Seller
from orders.models import Order


class PaymentFilter(FilterSet):
    """Which payments."""

    number = django_filters.CharFilter(label=_("number"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    order_id = IntegerFilter(label=_("order"))
    provider = django_filters.CharFilter(label=_("provider"))
    external_id = django_filters.CharFilter(label=_("external id"))
    status = django_filters.MultipleChoiceFilter(choices=PaymentStatus.choices, label=_("status"))
    currency = django_filters.CharFilter(label=_("currency"))
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", label=_("created after"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))

    class Meta:
        model = Payment
        fields: list[str] = []


class RefundFilter(FilterSet):
    """Which refunds."""

    fixed = frozenset(
        "number order order_id payment_id kind currency amount_min amount_max created_after"
        " created_within created_before_ago".split()
    )

    number = django_filters.CharFilter(label=_("number"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    order_id = IntegerFilter(label=_("order"))
    payment_id = IntegerFilter(label=_("payment"))
    status = django_filters.MultipleChoiceFilter(choices=RefundStatus.choices, label=_("status"))
    kind = django_filters.MultipleChoiceFilter(choices=RefundKind.choices, label=_("kind"))
    currency = django_filters.CharFilter(label=_("currency"))
    amount_min = django_filters.NumberFilter("amount", "gte", label=_("amount from"))
    amount_max = django_filters.NumberFilter("amount", "lte", label=_("amount to"))
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", label=_("created after"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))

    class Meta:
        model = Refund
        fields: list[str] = []


class _SellerFilter(FilterSet):
    seller = django_filters.ModelChoiceFilter(
        queryset=Seller.objects.all(), to_field_name="code", label=_("seller")
    )
    currency = django_filters.CharFilter(label=_("currency"))


class StatementFilter(_SellerFilter):
    """Which seller statements."""

    number = django_filters.CharFilter(label=_("number"))
    ends_after = django_filters.DateFilter("ends_on", "gte", label=_("ends after"))

    class Meta:
        model = SellerStatement
        fields: list[str] = []


class PayoutFilter(_SellerFilter):
    """Which payouts."""

    fixed = frozenset(
        "number seller currency amount_min amount_max created_within created_before_ago".split()
    )

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=PayoutStatus.choices, label=_("status"))
    batch = django_filters.CharFilter("batch__number", label=_("payout batch"))
    amount_min = django_filters.NumberFilter("amount", "gte", label=_("amount from"))
    amount_max = django_filters.NumberFilter("amount", "lte", label=_("amount to"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))

    class Meta:
        model = Payout
        fields: list[str] = []


class PayoutBatchFilter(FilterSet):
    """Which payout batches."""

    number = django_filters.CharFilter(label=_("number"))
    account = django_filters.CharFilter("account__code", label=_("payout account"))
    status = django_filters.MultipleChoiceFilter(choices=BatchStatus.choices, label=_("status"))
    execute_from = django_filters.DateFilter("execute_on", "gte", label=_("from"))
    execute_to = django_filters.DateFilter("execute_on", "lte", label=_("to"))

    class Meta:
        model = PayoutBatch
        fields: list[str] = []


class BankDetailsFilter(FilterSet):
    """Which bank details of sellers."""

    number = django_filters.CharFilter(label=_("number"))
    seller = django_filters.CharFilter("seller__code", label=_("seller"))
    currency = django_filters.CharFilter(label=_("currency"))
    status = django_filters.MultipleChoiceFilter(
        choices=BankDetailsStatus.choices, label=_("status")
    )

    class Meta:
        model = BankDetails
        fields: list[str] = []


class EntryFilter(FilterSet):
    """Which journal entries."""

    key = django_filters.CharFilter("idempotency_key", label=_("idempotency key"))
    kind = django_filters.MultipleChoiceFilter(choices=EntryKind.choices, label=_("kind"))
    account = django_filters.CharFilter(method="on_account", label=_("account"))
    order = django_filters.CharFilter(method="of_order", label=_("order"))
    effective_after = django_filters.DateFilter("effective_on", "gte", label=_("effective from"))
    effective_before = django_filters.DateFilter("effective_on", "lt", label=_("effective before"))
    effective_until = django_filters.DateFilter("effective_on", "lte", label=_("effective until"))

    class Meta:
        model = JournalEntry
        fields: list[str] = []

    def on_account(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return self._with(queryset, account__code=value)

    def of_order(self, queryset, name, value):  # type: ignore[no-untyped-def]
        order = Order.objects.filter(order_number=value).values("pk")[:1]
        return self._with(queryset, order_id=Subquery(order))

    def _with(self, queryset, **posting):  # type: ignore[no-untyped-def]
        return queryset.filter(Exists(Posting.objects.filter(entry_id=OuterRef("pk"), **posting)))


class SettlementFilter(FilterSet):
    """Which settled orders."""

    order_id = IntegerFilter(label=_("order"))
    seller_id = IntegerFilter(label=_("seller"))
    currency = django_filters.CharFilter(label=_("currency"))

    class Meta:
        model = OrderSettlement
        fields: list[str] = []


class InvoiceFilter(FilterSet):
    """Which invoices."""

    number = django_filters.CharFilter(label=_("number"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    order_id = IntegerFilter(label=_("order"))
    issued_after = django_filters.DateFilter("issued_on", "gte", label=_("issued after"))

    class Meta:
        model = Invoice
        fields: list[str] = []


class CreditNoteFilter(FilterSet):
    """Which credit notes."""

    number = django_filters.CharFilter(label=_("number"))
    invoice = django_filters.CharFilter("invoice__number", label=_("invoice"))
    issued_after = django_filters.DateFilter("issued_on", "gte", label=_("issued after"))

    class Meta:
        model = CreditNote
        fields: list[str] = []


class SettlementDueFilter(FilterSet):
    """Which orders wait for their settlement."""

    order = django_filters.CharFilter("order__order_number", label=_("order"))
    is_due = django_filters.BooleanFilter(method="due", label=_("due"))

    class Meta:
        model = SettlementDue
        fields: list[str] = []

    def due(self, queryset, name, value):  # type: ignore[no-untyped-def]
        is_due = Q(due_at__lte=self.now)
        return queryset.filter(is_due if value else ~is_due)


class PeriodFilter(FilterSet):
    """Which accounting periods."""

    status = django_filters.MultipleChoiceFilter(choices=PeriodStatus.choices, label=_("status"))
    month = django_filters.DateFilter(label=_("month"))

    class Meta:
        model = AccountingPeriod
        fields: list[str] = []


class LedgerAccountFilter(FilterSet):
    """Which accounts."""

    code = django_filters.CharFilter(label=_("code"))
    kind = django_filters.MultipleChoiceFilter(choices=AccountKind.choices, label=_("kind"))

    class Meta:
        model = LedgerAccount
        fields: list[str] = []


class DailyBalanceFilter(FilterSet):
    """Which daily balances."""

    account = django_filters.CharFilter("account__code", label=_("account"))
    party_id = IntegerFilter(label=_("party"))
    currency = django_filters.CharFilter(label=_("currency"))
    day_from = django_filters.DateFilter("day", "gte", label=_("from"))
    day_to = django_filters.DateFilter("day", "lte", label=_("to"))

    class Meta:
        model = DailyBalance
        fields: list[str] = []


PayoutAccountFilter = plain(PayoutAccount, "code", "currency", "is_active")
PaymentProviderFilter = plain(PaymentProvider, "code", "is_active")
ReconciliationPolicyFilter = plain(ReconciliationPolicy, "currency", "is_active")
ReconciliationRuleFilter = plain(ReconciliationRule, "format", "category", "is_active")
ReconciliationDueFilter = plain(ReconciliationDue, "file_id")
RefundPolicyFilter = plain(RefundPolicy, "currency", "is_active")
DocumentSeriesFilter = plain(DocumentSeries, "code")
CommissionContractFilter = plain(
    CommissionContract, "name", "seller", "currency", "payout_schedule", "is_active"
)


class ProviderFileFilter(FilterSet):
    """Which files of providers and banks."""

    number = django_filters.CharFilter(label=_("number"))
    format = django_filters.CharFilter(label=_("format"))
    control = django_filters.MultipleChoiceFilter(choices=FileControl.choices, label=_("control"))
    is_bank = django_filters.BooleanFilter(label=_("of a bank"))
    sha256 = django_filters.CharFilter(label=_("hash"))
    imported_after = django_filters.IsoDateTimeFilter(
        "imported_at", "gte", label=_("imported after")
    )

    class Meta:
        model = ProviderFile
        fields: list[str] = []


class FileRowFilter(FilterSet):
    """Which rows of files."""

    file_id = IntegerFilter(label=_("provider file"))
    statement_id = IntegerFilter(label=_("bank statement"))
    kind = django_filters.MultipleChoiceFilter(choices=FileRowKind.choices, label=_("kind"))
    currency = django_filters.CharFilter(label=_("currency"))
    external_id = django_filters.CharFilter(label=_("external id"))
    reference = django_filters.CharFilter(label=_("reference"))
    batch = django_filters.CharFilter(label=_("batch"))
    payment_reference = django_filters.CharFilter(label=_("reference of the payment"))
    category = django_filters.CharFilter(label=_("category"))

    class Meta:
        model = FileRow
        fields: list[str] = []


class BankStatementFilter(FilterSet):
    """Which bank statements."""

    file_id = IntegerFilter(label=_("provider file"))
    account = django_filters.CharFilter(label=_("account"))
    currency = django_filters.CharFilter(label=_("currency"))
    closed_after = django_filters.DateFilter("closed_on", "gte", label=_("closed after"))

    class Meta:
        model = BankStatement
        fields: list[str] = []


class MatchFilter(FilterSet):
    """Which matches of rows with what they belong to."""

    row_id = IntegerFilter(label=_("row of a provider file"))
    kind = django_filters.MultipleChoiceFilter(choices=FileRowKind.choices, label=_("kind"))
    rule = django_filters.MultipleChoiceFilter(choices=MatchRule.choices, label=_("rule"))
    subject_type = django_filters.CharFilter(label=_("subject type"))
    subject_id = IntegerFilter(label=_("subject"))
    is_undone = django_filters.BooleanFilter(
        "undone_at", lookup_expr="isnull", exclude=True, label=_("undone")
    )

    class Meta:
        model = ReconciliationMatch
        fields: list[str] = []


class ExceptionFilter(FilterSet):
    """Which exceptions."""

    number = django_filters.CharFilter(label=_("number"))
    kind = django_filters.MultipleChoiceFilter(choices=ExceptionKind.choices, label=_("kind"))
    status = django_filters.MultipleChoiceFilter(choices=ExceptionStatus.choices, label=_("status"))
    currency = django_filters.CharFilter(label=_("currency"))
    amount_min = django_filters.NumberFilter("amount", "gte", label=_("amount from"))
    amount_max = django_filters.NumberFilter("amount", "lte", label=_("amount to"))
    file_id = IntegerFilter(label=_("provider file"))
    assignee = IntegerFilter("assignee_id", label=_("assigned to"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))

    class Meta:
        model = ReconciliationException
        fields: list[str] = []
