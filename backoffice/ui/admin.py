"""The base classes of all screens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, models
from django.db.transaction import atomic
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core import extensions
from backoffice.core.actor import IN_USE, transaction
from backoffice.core.jobs import bulk_action, start_job
from backoffice.core.states import GONE, BlockedError, Machine, Outcome, Transition
from backoffice.core.versions import StaleError, unchanged_since
from backoffice.ui.disclosure import disclose
from backoffice.ui.erasure import PERMISSION, ask_to_erase
from backoffice.ui.export import export_csv
from backoffice.ui.history import HistoryMixin, WritingMixin
from backoffice.ui.paginator import BoundedPaginator
from backoffice.ui.timeline import timeline

Service = Callable[..., Outcome]
INLINE_LIMIT = 200


class NeverDeleted:
    """Nothing is deleted in the admin."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(NeverDeleted):
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(ReadOnly, admin.TabularInline):
    """A document's children, to be looked at."""

    extra = 0
    can_delete = False
    show_change_link = False


class BaseAdmin(HistoryMixin):
    """What all lists share."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    actions_selection_counter = True

    class Media:
        css: ClassVar = {"all": ["backoffice/admin.css"]}

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for action, name in self._shared_actions(request):
            actions[name] = (action, name, action.short_description)
        return actions

    def _shared_actions(self, request: HttpRequest) -> Iterator[tuple[Any, str]]:
        yield export_csv, "export_csv"
        if extensions.erasers(self.opts.label_lower) and request.user.has_perm(PERMISSION):  # type: ignore[union-attr]
            yield disclose, "disclose"
            yield ask_to_erase, "ask_to_erase"


class SettingsAdmin(NeverDeleted, WritingMixin, BaseAdmin):
    """Master data in plain forms, kept in history, retired by `is_active`."""


class ReadOnlyAdmin(ReadOnly, BaseAdmin):
    """Rows to be looked at; actions with `permissions=["operate"]` need the right to change."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        change = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return request.user.has_perm(change)  # type: ignore[union-attr]


class DocumentAdmin(ReadOnly, BaseAdmin):
    """A business document: read first, moved by the verbs of its machine."""

    change_form_template = "ui/document.html"
    machine: Machine | None = None
    # Transition name → service(ids, *, now, reason).
    verbs: Mapping[str, Service] = {}
    ordering = ("-id",)

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)
        for name, service in self.verbs.items() if self.machine else ():
            label = self.machine.transitions[name].label  # type: ignore[union-attr]
            bulk_action(f"{self.opts.label_lower}.{name}", label, service)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_verb"
        view = self.admin_site.admin_view(self.verb_view)
        return [path("<int:pk>/verb/<slug:verb>/", view, name=name), *super().get_urls()]

    def may(self, request: HttpRequest, transition: Transition) -> bool:
        change = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return request.user.has_perm(transition.permission or change)  # type: ignore[union-attr]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        document = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if document is not None:
            context |= {
                "bo_verbs": self._explained(request, document),
                "bo_timeline": timeline(document),
                "bo_panels": [
                    (panel.title, panel.render(document, request))
                    for panel in extensions.panels(self.opts.label_lower)
                ],
            }
        return super().change_view(request, object_id, form_url, context)

    def _explained(self, request: HttpRequest, document: models.Model) -> list[dict[str, Any]]:
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
            buttons.append({"label": item.transition.label, "url": url, "reasons": reasons})
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

    def _dialog(
        self, request: HttpRequest, transition: Transition, ids: Sequence[int]
    ) -> dict[str, Any]:
        assert self.machine is not None
        now = timezone.now()
        with transaction(now=now):
            outcome = self.machine.check(ids, transition.name, skip_locked=True)
        label = self.opts.label_lower
        return self.admin_site.each_context(request) | {
            "title": transition.label,
            "opts": self.opts,
            "transition": transition,
            "outcome": outcome,
            "blocked": self._named(outcome),
            "effects": extensions.effects(label, transition.name, outcome.moved, now),
        }

    def _named(self, outcome: Outcome) -> list[tuple[str, list[Any]]]:
        rows = self.model._default_manager.in_bulk(list(outcome.blocked))
        return [(str(rows.get(i, i)), reasons) for i, reasons in list(outcome.blocked.items())[:50]]

    def _call(
        self, transition: Transition, ids: Sequence[int], now: datetime, reason: str
    ) -> Outcome:
        # Inside a transaction a refusal needs a savepoint; outside, the service retries by itself.
        guard = atomic() if connection.in_atomic_block else nullcontext()
        try:
            with guard:
                return self.verbs[transition.name](ids, now=now, reason=reason)
        except BlockedError as error:
            return Outcome(blocked={i: list(error.reasons) for i in ids})
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in IN_USE:
                raise
            return Outcome(blocked={i: [GONE] for i in ids})

    def _report(self, request: HttpRequest, transition: Transition, outcome: Outcome) -> None:
        if outcome.moved:
            text = _("%(verb)s: %(n)s done.")
            messages.success(request, text % {"verb": transition.label, "n": len(outcome.moved)})
        for name, reasons in self._named(outcome):
            messages.error(request, f"{name}: {' '.join(str(r) for r in reasons)}")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        for name in self.verbs if self.machine else ():
            transition = self.machine.transitions[name]  # type: ignore[union-attr]
            if self.may(request, transition):
                actions[f"verb_{name}"] = (self._action, f"verb_{name}", transition.label)
        return actions

    def _action(self, modeladmin: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Show what a bulk verb would do; do it once it is confirmed."""
        assert self.machine is not None
        name = request.POST.get("action", "").removeprefix("verb_")
        transition = self.machine.transitions[name]
        ids = list(queryset.values_list("pk", flat=True))
        reason = request.POST.get("reason", "")
        if request.POST.get("confirmed") and len(ids) > INLINE_LIMIT:
            action = f"{self.opts.label_lower}.{name}"
            job = start_job(action, ids, user_id=request.user.pk, reason=reason)  # type: ignore[arg-type]
            return HttpResponseRedirect(reverse("admin:core_job_change", args=[job.pk]))
        if request.POST.get("confirmed"):
            outcome = self._call(transition, ids, timezone.now(), reason[:300])
            self._report(request, transition, outcome)
            return None
        context = self._dialog(request, transition, ids)
        across = request.POST.get("select_across") == "1"
        chosen = request.POST.getlist("_selected_action") if across else ids
        context |= {"ids": chosen, "bulk_action": f"verb_{name}", "across": across}
        return TemplateResponse(request, "ui/verb.html", context)
