"""Opening, answering, solving, reopening and closing tickets."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from backoffice.core.models import Event, OutboundMessage
from support.models import Message, Queue, Ticket
from support.services.commands import OpenTicket, Reply, WriteNote
from support.services.conversation import add_notes, reply_to_tickets
from support.services.lifecycle import (
    close_solved_tickets,
    reopen_tickets,
    solve_tickets,
)
from support.services.opening import open_tickets
from support.services.service_levels import watch_service_levels
from support.tokens import token_of
from tests.fixtures.support import OPENED

pytestmark = pytest.mark.usefixtures("actor", "proven")


def kinds(ticket: Ticket) -> list[str]:
    events = Event.objects.filter(subject_type="support.ticket", subject_id=ticket.pk)
    return list(events.order_by("pk").values_list("kind", flat=True))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_a_ticket_is_due_in_business_time():
    opened = open_tickets(
        [OpenTicket("Broken", "It is broken.", priority="HIGH"), OpenTicket("Question")],
        now=at(10, 16, 30),
    )
    high, normal = (Ticket.objects.get(pk=opened.created[n]) for n in (0, 1))
    # High: one hour and eight; normal: four hours and twenty-four; nine to five.
    assert high.first_response_due_at == at(11, 9, 30)
    assert high.solution_due_at == at(11, 16, 30)
    assert normal.first_response_due_at == at(11, 12, 30)
    assert normal.solution_due_at == at(13, 16, 30)
    assert high.status == "NEW"
    assert high.queue.code == "general"
    assert list(high.messages.values_list("direction", "body")) == [("INTERNAL", "It is broken.")]
    assert list(normal.messages.all()) == []
    assert kinds(high) == ["ticket.opened"]


def test_one_open_ticket_per_cause():
    command = OpenTicket("Lost", for_type="x.y", for_id=5)
    first = open_tickets([command, command], now=OPENED)
    assert list(first.created) == [0]
    assert first.existing == {1: first.created[0]}
    again = open_tickets([OpenTicket("Other"), command], now=OPENED)
    assert list(again.created) == [0]
    assert again.existing == {1: first.created[0]}
    solve_tickets([first.created[0]], now=OPENED)
    third = open_tickets([command], now=OPENED)
    assert third.created[0] != first.created[0]
    assert Ticket.objects.filter(for_type="x.y").count() == 2


def test_a_reply_goes_out_and_stops_the_clock(ticket, agent, django_user_model):
    one = ticket()
    outcome = reply_to_tickets([Reply(one.pk, "It left today.")], now=at(10, 10))
    assert outcome.moved == [one.pk]
    one.refresh_from_db()
    assert (one.status, one.first_responded_at, one.waiting_since) == (
        "WAITING",
        at(10, 10),
        at(10, 10),
    )
    sent = OutboundMessage.objects.get(for_type="support.ticket", for_id=one.pk)
    assert sent.recipient == "ada@example.com"
    assert token_of(one.number) in sent.subject
    assert sent.body.startswith("It left today.")
    assert sent.dedupe_key == f"ticket.message:{Message.objects.get().pk}"
    assert kinds(one) == ["ticket.opened", "ticket.replied"]


def test_a_ticket_without_address_is_not_answered(ticket):
    one = ticket(requester_email="")
    outcome = reply_to_tickets([Reply(one.pk, "Hello")], now=OPENED)
    assert outcome.moved == []
    assert "no e-mail address" in str(outcome.blocked[one.pk][0])
    one.refresh_from_db()
    assert one.status == "NEW"
    assert Message.objects.count() == OutboundMessage.objects.count() == 0


def test_who_has_not_read_everything_is_stopped(ticket):
    one = ticket(body="Where is it?", direction="IN")
    seen = Message.objects.get().pk
    add_notes([WriteNote(one.pk, "I take care of it.")], now=OPENED)
    outcome = reply_to_tickets([Reply(one.pk, "Hello", seen=seen)], now=OPENED)
    assert outcome.moved == []
    assert "meanwhile" in str(outcome.blocked[one.pk][0])
    assert Message.objects.filter(direction="OUT").count() == 0
    newest = Message.objects.order_by("-pk")[0].pk
    assert reply_to_tickets([Reply(one.pk, "Hello", seen=newest)], now=OPENED).moved == [one.pk]


def test_two_replies_to_one_ticket_are_refused(ticket):
    one = ticket()
    outcome = reply_to_tickets([Reply(one.pk, "A"), Reply(one.pk, "B")], now=OPENED)
    assert outcome.moved == []
    assert Message.objects.count() == 0


def test_notes_never_go_out(ticket):
    one = ticket()
    add_notes([WriteNote(one.pk, "secret"), WriteNote(one.pk, "more")], now=OPENED)
    assert OutboundMessage.objects.count() == 0
    assert list(one.messages.values_list("direction", flat=True)) == ["INTERNAL"] * 2
    assert kinds(one) == ["ticket.opened", "ticket.noted"]


def test_solve_and_reopen_give_the_rest_of_the_time(ticket):
    one = ticket(at=at(10, 10))
    # Normal: 1440 minutes in days of eight hours from Tuesday 10:00 is Friday 10:00.
    assert one.solution_due_at == at(13, 10)
    assert solve_tickets([one.pk], now=at(10, 12)).moved == [one.pk]
    assert solve_tickets([one.pk], now=at(10, 12)).moved == []
    # Two of the twenty-four hours were used.
    assert reopen_tickets([one.pk], now=at(11, 9)).moved == [one.pk]
    one.refresh_from_db()
    assert (one.status, one.solved_at, one.reopened_count) == ("OPEN", None, 1)
    assert one.solution_due_at == at(13, 15)
    assert kinds(one) == ["ticket.opened", "ticket.solved", "ticket.reopened"]


def test_solved_tickets_close_after_their_queues_days(ticket):
    old, young = ticket(), ticket()
    solve_tickets([old.pk], now=at(10, 12))
    solve_tickets([young.pk], now=at(12, 12))
    Queue.objects.update(close_after_days=3)
    assert close_solved_tickets(now=at(13, 12)).moved == []
    assert close_solved_tickets(now=at(13, 13)).moved == [old.pk]
    assert close_solved_tickets(now=at(13, 13)).moved == []
    young.refresh_from_db()
    assert young.status == "SOLVED"
    assert reopen_tickets([old.pk], now=at(13, 14)).moved == []


def test_messages_cannot_be_changed(ticket):
    ticket(body="Hello", direction="IN")
    for change in (
        lambda: Message.objects.update(body="else"),
        lambda: Message.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert Message.objects.get().body == "Hello"


def test_missed_service_levels_are_marked_once_and_raise_the_ticket(ticket):
    one = ticket(at=at(10, 10))  # due 14:00 and Friday 10:00; warned 30 minutes before
    nothing = {"first": 0, "solution": 0, "at_risk": 0}
    assert watch_service_levels(now=at(10, 13, 29)) == nothing
    assert watch_service_levels(now=at(10, 13, 31)) == nothing | {"at_risk": 1}
    assert watch_service_levels(now=at(10, 14)) == nothing
    # The job was down for three days: both clocks ran out meanwhile.
    assert watch_service_levels(now=at(13, 11)) == nothing | {"first": 1, "solution": 1}
    assert watch_service_levels(now=at(13, 12)) == nothing
    one.refresh_from_db()
    assert one.priority == "URGENT"
    assert one.first_response_breached_at == at(10, 14)
    assert one.solution_breached_at == at(13, 10)
    missed = Event.objects.filter(kind="ticket.breached").order_by("pk")
    assert [(e.data["clock"], e.occurred_at) for e in missed] == [
        ("FIRST_RESPONSE", at(10, 14)),
        ("SOLUTION", at(13, 10)),
    ]


def test_a_waiting_ticket_misses_nothing(ticket):
    one = ticket(at=at(10, 10))
    reply_to_tickets([Reply(one.pk, "What is your address?")], now=at(10, 11))
    assert watch_service_levels(now=at(20, 10)) == {"first": 0, "solution": 0, "at_risk": 0}


def test_the_number_of_statements_does_not_grow(django_assert_num_queries, ticket):
    counts = []
    for n in (1, 40):
        commands = [OpenTicket(f"T{i}", "text", requester_email="a@b.c") for i in range(n)]
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            opened = open_tickets(commands, now=OPENED)
            ids = list(opened.created.values())
            reply_to_tickets([Reply(i, "x") for i in ids], now=OPENED + timedelta(minutes=1))
            solve_tickets(ids, now=OPENED + timedelta(minutes=2))
        counts.append(len(captured))
    assert counts[0] == counts[1]
