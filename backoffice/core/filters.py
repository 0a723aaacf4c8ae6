"""The filters of the ground floor's own documents."""

import django_filters
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from backoffice.core.choices import Origin
from backoffice.core.filtering import (
    AgoFilter,
    FilterSet,
    IdsFilter,
    IntegerFilter,
    WithinFilter,
    plain,
)
from backoffice.core.models import (
    Address,
    ApiToken,
    Approval,
    ApprovalPolicy,
    Company,
    Currency,
    Event,
    EventDelivery,
    Import,
    ImportRow,
    InboundMessage,
    Job,
    JobRow,
    MessageTemplate,
    OutboundMessage,
    Rule,
    RuleAct,
    SavedView,
    StoredFile,
    TaskRun,
    TaskSwitch,
    User,
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
    external_id = django_filters.CharFilter(label=_("external id"))
    received_within = WithinFilter("received_at", label=_("received within the last"))
    received_before_ago = AgoFilter("received_at", label=_("received longer ago than"))

    class Meta:
        model = InboundMessage
        fields: list[str] = []


class OutboundMessageFilter(FilterSet):
    """Which messages that go out."""

    status = django_filters.MultipleChoiceFilter(choices=OutboundStatus.choices, label=_("status"))
    order_id = IntegerFilter(label=_("order"))
    recipient = django_filters.CharFilter(lookup_expr="iexact", label=_("recipient"))
    template_key = django_filters.CharFilter(label=_("template"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    created_within = WithinFilter("created_at", label=_("created within the last"))

    class Meta:
        model = OutboundMessage
        fields: list[str] = []


class EventDeliveryFilter(FilterSet):
    """Which events that wait for a handler."""

    handler = django_filters.CharFilter(label=_("handler"))
    is_set_aside = django_filters.BooleanFilter(
        "set_aside_at", "isnull", exclude=True, label=_("set aside")
    )
    ids = IdsFilter(label=_("ids"))

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
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))

    class Meta:
        model = Event
        fields: list[str] = []


class ApprovalFilter(FilterSet):
    """Which approvals."""

    kind = django_filters.CharFilter(label=_("kind"))
    status = django_filters.MultipleChoiceFilter(choices=ApprovalStatus.choices, label=_("status"))
    subject_type = django_filters.CharFilter(label=_("subject type"))
    subject_id = IntegerFilter(label=_("subject"))
    number = django_filters.CharFilter(label=_("number"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    created_before_ago = AgoFilter("created_at", label=_("created longer ago than"))

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


class TaskRunFilter(FilterSet):
    """Which runs of scheduled jobs."""

    task = django_filters.CharFilter(label=_("task"))
    is_failed = django_filters.BooleanFilter(method="failed", label=_("failed"))
    slot_within = WithinFilter("slot_at", label=_("within the last"))

    class Meta:
        model = TaskRun
        fields: list[str] = []

    def failed(self, queryset, name, value):  # type: ignore[no-untyped-def]
        return queryset.exclude(error="") if value else queryset.filter(error="")


class StoredFileFilter(FilterSet):
    """Which files."""

    purpose = django_filters.CharFilter(label=_("purpose"))
    created_within = WithinFilter("created_at", label=_("created within the last"))
    is_removed = django_filters.BooleanFilter(
        "removed_at", "isnull", exclude=True, label=_("removed")
    )

    class Meta:
        model = StoredFile
        fields: list[str] = []


GroupFilter = plain(Group, "name")
UserFilter = plain(User, "username", "email", "kind", "is_active", "is_staff", "groups")
ApiTokenFilter = plain(ApiToken, "prefix", "is_active")
CompanyFilter = plain(Company, "is_active")
CurrencyFilter = plain(Currency, "code", "is_active")
MessageTemplateFilter = plain(MessageTemplate, "key", "language", "is_active")
AddressFilter = plain(Address, "country", "postal_code")
ApprovalPolicyFilter = plain(ApprovalPolicy, "kind", "currency", "is_active")
TaskSwitchFilter = plain(TaskSwitch, "task", "is_running")
ImportFilter = plain(Import, "importer")
ImportRowFilter = plain(ImportRow, "run", "line", "status")
SavedViewFilter = plain(SavedView, "name", "document", "is_shared", "is_active")
JobFilter = plain(Job, "action", "status")
JobRowFilter = plain(JobRow, "job", "object_id", "outcome")
WebhookEndpointFilter = plain(WebhookEndpoint, "description", "is_active")
AccessAttemptFilter = plain(AccessAttempt, "username")
AccessLogFilter = plain(AccessLog, "username")
