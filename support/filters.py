"""One filter set per document, for API and admin alike."""

import django_filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_actor
from backoffice.core.choices import Origin
from backoffice.core.filtering import (
    AgoFilter,
    FilterSet,
    IdsFilter,
    IntegerFilter,
    WithinFilter,
    plain,
)
from backoffice.core.tags import TagFilter
from support.choices import OPEN, Language, Priority, Skill, SurveyStatus, TicketStatus
from support.models import AgentProfile, BusinessCalendar, Macro, Queue, SlaPolicy, Survey, Ticket


class TicketFilter(FilterSet):
    """Which tickets."""

    fixed = frozenset(
        "number language order customer_id"
        " opened_after opened_before opened_within opened_before_ago".split()
    )
    recorded = frozenset({"tag"})
    permissions = {"customer_id": "orders.view_customer"}

    number = django_filters.CharFilter(label=_("number"))
    status = django_filters.MultipleChoiceFilter(choices=TicketStatus.choices, label=_("status"))
    priority = django_filters.MultipleChoiceFilter(choices=Priority.choices, label=_("priority"))
    skill = django_filters.MultipleChoiceFilter(choices=Skill.choices, label=_("skill"))
    language = django_filters.ChoiceFilter(choices=Language.choices, label=_("language"))
    queue = django_filters.ModelChoiceFilter(
        queryset=Queue.objects.all(), to_field_name="code", label=_("queue")
    )
    tag = TagFilter(label=_("tag"))
    assignee_id = IntegerFilter(label=_("agent"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    customer_id = IntegerFilter(label=_("customer"))
    is_unassigned = django_filters.BooleanFilter(
        "assignee", lookup_expr="isnull", label=_("without agent")
    )
    is_overdue = django_filters.BooleanFilter(method="overdue", label=_("overdue"))
    opened_after = django_filters.IsoDateTimeFilter("opened_at", "gte", label=_("opened after"))
    opened_before = django_filters.IsoDateTimeFilter("opened_at", "lt", label=_("opened before"))
    opened_within = WithinFilter("opened_at", label=_("opened within the last"))
    opened_before_ago = AgoFilter("opened_at", label=_("opened longer ago than"))
    is_mine = django_filters.BooleanFilter(method="mine", label=_("mine, open"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Ticket
        fields: list[str] = []

    def mine(self, queryset, name, value):  # type: ignore[no-untyped-def]
        own = Q(status__in=OPEN, assignee_id=current_actor().user_id)
        return queryset.filter(own if value else ~own)

    def overdue(self, queryset, name, value):  # type: ignore[no-untyped-def]
        late = Q(solution_due_at__lt=self.now)
        return queryset.filter(late if value else ~late)


class SurveyFilter(FilterSet):
    """Which surveys."""

    status = django_filters.ChoiceFilter(choices=SurveyStatus.choices, label=_("status"))
    source = django_filters.CharFilter(label=_("source"))
    score = IntegerFilter(label=_("score"))
    score_max = IntegerFilter("score", "lte", label=_("score up to"))
    order = django_filters.CharFilter("order__order_number", label=_("order"))
    sent_after = django_filters.IsoDateTimeFilter("sent_at", "gte", label=_("sent after"))
    ticket = django_filters.CharFilter("ticket__number", label=_("ticket"))
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label=_("origin"))
    ids = IdsFilter(label=_("ids"))

    class Meta:
        model = Survey
        fields: list[str] = []


BusinessCalendarFilter = plain(BusinessCalendar, "name", "is_active")
SlaPolicyFilter = plain(SlaPolicy, "priority", "is_active")
QueueFilter = plain(Queue, "code", "skill", "is_active")
AgentProfileFilter = plain(AgentProfile, "is_available", "is_active")
MacroFilter = plain(Macro, "code", "language", "solves", "is_active")
