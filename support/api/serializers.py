"""Tickets and surveys as JSON; nothing here queries beyond what the view has fetched."""

from rest_framework import serializers

from backoffice.core.api.verbs import VerbSerializer
from support.choices import Direction, Language, Priority, Skill
from support.models import (
    AgentProfile,
    BusinessCalendar,
    Macro,
    Message,
    Queue,
    SlaPolicy,
    Survey,
    Ticket,
)


class MessageSerializer(serializers.ModelSerializer):
    class Meta:
        model = Message
        fields = ["id", "direction", "author_id", "body", "is_automatic", "source", "written_at"]


class TicketSerializer(serializers.ModelSerializer):
    queue = serializers.CharField(source="queue.code")
    order = serializers.CharField(source="order_number", allow_null=True)

    class Meta:
        model = Ticket
        fields = [
            *(
                "id",
                "number",
                "subject",
                "status",
                "priority",
                "skill",
                "language",
                "queue",
                "tags",
            ),
            *(
                "order",
                "order_id",
                "customer_id",
                "requester_email",
                "for_type",
                "for_id",
                "assignee_id",
            ),
            *("opened_at", "first_response_due_at", "solution_due_at", "first_responded_at"),
            *("waiting_since", "first_response_breached_at", "solution_breached_at"),
            *("solved_at", "closed_at", "reopened_count", "version", "updated_at"),
        ]
        extra_kwargs = {"requester_email": {"allow_blank": True}}


class TicketDetailSerializer(TicketSerializer):
    messages = MessageSerializer(many=True)

    class Meta(TicketSerializer.Meta):
        fields = [*TicketSerializer.Meta.fields, "messages"]


class SurveySerializer(serializers.ModelSerializer):
    ticket = serializers.CharField(source="ticket_number", allow_null=True)
    order = serializers.CharField(source="order_number", allow_null=True)

    class Meta:
        model = Survey
        fields = [
            *("id", "number", "ticket", "ticket_id", "source", "external_id", "order"),
            *("order_id", "customer_id", "status", "score", "comment", "sent_at", "answered_at"),
            "version",
        ]


class QueueSerializer(serializers.ModelSerializer):
    class Meta:
        model = Queue
        exclude = ["created_at"]


class CalendarSerializer(serializers.ModelSerializer):
    class Meta:
        model = BusinessCalendar
        exclude = ["created_at"]


class SlaPolicySerializer(serializers.ModelSerializer):
    class Meta:
        model = SlaPolicy
        exclude = ["created_at"]


class AgentSerializer(serializers.ModelSerializer):
    class Meta:
        model = AgentProfile
        exclude = ["created_at"]


class MacroSerializer(serializers.ModelSerializer):
    class Meta:
        model = Macro
        exclude = ["created_at"]


class TicketInput(serializers.Serializer):
    """A ticket to be opened by staff or a program."""

    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    direction = serializers.ChoiceField(
        [Direction.IN, Direction.INTERNAL], required=False, default=Direction.INTERNAL
    )
    priority = serializers.ChoiceField(Priority.choices, required=False)
    skill = serializers.ChoiceField(Skill.choices, required=False)
    language = serializers.CharField(required=False, max_length=10)
    order = serializers.CharField(required=False, max_length=24)
    requester_email = serializers.EmailField(required=False, max_length=254)


class SurveyInput(serializers.Serializer):
    """A review from outside, once per source and external id."""

    source = serializers.CharField(max_length=40)
    external_id = serializers.CharField(max_length=120)
    score = serializers.IntegerField(min_value=1, max_value=5)
    sent_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField()
    comment = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    order = serializers.CharField(max_length=24, required=False)
    language = serializers.ChoiceField(Language.choices, required=False)


class ReplyInput(VerbSerializer):
    """An answer; `seen` is the newest message that its writer has read."""

    body = serializers.CharField(max_length=100_000)
    seen = serializers.IntegerField(required=False, min_value=0)


class TicketNoteInput(VerbSerializer):
    body = serializers.CharField(max_length=100_000)


class AssignInput(VerbSerializer):
    """The user who gets the ticket."""

    agent = serializers.IntegerField(min_value=1)


class InboundInput(serializers.Serializer):
    """A mail or a web form as its gateway received it, once per `external_id`.

    `is_verified` says that the gateway proved the sender: DMARC for mail, a session for a form.
    """

    source = serializers.ChoiceField(["mail", "form"])
    external_id = serializers.CharField(max_length=200)
    sender = serializers.CharField(max_length=254)
    subject = serializers.CharField(max_length=998, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=1_000_000, allow_blank=True)
    token = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    order_number = serializers.CharField(
        max_length=24, required=False, allow_blank=True, default=""
    )
    language = serializers.CharField(max_length=10, required=False, allow_blank=True, default="")
    is_verified = serializers.BooleanField(required=False, default=False)
    headers = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, default=dict
    )


class TakenInSerializer(serializers.Serializer):
    """What a message became in the inbox."""

    id = serializers.IntegerField()
    status = serializers.CharField()


class AnswerInput(serializers.Serializer):
    """A customer's score, with the token of the link that they were sent."""

    token = serializers.CharField(max_length=40)
    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=5000, required=False, allow_blank=True, default="")
