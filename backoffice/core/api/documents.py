"""The endpoints of what every floor shares: events and second persons."""

from rest_framework import serializers

from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, ReadOnlyViewSet
from backoffice.core.approvals import approve_approvals, reject_approvals, withdraw_approvals
from backoffice.core.filters import ApprovalFilter, EventFilter
from backoffice.core.models import Approval, Event


class EventSerializer(serializers.ModelSerializer):
    class Meta:
        model = Event
        fields = [
            *("id", "kind", "subject_type", "subject_id", "order_id", "actor_id", "request_id"),
            *("reason", "data", "schema_version", "origin", "occurred_at", "recorded_at"),
        ]


class ApprovalSerializer(serializers.ModelSerializer):
    class Meta:
        model = Approval
        fields = [
            *("id", "number", "kind", "subject_type", "subject_id", "amount", "currency", "note"),
            *("status", "created_by_id", "created_at", "decided_by_id", "decided_at", "version"),
        ]


class EventViewSet(ReadOnlyViewSet):
    """Business facts, as they were written with what made them true."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter


class ApprovalViewSet(DocumentViewSet):
    """What waits for a second person: asked for by the system where a threshold says so."""

    queryset = Approval.objects.all()
    serializer_class = ApprovalSerializer
    filterset_class = ApprovalFilter
    verbs = (
        Verb("approve", approve_approvals, "core.decide_approval"),
        Verb("reject", reject_approvals, "core.decide_approval"),
        Verb("withdraw", withdraw_approvals, "core.withdraw_approval"),
    )
