"""Files of providers and banks over the API, to be read."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backoffice.core.api.views import ReadOnlyViewSet
from finance import filters
from finance.models import BankStatement, FileRow, ProviderFile


class FileTotalSerializer(serializers.Serializer):
    currency = serializers.CharField()
    gross = serializers.DecimalField(20, 4)
    fee = serializers.DecimalField(20, 4)
    net = serializers.DecimalField(20, 4)


class ProviderFileSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="file.name")
    totals = serializers.SerializerMethodField()

    class Meta:
        model = ProviderFile
        fields = [
            *("id", "number", "name", "sha256", "format", "is_bank", "control", "reason"),
            *("row_count", "totals", "imported_at", "imported_by_id"),
        ]

    @extend_schema_field(FileTotalSerializer(many=True))
    def get_totals(self, file: ProviderFile) -> list[dict[str, Any]]:
        rows = [{"currency": code, **sums} for code, sums in file.totals.items()]
        return list(FileTotalSerializer(rows, many=True).data)


class BankStatementSerializer(serializers.ModelSerializer):
    class Meta:
        model = BankStatement
        fields = [
            *("id", "file_id", "account", "statement_number", "currency", "opening_amount"),
            *("closing_amount", "closed_on", "row_count"),
        ]


class FileRowSerializer(serializers.ModelSerializer):
    # Generated columns have no digits of their own.
    net_amount = serializers.DecimalField(20, 4, read_only=True)

    class Meta:
        model = FileRow
        fields = [
            *("id", "file_id", "statement_id", "row_number", "kind", "currency", "gross_amount"),
            *("fee_amount", "net_amount", "external_id", "reference", "batch", "happened_at"),
            *("payment_reference", "category", "paid_amount", "raw", "personal"),
        ]


class ProviderFileViewSet(ReadOnlyViewSet):
    """Files of providers and banks: imported whole, once, or refused with the reason."""

    queryset = ProviderFile.objects.select_related("file")
    serializer_class = ProviderFileSerializer
    filterset_class = filters.ProviderFileFilter


class BankStatementViewSet(ReadOnlyViewSet):
    """Statements of bank accounts inside imported files."""

    queryset = BankStatement.objects.all()
    serializer_class = BankStatementSerializer
    filterset_class = filters.BankStatementFilter


class FileRowViewSet(ReadOnlyViewSet):
    """Rows of imported files, in our words and as they came."""

    queryset = FileRow.objects.all()
    serializer_class = FileRowSerializer
    filterset_class = filters.FileRowFilter
