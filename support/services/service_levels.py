"""The watch over the clocks: what is at risk, what was missed, what rises because of it."""

from datetime import datetime

from backoffice.core.actor import current_unit, service
from backoffice.core.events import Fact, emit
from backoffice.core.locks import claim
from backoffice.core.sql import execute
from support.choices import Clock

CHUNK = 1000
RISEN = "CASE priority WHEN 'LOW' THEN 'NORMAL' WHEN 'NORMAL' THEN 'HIGH' ELSE 'URGENT' END"
STAMP = "version = version + 1, updated_at = %(now)s, modified_by_id = %(actor)s"
FIRST_MISSED = """
SELECT id FROM support_ticket WHERE status IN ('NEW', 'OPEN') AND origin <> 'IMPORT'
  AND first_responded_at IS NULL AND first_response_breached_at IS NULL
  AND first_response_due_at < %s ORDER BY first_response_due_at, id LIMIT %s
"""
SOLUTION_MISSED = """
SELECT id FROM support_ticket WHERE status IN ('NEW', 'OPEN') AND origin <> 'IMPORT'
  AND solution_breached_at IS NULL AND solution_due_at < %s ORDER BY solution_due_at, id LIMIT %s
"""
AT_RISK = """
SELECT id FROM support_ticket WHERE status IN ('NEW', 'OPEN') AND origin <> 'IMPORT'
  AND at_risk_at IS NULL
  AND least(CASE WHEN first_responded_at IS NULL THEN first_response_due_at END, solution_due_at)
    < %s::timestamptz + interval '1 minute' * (SELECT p.risk_minutes FROM support_slapolicy p
      WHERE p.priority = support_ticket.priority AND p.is_active)
ORDER BY id LIMIT %s
"""


@service
def watch_service_levels(*, now: datetime) -> dict[str, int]:
    """Mark what is missed or about to be; a missed level raises the ticket by one priority.

    A run after a pause finds what fell due meanwhile; each clock of a ticket is told once.
    """
    first = _mark(Clock.FIRST_RESPONSE, FIRST_MISSED, now)
    solution = _mark(Clock.SOLUTION, SOLUTION_MISSED, now)
    return {"first": first, "solution": solution, "at_risk": _mark_at_risk(now)}


def _mark(clock: Clock, due: str, now: datetime) -> int:
    column = {Clock.FIRST_RESPONSE: "first_response", Clock.SOLUTION: "solution"}[clock]
    ids = claim(due, [now, CHUNK])
    # The claim saw the newest row; escalation is part of the same statement.
    rows = execute(
        f"UPDATE support_ticket SET {column}_breached_at = {column}_due_at,"
        f" at_risk_at = coalesce(at_risk_at, %(now)s), priority = {RISEN}, {STAMP}"
        f" WHERE id = ANY(%(ids)s) RETURNING id, order_id, {column}_due_at, priority",
        {"now": now, "actor": current_unit().actor.user_id, "ids": ids},
    )
    emit(
        "ticket.breached",
        [
            Fact(pk, order_id, {"clock": str(clock), "priority": priority}, due_at)
            for pk, order_id, due_at, priority in sorted(rows)
        ],
    )
    return len(rows)


def _mark_at_risk(now: datetime) -> int:
    ids = claim(AT_RISK, [now, CHUNK])
    rows = execute(
        f"UPDATE support_ticket SET at_risk_at = %(now)s, {STAMP}"
        " WHERE id = ANY(%(ids)s) RETURNING id, order_id",
        {"now": now, "actor": current_unit().actor.user_id, "ids": ids},
    )
    emit("ticket.at_risk", [Fact(pk, order_id) for pk, order_id in sorted(rows)])
    return len(rows)
