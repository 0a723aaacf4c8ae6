"""The ticket's screens."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.actor import transaction
from backoffice.core.states import Outcome
from backoffice.ui.admin import DocumentAdmin
from backoffice.ui.dialogs import Button
from backoffice.ui.display import NOTHING, Cell, badge, column, moments
from support.choices import ACTIVE, COLOURS, Clock
from support.models import Message, Ticket
from support.panels import conversation
from support.selectors.macros import filled_macros
from support.services.assignment import assign_tickets, unassign_tickets
from support.services.commands import Reply, WriteNote
from support.services.conversation import add_notes, reply_to_tickets
from support.services.lifecycle import close_tickets, reopen_tickets, solve_tickets
from support.states import TICKET

WRITTEN = ("reply", "note")


def _due(model: Any) -> Cell:
    show = moments(timezone.now())
    answer, solution = Clock.FIRST_RESPONSE.label, Clock.SOLUTION.label

    def cell(ticket: Ticket) -> str:
        if ticket.status not in ACTIVE:
            return NOTHING
        if ticket.first_responded_at is None:
            return format_html("{} {}", show(ticket.first_response_due_at), answer)
        return format_html("{} {}", show(ticket.solution_due_at), solution)

    return cell


DUE = column("due_at", _due, gettext_lazy("next due"), "solution_due_at", "bo-time")


@admin.register(Ticket)
class TicketAdmin(DocumentAdmin):
    why_no_import = gettext_lazy("Tickets come by mail and from delivery exceptions.")
    search_rank = 6
    tabs = (
        (gettext_lazy("Without agent"), "is_unassigned=true&status=NEW&status=OPEN"),
        (gettext_lazy("Overdue"), "is_overdue=true&status=NEW&status=OPEN"),
        (gettext_lazy("Waiting for customer"), "status=WAITING"),
    )
    machine = TICKET
    inverses = {"assign": "unassign", "solve": "reopen"}
    verbs = {
        "assign": assign_tickets,
        "unassign": unassign_tickets,
        "solve": solve_tickets,
        "reopen": reopen_tickets,
        "close": close_tickets,
    }
    list_display = (
        "number",
        "subject",
        badge("status", COLOURS),
        badge("priority", COLOURS),
        "queue",
        "assignee",
        "opened_at",
        DUE,
    )
    list_select_related = ("queue", "assignee")
    search_fields = ("number__exact", "order__order_number__exact", "requester_email__istartswith")
    search_help_text = gettext_lazy("Ticket number, order number or e-mail address")
    ordering = ("-opened_at", "-id")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("number", "subject", "origin"),
                    ("order", "customer", "requester_email"),
                    ("status", "priority", "queue", "skill", "language", "tags"),
                    ("assignee", "last_assignee", "reopened_count"),
                    ("opened_at", "first_response_due_at", "solution_due_at"),
                    ("first_responded_at", "waiting_since", "solved_at", "closed_at"),
                    ("at_risk_at", "first_response_breached_at", "solution_breached_at"),
                    ("created_by", "modified_by", "updated_at", "version"),
                )
            },
        ),
    )

    def _explained(self, request: HttpRequest, document: Any) -> list[Button]:
        written = []
        for item in TICKET.explain(document.pk):
            name = item.transition.name
            if name in WRITTEN:
                reasons = list(item.reasons)
                if not self.may(request, item.transition):
                    reasons.append(_("You lack the permission for this."))
                url = reverse("admin:support_ticket_verb", args=[document.pk, name])
                written.append(Button(name, item.transition.label, url, reasons))
        return [*written, *super()._explained(request, document)]

    def verb_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Ask for the text of a reply or a note; the other verbs ask for a reason only."""
        if verb not in WRITTEN:
            return super().verb_view(request, pk, verb)
        ticket = get_object_or_404(self.get_queryset(request), pk=pk)
        transition = TICKET.transitions[verb]
        if not self.may(request, transition):
            raise PermissionDenied
        back = reverse("admin:support_ticket_change", args=[pk])
        body = request.POST.get("body", "").strip()
        reasons: list[Any] = []
        if request.method == "POST" and body:
            seen = request.POST.get("seen", "")
            solves = request.POST.get("solve") == "1" and request.user.has_perm(
                "support.solve_ticket"
            )
            outcome = write(
                pk, verb, body, seen=int(seen) if seen.isdecimal() else None, solves=solves
            )
            if not outcome.blocked:
                messages.success(request, _("%(verb)s: done.") % {"verb": transition.label})
                return HttpResponseRedirect(back)
            reasons = outcome.blocked[pk]
        return self._ask(request, ticket, verb, body, reasons, back)

    def _ask(
        self,
        request: HttpRequest,
        ticket: Ticket,
        verb: str,
        body: str,
        reasons: list[Any],
        back: str,
    ) -> HttpResponse:
        macros = filled_macros(ticket) if verb == "reply" else []
        chosen = next((m for m in macros if m.code == request.GET.get("macro")), None)
        newest = Message.objects.filter(ticket=ticket).order_by("-pk").values_list("pk", flat=True)
        context = self.admin_site.each_context(request) | {
            "title": TICKET.transitions[verb].label,
            "opts": self.opts,
            "document": ticket,
            "transition": TICKET.transitions[verb],
            "is_reply": verb == "reply",
            "macros": macros,
            "solves": bool(chosen and chosen.solves),
            "body": body or (chosen.body if chosen else ""),
            "seen": newest.first() or 0,
            "reasons": reasons,
            "back": back,
            "conversation": conversation(ticket, request),
        }
        return TemplateResponse(request, "support/write.html", context)


def write(pk: int, verb: str, body: str, *, seen: int | None, solves: bool) -> Outcome:
    """Write a reply or a note, and solve the ticket in the same transaction where asked."""
    now = timezone.now()
    with transaction(now=now):
        if verb == "note":
            return add_notes([WriteNote(pk, body)], now=now)
        outcome = reply_to_tickets([Reply(pk, body, seen)], now=now)
        if solves and outcome.moved:
            return solve_tickets([pk], now=now)
        return outcome
