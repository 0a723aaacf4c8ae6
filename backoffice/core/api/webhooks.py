"""Webhooks over the API: endpoints, their secrets, and what was sent to them."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.verbs import (
    BULK_LIMIT,
    OutcomeSerializer,
    VerbSerializer,
    outcome_body,
)
from backoffice.core.api.views import ReadOnlyViewSet, SettingsViewSet
from backoffice.core.filters import WebhookDeliveryFilter
from backoffice.core.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from backoffice.core.models.webhook import validate_filters
from backoffice.core.scope import visible_ids
from backoffice.core.states import GONE, BlockedError
from backoffice.core.webhooks.endpoints import rotate_secret, send_test
from backoffice.core.webhooks.queue import replay_deliveries, replay_since


class WebhookEndpointSerializer(serializers.ModelSerializer):
    filters = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        validators=[validate_filters],
    )

    class Meta:
        model = WebhookEndpoint
        fields = [
            *("id", "description", "url", "kinds", "filters", "includes_demo", "is_active"),
            *("previous_secret_until", "created_at", "updated_at"),
        ]
        read_only_fields = ["previous_secret_until", "created_at", "updated_at"]


class SecretSerializer(serializers.Serializer):
    """A signing secret, told this once."""

    secret = serializers.CharField()


class NewWebhookEndpointSerializer(WebhookEndpointSerializer):
    """An endpoint with its secret, told this once."""

    class Meta(WebhookEndpointSerializer.Meta):
        fields = [*WebhookEndpointSerializer.Meta.fields, "secret"]
        read_only_fields = [*WebhookEndpointSerializer.Meta.read_only_fields, "secret"]


class ReplaySerializer(VerbSerializer):
    """From when on."""

    since = serializers.DateTimeField()


class BulkReplaySerializer(VerbSerializer):
    """Which deliveries."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=BULK_LIMIT
    )


class CountSerializer(serializers.Serializer):
    """How many events are sent again."""

    events = serializers.IntegerField()


class TestedSerializer(serializers.Serializer):
    """The test event that is on its way."""

    event_id = serializers.IntegerField()


class WebhookAttemptSerializer(serializers.ModelSerializer):
    class Meta:
        model = WebhookAttempt
        fields = ["at", "status", "milliseconds", "error", "answer"]


class WebhookDeliverySerializer(serializers.ModelSerializer):
    kind = serializers.CharField(source="event.kind")
    message_id = serializers.CharField()

    class Meta:
        model = WebhookDelivery
        fields = [
            *("id", "message_id", "endpoint_id", "event_id", "kind", "status", "attempts"),
            *("answer_status", "queued_at", "next_attempt_at", "finished_at"),
        ]


class WebhookDeliveryDetailSerializer(WebhookDeliverySerializer):
    log = WebhookAttemptSerializer(many=True)

    class Meta(WebhookDeliverySerializer.Meta):
        fields = [*WebhookDeliverySerializer.Meta.fields, "log"]


class WebhookEndpointViewSet(SettingsViewSet):
    """Who hears of what happens here."""

    queryset = WebhookEndpoint.objects.all()
    serializer_class = WebhookEndpointSerializer

    def get_serializer_class(self) -> Any:
        new = self.action == "create"
        return NewWebhookEndpointSerializer if new else super().get_serializer_class()

    @extend_schema(request=VerbSerializer, responses=SecretSerializer)
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, **kwargs: Any) -> Response:
        """Give the endpoint a new secret; the old one signs beside it for a day."""
        reason = self.body(VerbSerializer).get("reason", "")
        secret = rotate_secret(self.get_object().pk, now=timezone.now(), reason=reason)
        return Response({"secret": secret})

    @extend_schema(request=VerbSerializer, responses=TestedSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **kwargs: Any) -> Response:
        """Send the endpoint a test event."""
        reason = self.body(VerbSerializer).get("reason", "")
        event_id = send_test(self.get_object().pk, now=timezone.now(), reason=reason)
        return Response({"event_id": event_id})

    @extend_schema(request=ReplaySerializer, responses=CountSerializer)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Send the endpoint all that it wants since a time again, under the same ids."""
        endpoint = self.get_object()
        since = self.body(ReplaySerializer)["since"]
        count = replay_since(endpoint.pk, since, now=timezone.now())
        return Response({"events": count})


class WebhookDeliveryViewSet(ReadOnlyViewSet):
    """What was sent to whom, and what they answered."""

    queryset = WebhookDelivery.objects.select_related("event")
    serializer_class = WebhookDeliverySerializer
    detail_serializer_class = WebhookDeliveryDetailSerializer
    filterset_class = WebhookDeliveryFilter

    @extend_schema(request=VerbSerializer, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **kwargs: Any) -> Response:
        """Send one delivery again."""
        pk = self.get_object().pk
        outcome = replay_deliveries([pk], now=timezone.now())
        if outcome.blocked:
            raise BlockedError(outcome.blocked[pk])
        return Response(outcome_body(outcome, {pk: str(pk)}))

    @extend_schema(request=BulkReplaySerializer, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"], url_path="verbs/replay")
    def replay_many(self, request: Request, **kwargs: Any) -> Response:
        """Send many deliveries again."""
        body = BulkReplaySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        ids = body.validated_data["ids"]
        visible = visible_ids(WebhookDelivery, ids)
        outcome = replay_deliveries(sorted(visible), now=timezone.now())
        outcome.block(set(ids) - visible, GONE)
        return Response(outcome_body(outcome, {pk: str(pk) for pk in ids}))
