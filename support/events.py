"""The event kinds of this floor."""

from django.utils.translation import gettext_noop as _

from backoffice.core.events import declare

declare(
    "support",
    "support.ticket",
    {
        "ticket.opened": _("A ticket was opened"),
        "ticket.assigned": _("The ticket went to an agent"),
        "ticket.unassigned": _("The ticket went back to its queue"),
        "ticket.message_received": _("The customer wrote"),
        "ticket.noted": _("An internal note was written"),
        "ticket.replied": _("The customer was answered"),
        "ticket.prioritised": _("The ticket got another priority"),
        "ticket.tagged": _("The ticket got a tag"),
        "ticket.untagged": _("A tag was taken off the ticket"),
        "ticket.resumed": _("The customer answered, the clock runs again"),
        "ticket.at_risk": _("A service level is about to be missed"),
        "ticket.breached": _("A service level was missed"),
        "ticket.solved": _("The ticket was solved"),
        "ticket.reopened": _("The ticket was opened again"),
        "ticket.closed": _("The ticket was closed for good"),
    },
)
declare(
    "support",
    "support.survey",
    {
        "survey.sent": _("The customer was asked how it went"),
        "survey.answered": _("The customer gave a score"),
    },
)

# What their data tells, by name.
KEYS = [_("clock")]
