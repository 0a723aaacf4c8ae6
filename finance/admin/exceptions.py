"""What the page of an exception asks for: what it belongs to, an account, when, and who."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Dialog, Text, dialog
from backoffice.core.models import User
from backoffice.core.states import BlockedError, Outcome
from backoffice.ui.forms import DocumentForm, LocalDateTimeField
from finance.models import LedgerAccount, Payment, Payout, ReconciliationException, Refund
from finance.selectors.reconciliation import suggestions
from finance.services.clearing import (
    ASKED,
    MatchBySight,
    Subject,
    assign_exceptions,
    book_exceptions,
    match_by_sight,
    put_off_exceptions,
)
from finance.states import CLEARING, EXCEPTION

EXCEPTION_LABEL = "finance.reconciliationexception"
NUMBERED = {"PY-": Payment, "RF-": Refund, "PT-": Payout}


def _reason() -> forms.CharField:
    return forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class MatchForm(DocumentForm):
    """What a row belongs to: suggestions to be ticked, or numbers; other rows of it, too."""

    def prepare(self, document: Any) -> None:
        offered = suggestions([document.row_id]).get(document.row_id, [])
        self.fields["offered"] = forms.MultipleChoiceField(
            label=_("Suggestions"),
            choices=[(s.key, f"{s.name} · {s.money} · {s.reason}") for s in offered],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
        self.fields["numbers"] = forms.CharField(
            label=_("Numbers"),
            required=False,
            help_text=_("Of payments, refunds or payouts (PY-, RF-, PT-), with spaces between."),
        )
        self.fields["others"] = forms.CharField(
            label=_("Other exceptions"),
            required=False,
            help_text=_("Numbers (RX-) of rows that belong to the same document."),
        )
        self.fields["reason"] = _reason()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        subjects: list[Subject] = []
        for key in values.get("offered", []):
            kind, _colon, pk = key.partition(":")
            subjects.append((kind, int(pk)))
        for number in values.get("numbers", "").split():
            model: Any = NUMBERED.get(number[:3])
            found = model and model.objects.filter(number=number).first()
            if not found:
                self.add_error("numbers", _("There is no %s.") % number)
            else:
                subjects.append((found._meta.label_lower, found.pk))
        others = values.get("others", "").split()
        known = dict(
            ReconciliationException.objects.filter(number__in=others).values_list("number", "pk")
        )
        for number in set(others) - set(known):
            self.add_error("others", _("There is no %s.") % number)
        if not subjects and not self.errors:
            raise forms.ValidationError(_("Choose what it belongs to."))
        return values | {"subjects": list(dict.fromkeys(subjects)), "rows": sorted(known.values())}


class BookForm(DocumentForm):
    """To which account a row is booked."""

    def prepare(self, document: Any) -> None:
        accounts = LedgerAccount.objects.filter(is_active=True).order_by("code")
        self.fields["account"] = forms.ModelChoiceField(accounts, label=_("Account"))
        self.fields["words"] = forms.CharField(
            label=_("Words"),
            required=False,
            max_length=80,
            help_text=_("Of a bank's row: what others of its sort contain; a rule is proposed."),
        )
        self.fields["reason"] = _reason()

    @property
    def preview(self) -> list[str]:
        return [_("A rule for rows of this sort is proposed; it does nothing until it is active.")]


class WaitForm(DocumentForm):
    """Until when it waits."""

    until = LocalDateTimeField(label=gettext_lazy("Until"))
    reason = _reason()


class AssignForm(DocumentForm):
    """Who takes care of it."""

    def prepare(self, document: Any) -> None:
        staff = User.objects.filter(is_active=True, is_staff=True).order_by("username")
        self.fields["user"] = forms.ModelChoiceField(staff, label=_("Colleague"), required=False)
        self.fields["user"].initial = document.assignee_id


def _done(outcome: Outcome) -> str:
    for reasons in outcome.blocked.values():
        # Who is asked now is shown by the state; a refusal would take the asking back.
        if reasons != [ASKED]:
            raise BlockedError(reasons)
    return ""


def match(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Match a row with what somebody saw."""
    wanted = MatchBySight(sorted({document.pk, *values["rows"]}), values["subjects"])
    return _done(match_by_sight(wanted, now=now, reason=values["reason"]))


def book(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Book a row to an account."""
    chosen = {"account_id": values["account"].pk, "words": values["words"]}
    return _done(book_exceptions([document.pk], **chosen, now=now, reason=values["reason"]))


def wait(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Put an exception off."""
    until = values["until"]
    return _done(put_off_exceptions([document.pk], until=until, now=now, reason=values["reason"]))


def assign(document: Any, values: Mapping[str, Any], *, now: datetime, key: str) -> str:
    """Give an exception to somebody."""
    user = values["user"]
    return _done(assign_exceptions([document.pk], user_id=user.pk if user else None, now=now))


def _reasons(verb: str) -> Any:
    def told(document: Any) -> list[Text]:
        return EXCEPTION.reasons(document.pk, verb)

    return told


for _name, _label, _form, _act in (
    ("match", gettext_lazy("Match…"), MatchForm, match),
    ("book", gettext_lazy("Book to an account…"), BookForm, book),
    ("wait", gettext_lazy("Wait…"), WaitForm, wait),
    ("assign", gettext_lazy("Assign…"), AssignForm, assign),
):
    dialog(
        EXCEPTION_LABEL,
        Dialog(_name, _label, CLEARING, form=_form, act=_act, reasons=_reasons(_name)),
    )
