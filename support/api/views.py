"""The support endpoints; each write is one service call."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backoffice.core.actor import acting_job
from backoffice.core.api.acting import ActingMixin
from backoffice.core.api.creation import Creation
from backoffice.core.api.verbs import Verb
from backoffice.core.api.views import DocumentViewSet, SettingsViewSet
from backoffice.core.inbox import receive
from backoffice.core.models import InboundMessage
from backoffice.core.states import BlockedError, Outcome
from support.api import serializers
from support.api.creation import open_, take_reviews
from support.filters import SurveyFilter, TicketFilter
from support.inbox import FORM, MAIL
from support.models import AgentProfile, BusinessCalendar, Macro, Queue, SlaPolicy, Survey, Ticket
from support.services.assignment import assign_tickets, assign_to, unassign_tickets
from support.services.commands import Reply, SurveyAnswer, WriteNote
from support.services.conversation import add_notes, reply_to_tickets
from support.services.lifecycle import close_tickets, reopen_tickets, solve_tickets
from support.services.surveys import answer_surveys
from support.tokens import survey_number

SOURCES = {"mail": MAIL, "form": FORM}


def reply(
    ticket_ids: Sequence[int],
    *,
    now: datetime,
    body: str,
    seen: int | None = None,
    reason: str = "",
) -> Outcome:
    """Answer the customer."""
    replies = [Reply(pk, body, seen) for pk in ticket_ids]
    return reply_to_tickets(replies, now=now, reason=reason)


def note(ticket_ids: Sequence[int], *, now: datetime, body: str, reason: str = "") -> Outcome:
    """Write an internal note."""
    return add_notes([WriteNote(pk, body) for pk in ticket_ids], now=now, reason=reason)


class TicketViewSet(DocumentViewSet):
    """Tickets: opened, answered, and moved by verbs."""

    queryset = Ticket.objects.select_related("queue").annotate(
        order_number=F("order__order_number")
    )
    serializer_class = serializers.TicketSerializer
    detail_serializer_class = serializers.TicketDetailSerializer
    detail_prefetch = ("messages",)
    filterset_class = TicketFilter
    creation = Creation(serializers.TicketInput, open_)
    verbs = (
        Verb("reply", reply, "support.reply_ticket", serializers.ReplyInput, is_bulk=False),
        Verb("note", note, "support.reply_ticket", serializers.TicketNoteInput),
        Verb("assign", assign_tickets, "support.assign_ticket"),
        Verb("assign_to", assign_to, "support.assign_ticket", serializers.AssignInput),
        Verb("unassign", unassign_tickets, "support.assign_ticket"),
        Verb("solve", solve_tickets, "support.solve_ticket"),
        Verb("reopen", reopen_tickets, "support.solve_ticket"),
        Verb("close", close_tickets, "support.solve_ticket"),
    )


class SurveyViewSet(DocumentViewSet):
    """What customers think: asked by the system after solving, or reviews from outside."""

    queryset = Survey.objects.annotate(
        order_number=F("order__order_number"), ticket_number=F("ticket__number")
    )
    serializer_class = serializers.SurveySerializer
    filterset_class = SurveyFilter
    creation = Creation(serializers.SurveyInput, take_reviews)


class QueueViewSet(SettingsViewSet):
    """Queues of tickets."""

    queryset = Queue.objects.all()
    serializer_class = serializers.QueueSerializer


class CalendarViewSet(SettingsViewSet):
    """Working hours and holidays."""

    queryset = BusinessCalendar.objects.all()
    serializer_class = serializers.CalendarSerializer


class SlaPolicyViewSet(SettingsViewSet):
    """What priorities promise."""

    queryset = SlaPolicy.objects.all()
    serializer_class = serializers.SlaPolicySerializer


class AgentViewSet(SettingsViewSet):
    """What agents can take on."""

    queryset = AgentProfile.objects.all()
    serializer_class = serializers.AgentSerializer


class MacroViewSet(SettingsViewSet):
    """Replies that are used again and again."""

    queryset = Macro.objects.all()
    serializer_class = serializers.MacroSerializer


class SupportMessageViewSet(ActingMixin, mixins.CreateModelMixin, viewsets.GenericViewSet):
    """Mails and web forms in: stored as they came, answered at once, worked on by a task."""

    # Whoever may open tickets may hand messages in.
    queryset = Ticket.objects.none()
    serializer_class = serializers.InboundInput

    @extend_schema(request=serializers.InboundInput, responses={202: serializers.TakenInSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a message in; the same `external_id` again is taken for the same message."""
        body = serializers.InboundInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = dict(body.validated_data)
        source, external_id = SOURCES[data.pop("source")], data.pop("external_id")
        receive(source, external_id, json.dumps(data, ensure_ascii=False))
        known = InboundMessage.objects.get(source=source, external_id=external_id)
        return Response({"id": known.pk, "status": known.status}, status=202)


class SurveyAnswerView(APIView):
    """A customer's answer; the signed token is their right to give it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=serializers.AnswerInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Take one score down; the first counts."""
        body = serializers.AnswerInput(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        survey = Survey.objects.filter(number=survey_number(data["token"]) or None).first()
        if survey is None:
            raise NotFound(_("This link is not valid."))
        with acting_job("system"):
            answer = SurveyAnswer(survey.pk, data["score"], data["comment"])
            outcome = answer_surveys([answer], now=timezone.now())
        if outcome.blocked:
            raise BlockedError(outcome.blocked[survey.pk])
        return Response(status=204)
