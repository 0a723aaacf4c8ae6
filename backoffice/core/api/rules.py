"""Rules over the API: written whole, switched, tried on the past; and what they did."""

from typing import Any

from django.apps import apps
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backoffice.core.api.permissions import may_view
from backoffice.core.api.verbs import VerbSerializer
from backoffice.core.api.views import ReadOnlyViewSet, SettingsViewSet
from backoffice.core.filtering import FilterError
from backoffice.core.filters import RuleActFilter, RuleFilter
from backoffice.core.models import Rule, RuleAct
from backoffice.core.models.rule import RuleMode
from backoffice.core.rules.backtest import backtest
from backoffice.core.rules.checking import RuleError
from backoffice.core.rules.switching import switch_rules, write_rule
from backoffice.core.states import BlockedError


class RuleSerializer(serializers.ModelSerializer):
    parameters = serializers.DictField(child=serializers.JSONField(), required=False)

    class Meta:
        model = Rule
        fields = [
            *("id", "name", "document", "trigger", "event", "every_minutes", "at_hour", "filter"),
            *("action", "parameters", "priority", "is_final", "again_after_hours"),
            *("control_share", "max_acts", "max_share", "valid_until", "owner_id", "mode"),
            *("mode_at", "alert", "is_active", "created_at", "updated_at"),
        ]
        read_only_fields = ["owner_id", "mode", "mode_at", "alert", "created_at", "updated_at"]

    def create(self, validated_data: dict[str, Any]) -> Rule:
        return self._written(Rule(**validated_data))

    def update(self, instance: Rule, validated_data: dict[str, Any]) -> Rule:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return self._written(instance)

    def _written(self, rule: Rule) -> Rule:
        try:
            return write_rule(rule, now=timezone.now())
        except RuleError as error:
            raise ValidationError(error.errors) from None


class SwitchSerializer(VerbSerializer):
    """The mode that a rule is switched to."""

    mode = serializers.ChoiceField(choices=RuleMode.choices)


class BecameSerializer(serializers.Serializer):
    """What became of some of the documents later."""

    what = serializers.CharField()
    count = serializers.IntegerField()


class PastSerializer(serializers.Serializer):
    """Where a page of a look into the past begins: `next_before` of the page before."""

    before = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class BacktestSerializer(serializers.Serializer):
    """What a rule would have met; `matched` is null where nobody knows what any condition was then.

    `ids` are fifty of the documents, newest first; `next_before`, sent as `before`, gives the next.
    """

    days = serializers.IntegerField()
    looked = serializers.IntegerField()
    matched = serializers.IntegerField(allow_null=True)
    became = BecameSerializer(many=True)
    replayed = serializers.ListField(child=serializers.CharField())
    recalled = serializers.ListField(child=serializers.CharField())
    left_out = serializers.ListField(child=serializers.CharField())
    ids = serializers.ListField(child=serializers.IntegerField())
    next_before = serializers.IntegerField(allow_null=True)


class RuleActSerializer(serializers.ModelSerializer):
    class Meta:
        model = RuleAct
        fields = [
            *("id", "rule_id", "rule_version", "subject_type", "subject_id", "event_id"),
            *("slot_at", "mode", "result", "reasons", "acted_at"),
        ]


class RuleViewSet(SettingsViewSet):
    """Rules: a trigger, a filter and an action; a new one is off."""

    queryset = Rule.objects.all()
    serializer_class = RuleSerializer
    filterset_class = RuleFilter

    @extend_schema(request=SwitchSerializer, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, **kwargs: Any) -> Response:
        """Switch the rule off, to shadow, or on."""
        pk = self.get_object().pk
        data = self.body(SwitchSerializer)
        reason = data.get("reason", "")
        outcome = switch_rules([pk], mode=data["mode"], now=timezone.now(), reason=reason)
        if outcome.blocked:
            raise BlockedError(outcome.blocked[pk])
        return Response(RuleSerializer(self.get_object()).data)

    @extend_schema(request=None, parameters=[PastSerializer], responses=BacktestSerializer)
    @action(detail=True, methods=["post"])
    def backtest(self, request: Request, **kwargs: Any) -> Response:
        """Try the rule on the last ninety days; nothing is written."""
        rule = self.get_object()
        if not may_view(request, apps.get_model(rule.document)):
            raise BlockedError([_("You may not see the documents of this rule.")])
        asked = PastSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        try:
            past = backtest(rule, now=timezone.now(), **asked.validated_data)
        except FilterError as error:
            raise ValidationError({"filter": [str(error)]}) from None
        return Response(
            {
                "days": past.days,
                "looked": past.looked,
                "matched": past.matched,
                "became": [{"what": str(label), "count": n} for label, n in past.became],
                "replayed": list(past.replayed),
                "recalled": list(past.recalled),
                "left_out": list(past.left_out),
                "ids": [row.pk for row in past.rows],
                "next_before": past.next_before,
            }
        )


class RuleActViewSet(ReadOnlyViewSet):
    """What rules did, or would have done, and why not."""

    queryset = RuleAct.objects.all()
    serializer_class = RuleActSerializer
    filterset_class = RuleActFilter
