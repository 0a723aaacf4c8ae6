"""Surveys after tickets, reviews from outside, and tickets for low scores."""

from datetime import UTC, datetime, timedelta

import pytest

from backoffice.core.actor import acting_job
from backoffice.core.models import Event, OutboundMessage
from support.models import Survey, Ticket
from support.services.commands import RecordSurvey, SurveyAnswer
from support.services.lifecycle import solve_tickets
from support.services.surveys import answer_surveys, record_surveys, send_surveys
from support.tokens import survey_number, ticket_number, token_of
from tests.fixtures.support import OPENED

pytestmark = pytest.mark.usefixtures("actor", "proven")
SENT = datetime(2018, 1, 3, tzinfo=UTC)


def review(n: int, score: int = 5, **values: object) -> RecordSurvey:
    return RecordSurvey("olist", f"r{n}", score, SENT, SENT + timedelta(days=1), **values)


def test_solving_asks_the_customer_once(ticket, drain):
    one, unreachable = ticket(), ticket(requester_email="")
    for _ in range(2):
        solve_tickets([one.pk, unreachable.pk], now=OPENED)
        drain()
        assert send_surveys([one.pk], now=OPENED) == []
    survey = Survey.objects.get()
    assert (survey.ticket_id, survey.status, survey.score) == (one.pk, "SENT", None)
    mail = OutboundMessage.objects.get(template_key="survey.asked")
    assert f"/survey/{token_of(survey.number)}/" in mail.body
    assert Event.objects.filter(kind="survey.sent").count() == 1


def test_the_first_answer_counts(ticket):
    one = ticket()
    solve_tickets([one.pk], now=OPENED)
    [pk] = send_surveys([one.pk], now=OPENED)
    assert answer_surveys([SurveyAnswer(pk, 6)], now=OPENED).moved == []
    answer = SurveyAnswer(pk, 4, "Quick")
    assert answer_surveys([answer, SurveyAnswer(pk, 1)], now=OPENED).moved == [pk]
    assert answer_surveys([SurveyAnswer(pk, 1)], now=OPENED).moved == []
    survey = Survey.objects.get()
    assert (survey.score, survey.comment, survey.answered_at) == (4, "Quick", OPENED)
    assert Ticket.objects.count() == 1


def test_a_low_score_opens_a_ticket(ticket):
    one = ticket(skill="RETURNS", language="zh")
    solve_tickets([one.pk], now=OPENED)
    [pk] = send_surveys([one.pk], now=OPENED)
    answer_surveys([SurveyAnswer(pk, 1, "Still broken")], now=OPENED)
    followed = Ticket.objects.get(for_type="support.survey", for_id=pk)
    assert (followed.skill, followed.language, followed.priority) == ("RETURNS", "zh", "HIGH")
    assert followed.requester_email == "ada@example.com"
    assert list(followed.messages.values_list("direction", "body")) == [("IN", "Still broken")]


def test_reviews_are_recorded_once(place, drain):
    order = place()
    commands = [
        review(1, order_id=order.pk, customer_id=order.customer_id),
        review(2, 2, comment="Nunca chegou"),
        review(3, 0),
        review(1, 3),
    ]
    with acting_job("importer", origin="IMPORT"):
        recorded = record_surveys(commands, now=OPENED)
    assert list(recorded.created) == [0, 1]
    assert recorded.existing == {3: recorded.created[0]}
    assert list(recorded.refused) == [2]
    first = Survey.objects.get(pk=recorded.created[0])
    assert (first.score, first.origin, first.order) == (5, "IMPORT", order)
    low = Ticket.objects.get()
    assert (low.for_id, low.opened_at, low.origin) == (
        recorded.created[1],
        SENT + timedelta(days=1),
        "IMPORT",
    )
    answered = Event.objects.filter(kind="survey.answered").order_by("pk")
    assert [e.data["score"] for e in answered] == [5, 2]
    with acting_job("importer", origin="IMPORT"):
        again = record_surveys(commands, now=OPENED)
    assert again.created == {}
    assert again.existing == {0: first.pk, 1: recorded.created[1], 3: first.pk}
    assert Ticket.objects.count() == 1
    drain()
    assert not OutboundMessage.objects.filter(status="QUEUED").exists()


def test_tokens_hold_only_as_signed():
    token = token_of("TK-00000012")
    assert ticket_number(f"Re: hello [{token}]") == "TK-00000012"
    assert ticket_number("Re: hello [TK-00000012]") == ""
    assert ticket_number(token.replace("12.", "13.")) == ""
    assert survey_number(token) == ""
    assert survey_number(token_of("SV-00000001")) == "SV-00000001"
    assert survey_number("x" + token_of("SV-00000001")) == ""
