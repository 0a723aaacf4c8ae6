"""Giving tickets to agents: the least loaded who can, never above capacity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import service
from backoffice.core.locks import lock
from backoffice.core.sql import execute, per_row
from backoffice.core.states import Outcome
from support.models import AgentProfile, Ticket
from support.states import TICKET

CHUNK = 500
NO_AGENT = _("No available agent with this skill and language has room.")

# Of each kind of ticket no more than can be placed, so that none hides the others.
WAITING_TICKETS = """
SELECT id FROM (
  SELECT t.id, row_number() OVER (PARTITION BY t.skill, t.language ORDER BY {order}) AS place
  FROM support_ticket t
  WHERE t.status IN ('NEW', 'OPEN') AND t.assignee_id IS NULL AND t.origin <> 'IMPORT'
    AND EXISTS (SELECT FROM support_agentprofile a WHERE a.id = ANY(%(agents)s)
      AND t.skill = ANY(a.skills) AND t.language = ANY(a.languages))
) waiting WHERE place <= %(free)s ORDER BY place, id LIMIT %(limit)s
"""
# Urgent first; then what can still be met, by its next deadline; what is late already comes last.
NEXT_DUE = (
    "CASE WHEN t.first_responded_at IS NULL THEN t.first_response_due_at ELSE t.solution_due_at END"
)
ORDER = f"(t.priority = 'URGENT') DESC, ({NEXT_DUE} < %(now)s), {NEXT_DUE}, t.id"


@dataclass(slots=True)
class Agent:
    """An agent on shift with their load."""

    profile_id: int
    user_id: int
    skills: Sequence[str]
    languages: Sequence[str]
    capacity: int
    load: int = 0

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.load)

    @property
    def rank(self) -> tuple[Fraction, int, int]:
        """Order agents by relative load, then the more specialised, then the earlier."""
        breadth = len(self.skills) * len(self.languages)
        return Fraction(self.load, self.capacity), breadth, self.profile_id


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that wants an agent."""

    id: int
    skill: str
    language: str
    last_agent: int | None


@dataclass(slots=True)
class Plan:
    """Who gets what."""

    agent_of: dict[int, int] = field(default_factory=dict)
    unplaced: list[int] = field(default_factory=list)


def plan_assignments(tickets: Sequence[Waiting], agents: Sequence[Agent]) -> Plan:
    """Give each ticket, in order, to the agent with the least relative load who can take it.

    A ticket that comes back goes to its last agent where they have room.
    """
    plan = Plan()
    for ticket in tickets:
        able = [
            a
            for a in agents
            if a.free and ticket.skill in a.skills and ticket.language in a.languages
        ]
        if not able:
            plan.unplaced.append(ticket.id)
            continue
        last = [a for a in able if a.user_id == ticket.last_agent]
        chosen = last[0] if last else min(able, key=lambda a: a.rank)
        chosen.load += 1
        plan.agent_of[ticket.id] = chosen.user_id
    return plan


def agents_on_shift(now: datetime) -> list[Agent]:
    """Return the available agents whose working hours include this instant, without loads."""
    profiles = (
        AgentProfile.objects.filter(
            is_active=True, is_available=True, user__is_active=True, capacity__gt=0
        )
        .select_related("calendar")
        .order_by("pk")
    )
    return [
        Agent(p.pk, p.user_id, p.skills, p.languages, p.capacity)
        for p in profiles
        if p.calendar is None or p.calendar.hours.is_open(now)
    ]


def _locked_agents(agents: Sequence[Agent], now: datetime) -> list[Agent]:
    """Lock agents, then read their limits and loads anew: nothing read before the lock counts."""
    ids = set(lock(AgentProfile, [a.profile_id for a in agents]))
    locked = [a for a in agents_on_shift(now) if a.profile_id in ids]
    loads = dict(
        execute(
            "SELECT assignee_id, count(*) FROM support_ticket WHERE assignee_id = ANY(%s)"
            " AND status = 'OPEN' GROUP BY assignee_id",
            [[a.user_id for a in locked]],
        )
    )
    for agent in locked:
        agent.load = loads.get(agent.user_id, 0)
    return locked


@service
def assign_tickets(
    ticket_ids: Sequence[int] | None = None, *, now: datetime, reason: str = ""
) -> Outcome:
    """Give tickets to agents, or without ids what waits in all queues, the most pressing first."""
    agents = agents_on_shift(now)
    if ticket_ids is None:
        ticket_ids = _pressing(agents, now)
    outcome = TICKET.check(ticket_ids, "assign", skip_locked=True)
    if not outcome.moved:
        return outcome
    agents = _locked_agents(agents, now)
    tickets = _waiting(outcome.moved, now)
    plan = plan_assignments(tickets, agents)
    asked = {t.id for t in tickets}
    outcome.block(
        [i for i in outcome.moved if i not in asked], _("An agent has it in hand already.")
    )
    outcome.block(plan.unplaced, NO_AGENT)
    _write(plan.agent_of)
    return outcome


@service
def assign_to(ticket_ids: Sequence[int], *, agent: int, now: datetime, reason: str = "") -> Outcome:
    """Give tickets to one agent by hand: capacity counts, skill, language and shift do not."""
    outcome = TICKET.check(ticket_ids, "assign")
    profile = AgentProfile.objects.filter(user_id=agent, is_active=True).first()
    if profile is None:
        outcome.block(list(outcome.moved), _("This user is no agent."))
        return outcome
    lock(AgentProfile, [profile.pk])
    profile.refresh_from_db()
    load = Ticket.objects.filter(assignee_id=agent, status="OPEN").count()
    held = Ticket.objects.filter(pk__any=outcome.moved, assignee_id=agent)
    outcome.block(held.values_list("pk", flat=True), _("The agent has it in hand already."))
    room = max(0, profile.capacity - load)
    outcome.block(outcome.moved[room:], _("The agent holds as many tickets as they can."))
    _write(dict.fromkeys(outcome.moved, agent))
    return outcome


@service
def unassign_tickets(ticket_ids: Sequence[int], *, now: datetime, reason: str = "") -> Outcome:
    """Put tickets back into their queues."""
    outcome = TICKET.check(ticket_ids, "unassign")
    TICKET.move(outcome.moved, "unassign", values={"assignee_id": None})
    return outcome


def _pressing(agents: Sequence[Agent], now: datetime) -> list[int]:
    """Return what to give out now; loads are read without locks, only to bound the work."""
    loads = dict(
        execute(
            "SELECT assignee_id, count(*) FROM support_ticket WHERE assignee_id = ANY(%s)"
            " AND status = 'OPEN' GROUP BY assignee_id",
            [[a.user_id for a in agents]],
        )
    )
    free = {a.profile_id: a.capacity - loads.get(a.user_id, 0) for a in agents}
    able = [pk for pk, room in free.items() if room > 0]
    if not able:
        return []
    rows = execute(
        WAITING_TICKETS.format(order=ORDER),
        {"agents": able, "free": sum(free[pk] for pk in able), "now": now, "limit": CHUNK},
    )
    return [ticket_id for (ticket_id,) in rows]


def _waiting(ticket_ids: Sequence[int], now: datetime) -> list[Waiting]:
    rows = execute(
        "SELECT t.id, t.skill, t.language, t.last_assignee_id FROM support_ticket t"
        f" WHERE t.id = ANY(%(ids)s) AND t.assignee_id IS NULL ORDER BY {ORDER}",
        {"ids": list(ticket_ids), "now": now},
    )
    return [Waiting(*row) for row in rows]


def _write(agent_of: Mapping[int, int]) -> None:
    ids = sorted(agent_of)
    agent = per_row(Ticket, "assignee_id", agent_of)
    TICKET.move(
        ids,
        "assign",
        data={i: {"agent": agent_of[i]} for i in ids},
        values={"assignee_id": agent, "last_assignee_id": agent},
    )
