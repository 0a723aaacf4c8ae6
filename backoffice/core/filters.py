"""The filters of the ground floor's own documents."""

import django_filters
from django.utils.translation import gettext_lazy as _

from backoffice.core.filtering import FilterSet, IntegerFilter
from backoffice.core.models import (
    Approval,
    Event,
    EventDelivery,
    InboundMessage,
    OutboundMessage,
    Rule,
    RuleAct,
    WebhookDelivery,
    WebhookEndpoint,
)
from backoffice.core.models.approval import ApprovalStatus
from backoffice.core.models.inbox import InboxStatus
from backoffice.core.models.outbound import OutboundStatus
from backoffice.core.models.rule import RuleMode, RuleResult
from backoffice.core.models.webhook import WebhookStatus


class InboundMessageFilter(FilterSet):
    """Which messages that came in."""

    source = django_filters.CharFilter(label=_("source"))
    status = django_filters.MultipleChoiceFilter(choices=InboxStatus.choices, label=_("status"))

    class Meta:
        model = InboundMessage
        fields: list[str] = []


class OutboundMessageFilter(FilterSet):
    """Which messages that go out."""

    status = django_filters.MultipleChoiceFilter(choices=OutboundStatus.choices, label=_("status"))
    order_id = IntegerFilter(label=_("order"))

    class Meta:
        model = OutboundMessage
        fields: list[str] = []


class EventDeliveryFilter(FilterSet):
    """Which events that wait for a handler."""

    handler = django_filters.CharFilter(label=_("handler"))
    is_set_aside = django_filters.BooleanFilter(
        "set_aside_at", "isnull", exclude=True, label=_("set aside")
    )

    class Meta:
        model = EventDelivery
        fields: list[str] = []


class EventFilter(FilterSet):
    """Which events."""

    kind = django_filters.CharFilter(label=_("kind"))
    subject_type = django_filters.CharFilter(label=_("subject type"))
    subject_id = IntegerFilter(label=_("subject"))
    order_id = IntegerFilter(label=_("order"))
    after_id = IntegerFilter("id", "gt", label=_("after the event"))
    recorded_after = django_filters.IsoDateTimeFilter("recorded_at", "gte", label=_("from"))

    class Meta:
        model = Event
        fields: list[str] = []


class ApprovalFilter(FilterSet):
    """Which approvals."""

    kind = django_filters.CharFilter(label=_("kind"))
    status = django_filters.MultipleChoiceFilter(choices=ApprovalStatus.choices, label=_("status"))
    subject_type = django_filters.CharFilter(label=_("subject type"))
    subject_id = IntegerFilter(label=_("subject"))

    class Meta:
        model = Approval
        fields: list[str] = []


class WebhookDeliveryFilter(FilterSet):
    """Which deliveries."""

    endpoint = django_filters.ModelChoiceFilter(
        queryset=WebhookEndpoint.objects.all(), label=_("webhook endpoint")
    )
    status = django_filters.MultipleChoiceFilter(choices=WebhookStatus.choices, label=_("status"))
    kind = django_filters.CharFilter("event__kind", label=_("kind"))
    event_id = IntegerFilter(label=_("event"))
    queued_after = django_filters.IsoDateTimeFilter("queued_at", "gte", label=_("queued after"))

    class Meta:
        model = WebhookDelivery
        fields: list[str] = []


class RuleFilter(FilterSet):
    """Which rules."""

    document = django_filters.CharFilter(label=_("document"))
    mode = django_filters.MultipleChoiceFilter(choices=RuleMode.choices, label=_("mode"))
    action = django_filters.CharFilter(label=_("action"))
    is_alerted = django_filters.BooleanFilter(method="alerted", label=_("stopped by itself"))

    class Meta:
        model = Rule
        fields: list[str] = []

    def alerted(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.exclude(alert="") if value else queryset.filter(alert="")


class RuleActFilter(FilterSet):
    """Which acts of rules."""

    rule = django_filters.ModelChoiceFilter(queryset=Rule.objects.all(), label=_("rule"))
    result = django_filters.MultipleChoiceFilter(choices=RuleResult.choices, label=_("result"))
    subject_type = django_filters.CharFilter(label=_("document"))
    subject_id = django_filters.NumberFilter(label=_("document id"))
    acted_after = django_filters.IsoDateTimeFilter("acted_at", "gte", label=_("acted after"))

    class Meta:
        model = RuleAct
        fields: list[str] = []
