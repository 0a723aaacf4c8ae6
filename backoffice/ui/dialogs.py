"""Verbs that ask for more than a reason: a form on a page of its own (GET), then the act (POST)."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.actor import IN_USE
from backoffice.core.extensions import Dialog, Text
from backoffice.core.states import GONE, BlockedError
from backoffice.core.versions import StaleError, unchanged_since


@dataclass(frozen=True, slots=True)
class Button:
    """What may be done to a document, or why not."""

    name: str
    label: Text
    url: str
    reasons: list[Text]
    leads_on: bool = False


class DialogMixin:
    """Serve the dialogs that the floors registered for this document."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.dialog_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_dialog"
        return [path("<int:pk>/do/<slug:name>/", view, name=name), *super().get_urls()]

    def dialog_buttons(self, request: HttpRequest, document: Any) -> list[Button]:
        """Return a button for each dialog, with the reasons why it is not possible."""
        found = []
        for item in extensions.dialogs(self.opts.label_lower).values():
            reasons = list(item.reasons(document))
            if not request.user.has_perm(item.permission):
                reasons.append(_("You lack the permission for this."))
            url = reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_dialog",
                args=[document.pk, item.name],
            )
            found.append(Button(item.name, item.label, url, reasons))
        return found

    def dialog_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Show a dialog's form; do what it says once it is sent."""
        item = extensions.dialogs(self.opts.label_lower).get(name)
        if item is None:
            raise Http404
        document = get_object_or_404(self.get_queryset(request), pk=pk)
        if not (self.has_view_permission(request) and request.user.has_perm(item.permission)):
            raise PermissionDenied
        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[document.pk]
        )
        form = item.form(document, request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            target = self._act(request, item, document, form)
            if target is not None:
                messages.success(request, _("%(verb)s: done.") % {"verb": item.label})
                return HttpResponseRedirect(target or back)
        context = self.admin_site.each_context(request) | {
            "title": item.label,
            "opts": self.opts,
            "document": document,
            "form": form,
            "reasons": item.reasons(document),
            "key": request.POST.get("key") or uuid.uuid4().hex,
            "back": back,
        }
        return TemplateResponse(request, "ui/dialog.html", context)

    def _act(self, request: HttpRequest, item: Dialog, document: Any, form: Any) -> str | None:
        """Do it on the version that the form was opened with; None leaves the reasons in it."""
        seen = request.POST.get("version", "")
        version = int(seen) if seen.isascii() and seen.isdigit() else -1
        now, key = timezone.now(), request.POST.get("key", "")[:40]
        reason = form.cleaned_data.get("reason", "")
        try:
            with unchanged_since(self.model, document.pk, version, now=now, reason=reason):
                return item.act(document, form.cleaned_data, now=now, key=key)
        except BlockedError as error:
            for text in error.reasons:
                form.add_error(None, str(text))
        except StaleError:
            text = _("%(document)s was changed meanwhile: look again, then decide.")
            form.add_error(None, text % {"document": document})
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in IN_USE:
                raise
            form.add_error(None, str(GONE))
        return None
