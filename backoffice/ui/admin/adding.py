"""Documents that staff begin by a form of its own: asked for (GET), then one service call."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from backoffice.core.extensions import Text
from backoffice.core.states import BlockedError


class AddingMixin:
    """Offer "Add" in the list; `add` makes one service call and returns where to go."""

    add_form: type[forms.Form]
    add_title: Text
    add_note: Text = ""
    add_permission: str

    def add(self, values: dict[str, Any], *, now: datetime) -> tuple[str, list[Text]]:
        """Make it; return its page and what else there is to say. BlockedError where refused."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self.add_permission)  # type: ignore[union-attr]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form; do what it says once it is sent."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.add_form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                url, notes = self.add(form.cleaned_data, now=timezone.now())
            except BlockedError as error:
                for text in error.reasons:
                    form.add_error(None, str(text))
            else:
                for note in notes:
                    messages.warning(request, note)
                return HttpResponseRedirect(url)
        context = self.admin_site.each_context(request) | {  # type: ignore[attr-defined]
            "title": self.add_title,
            "opts": self.opts,  # type: ignore[attr-defined]
            "form": form,
            "text": self.add_note,
            "back": "../",
        }
        return TemplateResponse(request, "ui/confirm.html", context)
