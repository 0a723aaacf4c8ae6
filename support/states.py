"""The transition tables of tickets and surveys."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.core.states import Guard, Machine, Transition
from backoffice.core.tags import FEW_TAGS
from support.choices import SurveyStatus, TicketStatus
from support.models import Survey, Ticket

REACHABLE = Guard(
    "reachable",
    Q(customer__email__gt="") | Q(requester_email__gt=""),
    _("There is no e-mail address to answer to: write a note, or call."),
)
NEW, OPEN, WAITING = TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.WAITING
SOLVED, CLOSED = TicketStatus.SOLVED, TicketStatus.CLOSED

TICKET = Machine(
    Ticket,
    [
        Transition(
            "assign",
            _("Assign"),
            [NEW, OPEN],
            OPEN,
            "ticket.assigned",
            permission="support.assign_ticket",
        ),
        Transition(
            "unassign",
            _("Back to the queue"),
            [OPEN],
            OPEN,
            "ticket.unassigned",
            permission="support.assign_ticket",
            guards=[Guard("assigned", Q(assignee__isnull=False), _("No agent has it."))],
        ),
        Transition(
            "reply",
            _("Reply"),
            [NEW, OPEN, WAITING],
            WAITING,
            "ticket.replied",
            permission="support.reply_ticket",
            guards=[REACHABLE],
        ),
        Transition(
            "note",
            _("Add a note"),
            [NEW, OPEN, WAITING, SOLVED, CLOSED],
            None,
            "ticket.noted",
            permission="support.reply_ticket",
        ),
        Transition(
            "prioritise",
            _("Set the priority"),
            [NEW, OPEN, WAITING],
            None,
            "ticket.prioritised",
            permission="support.assign_ticket",
        ),
        Transition(
            "tag",
            _("Tag"),
            list(TicketStatus),
            None,
            "ticket.tagged",
            permission="support.assign_ticket",
            guards=[FEW_TAGS],
        ),
        Transition(
            "untag",
            _("Take a tag off"),
            list(TicketStatus),
            None,
            "ticket.untagged",
            permission="support.assign_ticket",
        ),
        Transition("receive", _("Receive"), [NEW, OPEN], None, "ticket.message_received"),
        Transition("resume", _("Resume"), [WAITING], OPEN, "ticket.resumed"),
        Transition(
            "solve",
            _("Solve"),
            [NEW, OPEN, WAITING],
            SOLVED,
            "ticket.solved",
            permission="support.solve_ticket",
            stamp="solved_at",
        ),
        Transition(
            "reopen",
            _("Reopen"),
            [SOLVED],
            OPEN,
            "ticket.reopened",
            permission="support.solve_ticket",
        ),
        Transition(
            "close",
            _("Close"),
            [SOLVED],
            CLOSED,
            "ticket.closed",
            permission="support.solve_ticket",
            stamp="closed_at",
        ),
    ],
    order_field="order_id",
)

SURVEY = Machine(
    Survey,
    [
        Transition(
            "answer",
            _("Answer"),
            [SurveyStatus.SENT],
            SurveyStatus.ANSWERED,
            "survey.answered",
        ),
    ],
    order_field="order_id",
)
