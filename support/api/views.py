"""The support endpoints; each write is one service call."""

import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backoffice.core.actor import acting_job
from backoffice.core.api.views import (
    ActingMixin,
    DocumentViewSet,
    OutcomeSerializer,
    ReadOnlyViewSet,
    Verb,
    outcome_body,
)
from backoffice.core.inbox import receive
from backoffice.core.models import InboundMessage
from backoffice.core.states import BlockedError, Outcome
from orders.models import Order
from support.api import serializers
from support.choices import base_language
from support.filters import SurveyFilter, TicketFilter
from support.inbox import FORM, MAIL
from support.models import Survey, Ticket
from support.services.assignment import assign_tickets, assign_to, unassign_tickets
from support.services.commands import OpenTicket, Reply, SurveyAnswer, WriteNote
from support.services.conversation import add_notes, reply_to_tickets
from support.services.lifecycle import close_tickets, reopen_tickets, solve_tickets
from support.services.opening import open_tickets
from support.services.surveys import answer_surveys
from support.tokens import survey_number

SOURCES = {"mail": MAIL, "form": FORM}


class TicketViewSet(DocumentViewSet):
    """Tickets: opened, answered, and moved by verbs."""

    queryset = Ticket.objects.select_related("queue")
    serializer_class = serializers.TicketSerializer
    filterset_class = TicketFilter
    verbs = (
        Verb("assign", assign_tickets, "support.assign_ticket"),
        Verb("unassign", unassign_tickets, "support.assign_ticket"),
        Verb("solve", solve_tickets, "support.solve_ticket"),
        Verb("reopen", reopen_tickets, "support.solve_ticket"),
        Verb("close", close_tickets, "support.solve_ticket"),
    )

    def get_serializer_class(self) -> Any:
        if self.action == "retrieve":
            return serializers.TicketDetailSerializer
        return super().get_serializer_class()

    def get_queryset(self) -> Any:
        tickets = super().get_queryset()
        return tickets.prefetch_related("messages") if self.action == "retrieve" else tickets

    @extend_schema(request=serializers.TicketInput, responses={201: serializers.TicketSerializer})
    def create(self, request: Request) -> Response:
        """Open a ticket."""
        body = serializers.TicketInput(data=request.data)
        body.is_valid(raise_exception=True)
        opened = open_tickets([_command(body.validated_data)], now=timezone.now())
        ticket = self.get_queryset().get(pk=opened.created[0])
        return Response(serializers.TicketSerializer(ticket).data, status=201)

    @extend_schema(request=serializers.ReplyInput, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"])
    def reply(self, request: Request, **kwargs: Any) -> Response:
        """Answer the customer."""
        body = serializers.ReplyInput(data=request.data)
        body.is_valid(raise_exception=True)
        reply = Reply(self.get_object().pk, **body.validated_data)
        return _one(reply_to_tickets([reply], now=timezone.now()), reply.ticket_id)

    reply.permission = "support.reply_ticket"  # type: ignore[attr-defined]

    @extend_schema(request=serializers.NoteInput, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"], url_path="notes")
    def note(self, request: Request, **kwargs: Any) -> Response:
        """Write an internal note."""
        body = serializers.NoteInput(data=request.data)
        body.is_valid(raise_exception=True)
        note = WriteNote(self.get_object().pk, body.validated_data["body"])
        return _one(add_notes([note], now=timezone.now()), note.ticket_id)

    note.permission = "support.reply_ticket"  # type: ignore[attr-defined]

    @extend_schema(request=serializers.AssignInput, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"], url_path="assign-to")
    def assign_to(self, request: Request, **kwargs: Any) -> Response:
        """Give the ticket to one agent."""
        body = serializers.AssignInput(data=request.data)
        body.is_valid(raise_exception=True)
        pk = self.get_object().pk
        return _one(assign_to([pk], agent=body.validated_data["agent"], now=timezone.now()), pk)

    assign_to.permission = "support.assign_ticket"  # type: ignore[attr-defined]


def _one(outcome: Outcome, pk: int) -> Response:
    if outcome.blocked:
        raise BlockedError(outcome.blocked[pk])
    return Response(outcome_body(outcome))


def _command(data: dict[str, Any]) -> OpenTicket:
    values = dict(data)
    number = values.pop("order", "")
    if values.get("language"):
        values["language"] = base_language(values["language"])
    if number:
        order = Order.objects.filter(order_number=number).first()
        if order is None:
            raise ValidationError({"order": [_("There is no order of this number.")]})
        values |= {"order_id": order.pk, "customer_id": order.customer_id}
    return OpenTicket(**values)


class SurveyViewSet(ReadOnlyViewSet):
    """What customers think."""

    queryset = Survey.objects.all()
    serializer_class = serializers.SurveySerializer
    filterset_class = SurveyFilter


class SupportMessageViewSet(ActingMixin, mixins.CreateModelMixin, viewsets.GenericViewSet):
    """Mails and web forms in: stored as they came, answered at once, worked on by a task."""

    # Whoever may open tickets may hand messages in.
    queryset = Ticket.objects.none()
    serializer_class = serializers.InboundInput

    @extend_schema(request=serializers.InboundInput, responses={202: None})
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
