"""An act that every document can have: a colleague is told, and sees for themselves."""

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.apps import apps
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from backoffice.core.actor import current_actor, service
from backoffice.core.models import User
from backoffice.core.outbound import WriteMessage, queue_messages
from backoffice.core.rules.registry import rule_action
from backoffice.core.states import Outcome

# A longer list is read on the rule's page.
NAMED = 50


def _colleague() -> forms.Field:
    return forms.ModelChoiceField(
        User.objects.filter(is_staff=True, is_active=True).exclude(email=""),
        to_field_name="username",
        label=_("colleague"),
    )


def tells_colleagues(name: str, document: str) -> None:
    """Let rules on a document write to a colleague: one message for all that a run met."""
    app, model = document.split(".")

    @rule_action(
        name,
        document,
        _("Tell a colleague"),
        permission=f"{app}.view_{model}",
        parameters={
            "to": _colleague,
            "text": lambda: forms.CharField(max_length=1000, label=_("text")),
        },
    )
    @service
    def tell(ids: Sequence[int], *, now: datetime, reason: str, to: User, text: str) -> Outcome:
        rows = apps.get_model(document)._base_manager.filter(pk__any=list(ids)).order_by("pk")
        names = [str(row) for row in rows[:NAMED]]
        with override(to.language or "en"):
            if left := len(ids) - len(names):
                names.append(gettext("and %(n)s more") % {"n": left})
            subject = gettext("A rule asks you to look: %(rule)s") % {"rule": reason}
        message = WriteMessage(
            dedupe_key=f"{name}:{current_actor().request_id}:{ids[0]}",
            recipient=to.email,
            subject=subject,
            body="\n".join([text, "", *names, "", reason]),
        )
        queue_messages([message], now=now)
        return Outcome(list(ids))
