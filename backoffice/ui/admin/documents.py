"""A business document: read first, moved by the verbs of its machine."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.core import extensions
from backoffice.core.states import Transition
from backoffice.core.versions import StaleError, unchanged_since
from backoffice.ui.admin.base import BaseAdmin, ReadOnly
from backoffice.ui.admin.bulk import BulkVerbs
from backoffice.ui.admin.pages import PageMixin
from backoffice.ui.dialogs import Button, DialogMixin

# States that a verb ends a document with, and None for a verb that leaves it as it is.
ENDS = (None, "CANCELLED", "DISMISSED", "REJECTED", "FAILED")


class DocumentAdmin(DialogMixin, PageMixin, ReadOnly, BulkVerbs, BaseAdmin):
    """A business document: read first, moved by the verbs of its machine."""

    why_no_import = gettext_lazy("These documents arise from the work itself.")
    ordering = ("-id",)
    search_rank = 20

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_verb"
        view = self.admin_site.admin_view(self.verb_view)
        return [path("<int:pk>/verb/<slug:verb>/", view, name=name), *super().get_urls()]

    def page_buttons(self, request: HttpRequest, document: models.Model) -> list[Button]:
        # A dialog stands for the plain verb of the same name, which stays for many at once.
        asked = extensions.dialogs(self.opts.label_lower)
        plain = [b for b in self._explained(request, document) if b.name not in asked]
        errands = self.errand_buttons(request, document)
        return [*plain, *errands, *self.dialog_buttons(request, document)]

    def _explained(self, request: HttpRequest, document: models.Model) -> list[Button]:
        if self.machine is None:
            return []
        buttons = []
        for item in self.machine.explain(document.pk):
            name = item.transition.name
            if name not in self.verbs:
                continue
            reasons = list(item.reasons)
            if not self.may(request, item.transition):
                reasons.append(_("You lack the permission for this."))
            url = reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_verb",
                args=[document.pk, name],
            )
            leads_on = item.transition.to not in (
                None,
                "CANCELLED",
                "DISMISSED",
                "REJECTED",
                "FAILED",
            )
            buttons.append(Button(name, item.transition.label, url, reasons, leads_on))
        return buttons

    def verb_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Ask before a verb (GET), then do it (POST)."""
        document = get_object_or_404(self.get_queryset(request), pk=pk)
        if self.machine is None or verb not in self.verbs:
            raise PermissionDenied
        transition = self.machine.transitions[verb]
        if not self.may(request, transition):
            raise PermissionDenied
        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[document.pk]
        )
        if request.method == "POST":
            self._run_unchanged(request, transition, pk)
            return HttpResponseRedirect(back)
        context = self._dialog(request, transition, [pk]) | {"document": document, "back": back}
        return TemplateResponse(request, "ui/verb.html", context)

    def _run_unchanged(self, request: HttpRequest, transition: Transition, pk: int) -> None:
        """Do a verb on the version that the dialog showed."""
        seen = request.POST.get("version", "")
        version = int(seen) if seen.isascii() and seen.isdigit() else -1
        reason = request.POST.get("reason", "")[:300]
        now = timezone.now()
        try:
            with unchanged_since(self.model, pk, version, now=now, reason=reason):
                outcome = self._call(transition, [pk], now, reason)
        except StaleError:
            fresh = self.get_queryset(request).get(pk=pk)
            text = _("%(document)s was changed meanwhile by %(who)s: look again.")
            messages.error(request, text % {"document": fresh, "who": fresh.modified_by})
        else:
            self._report(request, transition, outcome)
