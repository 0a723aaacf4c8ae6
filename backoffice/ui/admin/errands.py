"""Work of several steps that always is a job: looked at first, then started."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.jobs import ACTIONS, BulkAction, start_job
from backoffice.core.states import Outcome
from backoffice.ui.admin.verbs import VerbsMixin
from backoffice.ui.dialogs import Button

# How many documents are looked at before a job is confirmed; the job itself looks at all.
LOOKED_AT = 1000


class ErrandsMixin(VerbsMixin):
    """Offer the bulk actions of a document that have a check, on its list and on its page."""

    @property
    def _errand_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_errand"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.errand_view)
        return [
            path("<int:pk>/job/<slug:name>/", view, name=self._errand_name),
            *super().get_urls(),
        ]

    @property
    def errands(self) -> dict[str, BulkAction]:
        label = f"{self.opts.label_lower}."
        mine = {n: a for n, a in ACTIONS.items() if a.check and n.startswith(label)}
        return {name.removeprefix(label): action for name, action in mine.items()}

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for name, errand in self.errands.items():
            if request.user.has_perms(errand.permissions):
                actions[f"errand_{name}"] = (self._many, f"errand_{name}", errand.label)
        return actions

    def _many(self, modeladmin: Any, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Show what would become of the chosen documents; start the job once confirmed."""
        name = request.POST.get("action", "").removeprefix("errand_")
        errand = self.errands[name]
        if request.POST.get("confirmed"):
            return self._start(request, errand, queryset.values("pk"))
        ids = list(queryset.values_list("pk", flat=True)[:LOOKED_AT])
        across = request.POST.get("select_across") == "1"
        context = self._look(request, errand, ids) | {
            "ids": request.POST.getlist("_selected_action") if across else ids,
            "bulk_action": f"errand_{name}",
            "across": across,
            "total": queryset.count() if len(ids) == LOOKED_AT else len(ids),
            "looked_at": len(ids),
        }
        return TemplateResponse(request, "ui/verb.html", context)

    def errand_buttons(self, request: HttpRequest, document: Any) -> list[Button]:
        """Return a button for each, with the reasons why it is not possible."""
        buttons = []
        for name, errand in self.errands.items():
            assert errand.check is not None
            reasons = errand.check([document.pk], now=timezone.now()).blocked.get(document.pk, [])
            if not request.user.has_perms(errand.permissions):
                reasons = [*reasons, _("You lack the permission for this.")]
            url = reverse(f"admin:{self._errand_name}", args=[document.pk, name])
            buttons.append(Button(name, errand.label, url, list(reasons)))
        return buttons

    def errand_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Ask before the job on one document (GET), then start it (POST)."""
        document = get_object_or_404(self.get_queryset(request), pk=pk)
        errand = self.errands.get(name)
        if errand is None or not request.user.has_perms(errand.permissions):
            raise PermissionDenied
        if request.method == "POST":
            return self._start(request, errand, [pk])
        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[document.pk]
        )
        context = self._look(request, errand, [pk]) | {"document": document, "back": back}
        return TemplateResponse(request, "ui/verb.html", context)

    def _start(self, request: HttpRequest, errand: BulkAction, chosen: Any) -> HttpResponse:
        reason = request.POST.get("reason", "")[:300]
        job = start_job(errand.name, chosen, user_id=request.user.pk or 0, reason=reason)
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))

    def _look(self, request: HttpRequest, errand: BulkAction, ids: Sequence[int]) -> dict[str, Any]:
        assert errand.check is not None
        now = timezone.now()
        outcome: Outcome = errand.check(ids, now=now)
        verb = errand.name.rpartition(".")[2]
        return self.admin_site.each_context(request) | {
            "title": errand.label,
            "opts": self.opts,
            "transition": errand,
            "outcome": outcome,
            "blocked": self._grouped(outcome),
            "effects": extensions.effects(self.opts.label_lower, verb, outcome.moved, now),
            "is_job": True,
        }
