"""What is done to one row beside editing it: asked about (GET), then done (POST)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core.extensions import Text
from backoffice.core.states import BlockedError, Outcome
from backoffice.ui.dialogs import Button


def anybody(request: HttpRequest, row: Any) -> bool:
    """Leave it to the right to change the row."""
    return True


def nothing_against(row: Any) -> list[Text]:
    """Say that the act is always possible."""
    return []


@dataclass(frozen=True, slots=True)
class Act:
    """One such act: `text` may name the `%(row)s`, `run` tells the user what came of it.

    `reasons` says why it is not possible now; `many` is the service that does it to many rows.
    """

    label: Text
    text: Text
    run: Callable[[HttpRequest, Any, datetime, dict[str, Any]], None]
    form: type[forms.Form] = forms.Form
    may: Callable[[HttpRequest, Any], bool] = anybody
    reasons: Callable[[Any], list[Text]] = nothing_against
    many: Callable[..., Outcome] | None = None


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


def act_on_many(
    label: Text,
    text: Text,
    service: Callable[..., Outcome],
    *,
    form: type[forms.Form] = forms.Form,
    reasons: Callable[[Any], list[Text]] = nothing_against,
) -> Act:
    """Return an act by a service `(ids, *, now, reason)`, for one row and for many."""

    def run(request: HttpRequest, row: Any, now: datetime, values: dict[str, Any]) -> None:
        outcome = service([row.pk], now=now, reason=values.get("reason", ""))
        if outcome.blocked:
            raise BlockedError(outcome.blocked[row.pk])
        messages.success(request, _("%(verb)s: done.") % {"verb": label})

    return Act(label, text, run, form=form, reasons=reasons, many=service)


class ActsMixin:
    """Offer acts above the form of a row."""

    acts: Mapping[str, Act] = {}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.act_view)
        return [path("<int:pk>/act/<slug:act>/", view, name=self._act_name), *super().get_urls()]

    @property
    def _act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_act"

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        return self.has_change_permission(request, row)

    def _may_act(self, request: HttpRequest, row: Any, act: Act) -> bool:
        return self.has_act_permission(request, row) and act.may(request, row)

    def act_buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        """Return a button for each act that this user may do, with the reasons against it."""
        return [
            Button(
                name,
                act.label,
                reverse(f"admin:{self._act_name}", args=[row.pk, name]),
                act.reasons(row),
                leads_on=number == 0,
            )
            for number, (name, act) in enumerate(self.acts.items())
            if self._may_act(request, row, act)
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        context["bo_acts"] = self.act_buttons(request, row) if row is not None else []
        return super().render_change_form(request, context, *args, **kwargs)

    def act_view(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """Ask before an act (GET), then do it (POST)."""
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        item = self.acts.get(act)
        if item is None or not self._may_act(request, row, item):
            raise PermissionDenied
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])
        if reasons := item.reasons(row):
            messages.error(request, " ".join(map(str, reasons)))
            return HttpResponseRedirect(back)
        form = item.form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                item.run(request, row, timezone.now(), form.cleaned_data)
            except BlockedError as error:
                messages.error(request, str(error))
            return HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": item.label,
            "opts": self.opts,
            "text": item.text % {"row": row},
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "ui/confirm.html", context)
