"""Who gets a ticket, and that nobody ever holds too many."""

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.models import Event
from support.models import AgentProfile, BusinessCalendar, Ticket
from support.services.assignment import (
    Agent,
    Waiting,
    assign_tickets,
    assign_to,
    plan_assignments,
    unassign_tickets,
)
from support.services.commands import OpenTicket, Reply
from support.services.conversation import reply_to_tickets
from support.services.lifecycle import reopen_tickets, resume_tickets, solve_tickets
from support.services.opening import open_tickets
from tests.fixtures.core import together
from tests.fixtures.support import OPENED

pytestmark = pytest.mark.usefixtures("actor")


def holder(one: Ticket) -> str:
    one.refresh_from_db()
    return one.assignee.username if one.assignee else ""


def test_the_least_loaded_agent_who_can(agent, ticket):
    agent("ann", skills=["GENERAL", "DELIVERY"])
    agent("bob", skills=["GENERAL", "DELIVERY"], capacity=20)
    agent("zoe", skills=["DELIVERY"], languages=["en", "zh"])
    tickets = [ticket(skill="DELIVERY") for _ in range(5)]
    chinese = ticket(skill="DELIVERY", language="zh")
    payment = ticket(skill="PAYMENT")
    outcome = assign_tickets([t.pk for t in [*tickets, chinese, payment]], now=OPENED)
    assert list(outcome.blocked) == [payment.pk]
    # By relative load, then the narrower, then the earlier; bob's tickets weigh half.
    assert [holder(t) for t in tickets] == ["ann", "bob", "zoe", "bob", "ann"]
    assert holder(chinese) == "zoe"
    payment.refresh_from_db()
    assert (payment.status, payment.assignee) == ("NEW", None)
    assert tickets[0].status == "OPEN"
    assert Event.objects.filter(kind="ticket.assigned").count() == 6


def test_the_most_pressing_ticket_goes_first(agent, ticket):
    agent("ann", capacity=3)
    late = ticket(priority="HIGH", at=OPENED - timedelta(days=2))
    low = ticket(priority="LOW")
    high = ticket(priority="HIGH")
    urgent = ticket(priority="URGENT", at=OPENED - timedelta(days=3))
    assert set(assign_tickets(now=OPENED).moved) == {urgent.pk, high.pk, low.pk}
    # What is late already waits behind what can still be met.
    assert holder(late) == ""


def test_nobody_is_hidden_behind_a_full_skill(agent, ticket):
    agent("ann", capacity=2)
    agent("pat", skills=["PAYMENT"], capacity=1)
    for _ in range(6):
        ticket()
    payment = ticket(skill="PAYMENT")
    assert len(assign_tickets(now=OPENED).moved) == 3
    assert holder(payment) == "pat"


def test_a_queue_drains_when_an_agent_has_room_again(agent, ticket, drain):
    agent("ann", capacity=1)
    first, second = ticket(), ticket()
    assert assign_tickets(now=OPENED).moved == [first.pk]
    assert assign_tickets(now=OPENED).moved == []
    solve_tickets([first.pk], now=OPENED)
    drain()
    assert holder(second) == "ann"


def test_who_is_away_or_off_shift_gets_nothing(agent, ticket):
    night = BusinessCalendar.objects.create(name="Night", week={"tue": [["22:00", "24:00"]]})
    agent("ann", is_available=False)
    agent("nick", calendar=night)
    one = ticket()
    assert assign_tickets(now=OPENED).moved == []
    assert assign_tickets(now=OPENED.replace(hour=22)).moved == [one.pk]
    assert holder(one) == "nick"


def test_a_ticket_comes_back_to_its_agent_where_they_have_room(agent, ticket):
    ann = agent("ann", capacity=2)
    agent("bob", capacity=2)
    one = ticket()
    assign_to([one.pk], agent=ann.user_id, now=OPENED)
    reply_to_tickets([Reply(one.pk, "Which size?")], now=OPENED)
    resume_tickets([one.pk], now=OPENED + timedelta(hours=1))
    assert holder(one) == "ann"
    solve_tickets([one.pk], now=OPENED + timedelta(hours=1))
    others = [ticket(), ticket()]
    assign_to([t.pk for t in others], agent=ann.user_id, now=OPENED)
    reopen_tickets([one.pk], now=OPENED + timedelta(hours=2))
    assert holder(one) == "bob"


def test_by_hand_capacity_counts_too(agent, ticket):
    ann = agent("ann", capacity=1, skills=["PRODUCT"], is_available=False)
    one, two = ticket(), ticket()
    outcome = assign_to([one.pk, two.pk], agent=ann.user_id, now=OPENED)
    assert outcome.moved == [one.pk]
    assert "as many" in str(outcome.blocked[two.pk][0])
    assert "already" in str(assign_to([one.pk], agent=ann.user_id, now=OPENED).blocked[one.pk][0])
    nobody = assign_to([two.pk], agent=one.created_by_id, now=OPENED)
    assert "no agent" in str(nobody.blocked[two.pk][0])
    assert unassign_tickets([one.pk, two.pk], now=OPENED).moved == [one.pk]
    assert (holder(one), one.status) == ("", "OPEN")


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_exceed_capacity(agent):
    for name in ("ann", "bob", "cid"):
        agent(name, capacity=7)
    commands = [OpenTicket(f"T{n}") for n in range(60)]
    ids = list(open_tickets(commands, now=OPENED).created.values())
    jobs = [partial(assign_tickets, None, now=OPENED), partial(assign_tickets, ids, now=OPENED)]
    for left in (39, 18, 0):
        # Who does not get the rows is told so; a second round finds what the first left.
        results = together(*jobs, *jobs) + together(jobs[0])
        assert not [r for r in results if isinstance(r, Exception)]
        moved = [i for r in results for i in r.moved]
        assert len(moved) == len(set(moved)) == (18 if left == 0 else 21)
        held = [
            Ticket.objects.filter(status="OPEN", assignee=a.user_id).count()
            for a in AgentProfile.objects.order_by("pk")
        ]
        assert max(held) <= 7
        assert sum(held) == len(moved)
        assert Ticket.objects.filter(status="NEW").count() == left
        solve_tickets(moved, now=OPENED)


agents = st.lists(
    st.builds(
        Agent,
        profile_id=st.integers(1, 99),
        user_id=st.integers(1, 99),
        skills=st.sets(st.sampled_from("AB"), min_size=1).map(sorted),
        languages=st.sets(st.sampled_from(["en", "zh"]), min_size=1).map(sorted),
        capacity=st.integers(1, 4),
        load=st.integers(0, 5),
    ),
    max_size=6,
    unique_by=lambda a: a.user_id,
)
waiting = st.lists(
    st.builds(
        Waiting,
        id=st.integers(1, 999),
        skill=st.sampled_from("AB"),
        language=st.sampled_from(["en", "zh"]),
        last_agent=st.none() | st.integers(1, 99),
    ),
    max_size=20,
    unique_by=lambda t: t.id,
)


@given(agents, waiting)
def test_plans_respect_capacity_and_ability(staff, tickets):
    before = {a.user_id: a.free for a in staff}
    by_user = {a.user_id: a for a in staff}
    plan = plan_assignments(tickets, staff)
    assert set(plan.agent_of) | set(plan.unplaced) == {t.id for t in tickets}
    for ticket in tickets:
        if ticket.id in plan.agent_of:
            chosen = by_user[plan.agent_of[ticket.id]]
            assert ticket.skill in chosen.skills
            assert ticket.language in chosen.languages
        else:
            assert not [
                a
                for a in staff
                if a.free and ticket.skill in a.skills and ticket.language in a.languages
            ]
    given_out = list(plan.agent_of.values())
    assert all(given_out.count(user) <= free for user, free in before.items())
