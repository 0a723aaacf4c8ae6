"""What must always be true of support."""

from backoffice.core.invariants import invariant

invariant(
    "support.solved_after_opened",
    "A ticket is answered and solved after it was opened.",
    """
    SELECT id, number, opened_at, first_responded_at, solved_at FROM support_ticket
    WHERE solved_at < opened_at OR first_responded_at < opened_at
    """,
)
invariant(
    "support.waiting_was_answered",
    "A ticket that waits for its customer has been answered.",
    """
    SELECT id, number FROM support_ticket t WHERE status = 'WAITING'
      AND (first_responded_at IS NULL OR NOT EXISTS (
        SELECT FROM support_message m WHERE m.ticket_id = t.id AND m.direction = 'OUT'))
    """,
)
invariant(
    "support.assignee_is_agent",
    "Who has a ticket in hand is an agent.",
    """
    SELECT t.id, t.number, t.assignee_id FROM support_ticket t
    WHERE t.assignee_id IS NOT NULL AND t.status IN ('OPEN', 'WAITING')
      AND NOT EXISTS (SELECT FROM support_agentprofile a WHERE a.user_id = t.assignee_id)
    """,
    repair="Put the ticket back into its queue.",
)
invariant(
    "support.low_score_has_ticket",
    "A low score has led to a ticket.",
    """
    SELECT s.id, s.number, s.score FROM support_survey s WHERE s.score <= 2
      AND NOT EXISTS (SELECT FROM support_ticket t
        WHERE t.for_type = 'support.survey' AND t.for_id = s.id)
    """,
)
