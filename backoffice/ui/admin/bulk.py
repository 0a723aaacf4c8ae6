"""Verbs over many documents: shown first, done when confirmed, as a job where they are many."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from backoffice.core.jobs import bulk_action, start_job
from backoffice.ui.admin.errands import LOOKED_AT, ErrandsMixin

INLINE_LIMIT = 200


class BulkVerbs(ErrandsMixin):
    """Offer every verb as an action of the list."""

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        for name, service in self.verbs.items() if self.machine else ():
            label = self.machine.transitions[name].label
            inverse = f"{self.opts.label_lower}.{back}" if (back := self.inverses.get(name)) else ""
            bulk_action(f"{self.opts.label_lower}.{name}", label, service, inverse=inverse)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for name in self.verbs if self.machine else ():
            transition = self.machine.transitions[name]
            if self.may(request, transition):
                actions[f"verb_{name}"] = (self._action, f"verb_{name}", transition.label)
        return actions

    def _action(self, modeladmin: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Show what a bulk verb would do; do it once it is confirmed."""
        assert self.machine is not None
        name = request.POST.get("action", "").removeprefix("verb_")
        transition = self.machine.transitions[name]
        ids = list(queryset.values_list("pk", flat=True)[:LOOKED_AT])
        reason = request.POST.get("reason", "")
        if request.POST.get("confirmed") and len(ids) > INLINE_LIMIT:
            action = f"{self.opts.label_lower}.{name}"
            job = start_job(
                action, queryset.values("pk"), user_id=request.user.pk, reason=reason[:300]
            )
            return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))
        if request.POST.get("confirmed"):
            outcome = self._call(transition, ids, timezone.now(), reason[:300])
            self._report(request, transition, outcome)
            return None
        context = self._dialog(request, transition, ids)
        across = request.POST.get("select_across") == "1"
        chosen = request.POST.getlist("_selected_action") if across else ids
        context |= {
            "ids": chosen,
            "bulk_action": f"verb_{name}",
            "across": across,
            "is_job": len(ids) > INLINE_LIMIT,
            "total": queryset.count() if len(ids) == LOOKED_AT else len(ids),
            "looked_at": len(ids),
        }
        return TemplateResponse(request, "ui/verb.html", context)
