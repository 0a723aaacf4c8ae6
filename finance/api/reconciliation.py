"""What rows of files belong to, and what nobody has explained yet."""

from rest_framework import serializers

from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet, SettingsViewSet
from finance import filters
from finance.models import ReconciliationException, ReconciliationMatch, ReconciliationPolicy
from finance.services.clearing import (
    ignore_exceptions,
    resume_exceptions,
    write_off_exceptions,
)
from finance.services.undoing import undo_exceptions
from finance.states import CLEARING


class MatchSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReconciliationMatch
        fields = [
            *("id", "row_id", "kind", "subject_type", "subject_id", "group_id", "rule", "amount"),
            *("account_id", "difference", "reason", "matched_at", "matched_by_id", "undone_at"),
            "undone_by_id",
        ]


class ExceptionSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReconciliationException
        fields = [
            *("id", "number", "kind", "status", "resolution", "file_id", "row_id", "payment_id"),
            *("currency", "amount", "happened_at", "assignee_id", "waits_until", "cleared_at"),
            *("created_at", "updated_at", "version", "origin"),
        ]


class PolicySerializer(serializers.ModelSerializer):
    class Meta:
        model = ReconciliationPolicy
        fields = ["id", "currency", "tolerance", "days", "is_active"]


class MatchViewSet(ReadOnlyViewSet):
    """What rows of files belong to, and the rule that says so."""

    queryset = ReconciliationMatch.objects.all()
    serializer_class = MatchSerializer
    filterset_class = filters.MatchFilter


class ExceptionViewSet(DocumentViewSet):
    """Rows of files, and payments, that nobody has explained yet."""

    queryset = ReconciliationException.objects.all()
    serializer_class = ExceptionSerializer
    filterset_class = filters.ExceptionFilter
    verbs = (
        Verb("write_off", write_off_exceptions, CLEARING),
        Verb("ignore", ignore_exceptions, CLEARING),
        Verb("resume", resume_exceptions, CLEARING),
        Verb("undo", undo_exceptions, CLEARING),
    )


class PolicyViewSet(SettingsViewSet):
    """How far apart a row and its document may be."""

    queryset = ReconciliationPolicy.objects.all()
    serializer_class = PolicySerializer
