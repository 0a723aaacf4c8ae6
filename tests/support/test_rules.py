"""What rules do with tickets."""

from datetime import timedelta

import pytest

from backoffice.core.filtering import select
from backoffice.core.models import Event, OutboundMessage
from backoffice.core.rules.registry import ACTIONS
from support.models import Macro, Message, SlaPolicy, Ticket
from tests.fixtures.rules import acts, do
from tests.fixtures.support import OPENED

SOON = OPENED + timedelta(hours=1)


@pytest.fixture
def macro(db):
    return Macro.objects.create(code="sorry", title="Sorry", body="Sorry about $number.")


def test_a_rule_prioritises_what_was_opened(make_rule, ticket, drain):
    rule = make_rule(
        document="support.ticket",
        event="ticket.opened",
        filter="language=en",
        action="tickets.prioritise",
        parameters={"priority": "HIGH"},
    )
    asked = ticket()

    drain()

    assert acts(rule) == [(asked.pk, "ACTED")]
    assert Ticket.objects.get().priority == "HIGH"
    assert Event.objects.get(kind="ticket.prioritised").data == {"priority": "HIGH"}


def test_a_higher_priority_promises_sooner_a_lower_one_takes_nothing_back(ticket):
    asked = ticket()

    assert do("tickets.prioritise", [asked.pk], now=SOON, priority="URGENT").blocked == {}
    urgent = Ticket.objects.get()
    do("tickets.prioritise", [asked.pk], now=SOON, priority="LOW")
    low = Ticket.objects.get()
    again = do("tickets.prioritise", [asked.pk], now=SOON, priority="LOW")

    policy = SlaPolicy.objects.get(priority="URGENT", is_active=True)
    promised = SOON + timedelta(minutes=policy.first_response_minutes)
    assert urgent.first_response_due_at == min(promised, asked.first_response_due_at)
    assert urgent.solution_due_at < asked.solution_due_at
    assert (low.priority, low.solution_due_at) == ("LOW", urgent.solution_due_at)
    assert [str(why) for why in again.blocked[asked.pk]] == [
        "The ticket has this priority already."
    ]


def test_customers_are_written_to_by_a_macro_in_their_language(ticket, macro):
    english, chinese = ticket(), ticket(language="zh", requester_email="li@example.com")

    done = do("tickets.reply", [english.pk, chinese.pk], now=SOON, macro="sorry")

    assert done.moved == [english.pk]
    assert [str(why) for why in done.blocked[chinese.pk]] == [
        "There is no such macro in the ticket's language."
    ]
    assert Message.objects.get(direction="OUT").body == f"Sorry about {english.number}."
    assert OutboundMessage.objects.get(template_key="ticket.reply").recipient == "ada@example.com"
    assert set(Ticket.objects.values_list("status", flat=True)) == {"WAITING", "NEW"}


def test_a_macro_that_solves_solves(ticket, macro):
    asked = ticket()
    Macro.objects.update(solves=True)

    do("tickets.reply", [asked.pk], now=SOON, macro="sorry")

    assert Ticket.objects.get().status == "SOLVED"


def test_an_agent_gets_as_many_as_they_have_room_for(ticket, agent):
    bob = agent("bob", capacity=1)
    first, second = ticket(), ticket()

    done = do("tickets.assign_to", [first.pk, second.pk], now=SOON, agent="bob")

    assert (done.moved, list(done.blocked)) == ([first.pk], [second.pk])
    assert Ticket.objects.get(pk=first.pk).assignee_id == bob.user_id


def test_tags_are_put_on_and_taken_off_and_found(ticket):
    asked, other = ticket(), ticket()

    assert do("tickets.tag", [asked.pk], now=SOON, tag="VIP").moved == [asked.pk]
    again = do("tickets.tag", [asked.pk, other.pk], now=SOON, tag="VIP")
    off = do("tickets.untag", [other.pk], now=SOON, tag="VIP")

    assert [str(why) for why in again.blocked[asked.pk]] == ["It has this tag already."]
    assert (again.moved, off.moved) == ([other.pk], [other.pk])
    found = select("support.ticket", "tag=VIP", now=SOON)
    assert list(found.values_list("pk", "tags")) == [(asked.pk, ["VIP"])]
    kinds = Event.objects.filter(kind__startswith="ticket.").order_by("pk").values_list("kind")
    assert [kind for (kind,) in kinds][2:] == ["ticket.tagged"] * 2 + ["ticket.untagged"]


def test_a_note_is_written_in_each(ticket):
    pks = [ticket().pk, ticket().pk]

    assert do("tickets.note", pks, now=SOON, text="Look").moved == pks
    assert Message.objects.filter(direction="INTERNAL", body="Look").count() == 2


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ("tickets.reply", {"macro": "nothing"}),
        ("tickets.assign_to", {"agent": "nobody"}),
        ("tickets.prioritise", {"priority": "HUGE"}),
    ],
)
def test_what_is_not_there_is_refused(macro, action, wrong):
    assert set(ACTIONS[action].read(wrong)[1]) == set(wrong)
