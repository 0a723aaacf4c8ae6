"""Opening tickets: many at once, one open ticket per cause."""

from collections.abc import Sequence
from datetime import datetime

from backoffice.core.actor import service
from backoffice.core.events import Fact, emit
from backoffice.core.sql import execute, insert_rows, next_ids
from support.choices import Skill
from support.models import Message, Queue, Ticket
from support.services.clocks import Level, read_levels
from support.services.commands import Opened, OpenTicket

OPEN_ABOUT = """
SELECT k.n, t.id FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS k(for_type, for_id, n)
JOIN support_ticket t ON t.for_type = k.for_type AND t.for_id = k.for_id
WHERE k.for_type <> '' AND t.for_type <> '' AND t.status IN ('NEW', 'OPEN', 'WAITING')
"""
ONCE = (
    "ON CONFLICT (for_type, for_id) WHERE status IN ('NEW', 'OPEN', 'WAITING')"
    " AND NOT for_type = '' DO NOTHING"
)


class NoQueueError(RuntimeError):
    """There is no active queue: create one for general questions."""


@service
def open_tickets(commands: Sequence[OpenTicket], *, now: datetime, reason: str = "") -> Opened:
    """Open tickets with their first message; where one is open about the same, return that."""
    opened = Opened()
    if not commands:
        return opened
    ids = next_ids(Ticket, len(commands))
    times = [c.opened_at or now for c in commands]
    created = set(_insert(commands, ids, times))
    for n, ticket_id in enumerate(ids):
        if ticket_id in created:
            opened.created[n] = ticket_id
    missing = [n for n in range(len(commands)) if n not in opened.created]
    if missing:
        rows = execute(
            OPEN_ABOUT,
            [[commands[n].for_type for n in missing], [commands[n].for_id for n in missing]],
        )
        opened.existing = {missing[n - 1]: ticket_id for n, ticket_id in rows}
    _insert_messages(commands, opened.created, times)
    emit(
        "ticket.opened",
        [
            Fact(
                ticket_id,
                commands[n].order_id,
                {
                    "priority": str(commands[n].priority),
                    "skill": str(commands[n].skill),
                    "for_type": commands[n].for_type,
                    "for_id": commands[n].for_id,
                    "source": commands[n].source,
                },
                times[n],
            )
            for n, ticket_id in opened.created.items()
        ],
    )
    return opened


def _insert(
    commands: Sequence[OpenTicket], ids: Sequence[int], times: Sequence[datetime]
) -> list[int]:
    levels, queues = read_levels(), _queues()
    dues = [levels.get(c.priority, Level()).due(at) for c, at in zip(commands, times, strict=True)]
    rows = insert_rows(
        Ticket,
        {
            "id": list(ids),
            "subject": [c.subject[:200] for c in commands],
            "order_id": [c.order_id for c in commands],
            "customer_id": [c.customer_id for c in commands],
            "requester_email": [c.requester_email[:254] for c in commands],
            "for_type": [c.for_type for c in commands],
            "for_id": [c.for_id for c in commands],
            "queue_id": [queues.get(c.skill, queues[Skill.GENERAL]) for c in commands],
            "priority": [str(c.priority) for c in commands],
            "skill": [str(c.skill) for c in commands],
            "language": [str(c.language) for c in commands],
            "opened_at": list(times),
            "first_response_due_at": [d.first_response_at for d in dues],
            "solution_due_at": [d.solution_at for d in dues],
        },
        on_conflict=ONCE,
    )
    return [ticket_id for (ticket_id,) in rows]


def _queues() -> dict[str, int]:
    active = Queue.objects.filter(is_active=True).order_by("pk")
    queues = {skill: pk for pk, skill in active.values_list("pk", "skill")}
    if not queues:
        raise NoQueueError("There is no active queue. Create one in Support → Queues.")
    queues.setdefault(Skill.GENERAL, min(queues.values()))
    return queues


def _insert_messages(
    commands: Sequence[OpenTicket], created: dict[int, int], times: Sequence[datetime]
) -> None:
    written = [(ticket_id, commands[n], times[n]) for n, ticket_id in created.items()]
    written = [w for w in written if w[1].body]
    if written:
        insert_rows(
            Message,
            {
                "ticket_id": [ticket_id for ticket_id, _, _ in written],
                "direction": [str(c.direction) for _, c, _ in written],
                "body": [c.body for _, c, _ in written],
                "is_automatic": [c.direction != "IN" for _, c, _ in written],
                "source": [c.source for _, c, _ in written],
                "external_id": [c.external_id for _, c, _ in written],
                "written_at": [at for _, _, at in written],
            },
            constants={"author_id": None},
        )
