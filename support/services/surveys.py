"""Asking customers how it went, and what comes of a low score."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import lock
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.sql import execute, insert_rows, next_ids, per_row
from backoffice.core.states import Outcome
from support.choices import Direction, Priority, Skill, SurveyStatus
from support.models import Survey, Ticket
from support.services.commands import OpenTicket, Recorded, RecordSurvey, SurveyAnswer
from support.services.conversation import read_envelopes
from support.services.opening import open_tickets
from support.states import SURVEY
from support.tokens import token_of

LOW = 2
TEMPLATE = "survey.asked"
FOR_TYPE = "support.survey"


@service
def send_surveys(
    ticket_ids: Sequence[int], *, now: datetime, link: str = "", reason: str = ""
) -> list[int]:
    """Ask the customers of solved tickets, once per ticket; return the new surveys.

    `link` is the address that the survey's token is appended to.
    """
    lock(Ticket, ticket_ids)
    solved = Ticket.objects.filter(pk__any=ticket_ids, status__in=["SOLVED", "CLOSED"])
    tickets = {t.pk: t for t in solved.filter(survey__isnull=True).order_by("pk")}
    envelopes = {i: e for i, e in read_envelopes(list(tickets)).items() if e.address}
    asked = [t for t in tickets.values() if t.pk in envelopes]
    if not asked:
        return []
    rows = insert_rows(
        Survey,
        {
            "ticket_id": [t.pk for t in asked],
            "order_id": [t.order_id for t in asked],
            "customer_id": [t.customer_id for t in asked],
        },
        constants={"status": SurveyStatus.SENT, "sent_at": now, "score": None, "answered_at": None},
        returning="id, ticket_id, number",
    )
    emit(
        "survey.sent",
        [
            Fact(pk, tickets[ticket_id].order_id, {"ticket": ticket_id})
            for pk, ticket_id, _n in rows
        ],
    )
    queue_messages(
        [
            WriteMessage(
                dedupe_key=f"survey:{pk}",
                recipient=envelopes[ticket_id].address,
                template=TEMPLATE,
                language=envelopes[ticket_id].language,
                values={
                    "number": envelopes[ticket_id].number,
                    "subject": envelopes[ticket_id].subject,
                    "link": f"{link}{token_of(number)}/",
                },
                for_type="support.ticket",
                for_id=ticket_id,
                order_id=tickets[ticket_id].order_id,
            )
            for pk, ticket_id, number in rows
        ],
        now=now,
    )
    return [pk for pk, _t, _n in rows]


@service
def answer_surveys(answers: Sequence[SurveyAnswer], *, now: datetime, reason: str = "") -> Outcome:
    """Take scores down; the first answer counts, a low one opens a ticket."""
    first: dict[int, SurveyAnswer] = {}
    for answer in answers:
        first.setdefault(answer.survey_id, answer)
    outcome = Outcome()
    bad = [i for i, a in first.items() if not 1 <= a.score <= 5]
    checked = SURVEY.check([i for i in first if i not in bad], "answer")
    outcome.moved, outcome.blocked = checked.moved, checked.blocked
    outcome.block(bad, _("A score is one to five."))
    moved = [first[i] for i in outcome.moved]
    if not moved:
        return outcome
    SURVEY.move(
        outcome.moved,
        "answer",
        data={a.survey_id: {"score": a.score} for a in moved},
        values={
            "score": per_row(Survey, "score", {a.survey_id: a.score for a in moved}),
            "comment": per_row(Survey, "comment", {a.survey_id: a.comment for a in moved}),
            "answered_at": now,
        },
    )
    _open_low(outcome.moved, now=now)
    return outcome


@service
def record_surveys(
    commands: Sequence[RecordSurvey], *, now: datetime, reason: str = ""
) -> Recorded:
    """Take in reviews from outside, once each; a low score opens a ticket."""
    recorded = Recorded()
    good: dict[int, RecordSurvey] = {}
    for n, command in enumerate(commands):
        if not 1 <= command.score <= 5:
            recorded.refused[n] = "A score is one to five."
        elif not command.external_id or not command.source:
            recorded.refused[n] = "A review has a source and an external id."
        elif command.answered_at < command.sent_at:
            recorded.refused[n] = "The review was answered before it was sent."
        else:
            good[n] = command
    ids = dict(zip(good, next_ids(Survey, len(good)), strict=True))
    created = _insert_reviews(good, ids)
    recorded.created = {n: pk for n, pk in ids.items() if pk in created}
    recorded.existing = _existing({n: c for n, c in good.items() if n not in recorded.created})
    emit(
        "survey.answered",
        [
            Fact(pk, good[n].order_id, {"score": good[n].score}, good[n].answered_at)
            for n, pk in recorded.created.items()
        ],
    )
    languages = {pk: str(good[n].language) for n, pk in recorded.created.items()}
    _open_low(list(recorded.created.values()), now=now, languages=languages)
    return recorded


def _insert_reviews(good: dict[int, RecordSurvey], ids: dict[int, int]) -> set[int]:
    if not good:
        return set()
    commands = good.values()
    rows = insert_rows(
        Survey,
        {
            "id": [ids[n] for n in good],
            "source": [c.source for c in commands],
            "external_id": [c.external_id for c in commands],
            "score": [c.score for c in commands],
            "comment": [c.comment for c in commands],
            "order_id": [c.order_id for c in commands],
            "customer_id": [c.customer_id for c in commands],
            "sent_at": [c.sent_at for c in commands],
            "answered_at": [c.answered_at for c in commands],
        },
        constants={"status": SurveyStatus.ANSWERED, "ticket_id": None},
        on_conflict="ON CONFLICT (source, external_id) WHERE NOT external_id = '' DO NOTHING",
    )
    return {pk for (pk,) in rows}


def _existing(commands: dict[int, RecordSurvey]) -> dict[int, int]:
    if not commands:
        return {}
    rows = execute(
        "SELECT k.n, s.id FROM unnest(%s::int[], %s::text[], %s::text[])"
        " AS k(n, source, external_id) JOIN support_survey s ON s.source = k.source"
        " AND s.external_id = k.external_id AND s.external_id <> ''",
        [
            list(commands),
            [c.source for c in commands.values()],
            [c.external_id for c in commands.values()],
        ],
    )
    return dict(rows)


def _open_low(
    survey_ids: Sequence[int], *, now: datetime, languages: dict[int, str] | None = None
) -> None:
    """Open a ticket for each low score."""
    low = Survey.objects.filter(pk__any=survey_ids, score__lte=LOW).select_related("ticket")
    commands = []
    for survey in low.order_by("pk"):
        ticket = survey.ticket
        commands.append(
            OpenTicket(
                subject=_("The customer is not satisfied: %(score)s of 5")
                % {"score": survey.score},
                body=survey.comment,
                direction=Direction.IN if survey.comment else Direction.INTERNAL,
                priority=Priority.HIGH if survey.score == 1 else Priority.NORMAL,
                skill=ticket.skill if ticket else Skill.GENERAL,
                language=ticket.language if ticket else (languages or {}).get(survey.pk, "en"),
                order_id=survey.order_id,
                customer_id=survey.customer_id,
                requester_email=ticket.requester_email if ticket else "",
                for_type=FOR_TYPE,
                for_id=survey.pk,
                opened_at=survey.answered_at,
            )
        )
    open_tickets(commands, now=now)
