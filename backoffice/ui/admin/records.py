"""Rows that only services write, on a page that is read first, with acts for one and for many."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.ui.admin.acts import ActsMixin
from backoffice.ui.admin.base import ReadOnlyAdmin
from backoffice.ui.admin.pages import PageMixin
from backoffice.ui.dialogs import Button


class RecordAdmin(ActsMixin, PageMixin, ReadOnlyAdmin):
    """A row that only services write: read first, with the acts that it needs."""

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        return self.has_operate_permission(request)

    def page_buttons(self, request: HttpRequest, row: Any) -> list[Button]:
        return self.act_buttons(request, row)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        if self.has_act_permission(request):
            for name, act in self.acts.items():
                if act.many is not None:
                    actions[name] = (self._act_on_many, name, act.label)
        return actions

    def _noun(self, count: int) -> Any:
        return self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural

    def _act_on_many(
        self, modeladmin: Any, request: HttpRequest, queryset: Any
    ) -> HttpResponse | None:
        """Ask before an act on many rows; do it once it is confirmed."""
        name = request.POST.get("action", "")
        act = self.acts[name]
        assert act.many is not None
        ids = list(queryset.values_list("pk", flat=True))
        form = act.form(request.POST if request.POST.get("confirmed") else None)
        if not form.is_valid():
            context = self.admin_site.each_context(request) | {
                "title": act.label,
                "opts": self.opts,
                "text": act.text % {"row": f"{len(ids)} {self._noun(len(ids))}"},
                "form": form,
                "ids": ids,
                "bulk_action": name,
                "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            }
            return TemplateResponse(request, "ui/confirm.html", context)
        reason = form.cleaned_data.get("reason", "")
        outcome = act.many(ids, now=timezone.now(), reason=reason)
        if outcome.moved:
            text = _("%(verb)s: %(n)s done.")
            messages.success(request, text % {"verb": act.label, "n": len(outcome.moved)})
        for why in sorted({str(r) for reasons in outcome.blocked.values() for r in reasons}):
            messages.error(request, why)
        return None
