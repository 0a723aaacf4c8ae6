"""Screens that tell the database who writes, show history and refuse stale forms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.core.actor import transaction
from backoffice.core.locks import lock
from backoffice.core.models import Job, Rule
from backoffice.core.wording import told
from backoffice.ui.changes import differences
from backoffice.ui.timeline import names_of

SEEN = "_seen"
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a row's history, ready to be shown."""

    row: Any
    lines: Sequence[str]
    who: str
    why: str
    # What did it beside a request of its own: a job, a rule.
    cause: str
    url: str


class HistoryMixin:
    """Show what changed, when, by whom and why; nothing there leads back to an old state."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        # The history's own page would show what the list does not.
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        if not hasattr(self.model, "history"):
            return admin.ModelAdmin.history_view(self, request, object_id, extra_context)
        before = request.GET.get("before", "")
        if before and not (before.isascii() and before.isdigit() and len(before) < 19):
            raise Http404
        rows = row.history.order_by("-history_id")
        found = list((rows.filter(history_id__lt=before) if before else rows)[: SHOWN + 1])
        context = self.admin_site.each_context(request) | {
            "title": _("History of %(row)s") % {"row": row},
            "opts": self.opts,
            "row": row,
            "versions": _versions(found),
            "is_newest": not before,
            "older": found[SHOWN - 1].history_id if len(found) > SHOWN else "",
        }
        return TemplateResponse(request, "ui/history.html", context)


def _versions(found: Sequence[Any]) -> list[Version]:
    """Return entries as they are shown; the last one beyond a page is only compared with."""
    lines = differences(list(pairwise(found)))
    entries = found[:SHOWN]
    names = names_of({row.history_user_id for row in entries})
    causes = _causes([row.request_id for row in entries])
    return [
        Version(
            row,
            lines[n] if n < len(lines) else (),
            names.get(row.history_user_id, ""),
            told(row.history_change_reason),
            *causes.get(row.request_id, ("", "")),
        )
        for n, row in enumerate(entries)
    ]


def _causes(requests: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the jobs and rules that requests are named after, each with its address."""
    found: dict[str, tuple[str, str]] = {}
    for kind, model in (("job", Job), ("rule", Rule)):
        named = {r: int(m[1]) for r in requests if (m := re.match(rf"{kind}-([0-9]{{1,18}})", r))}
        rows = model._default_manager.in_bulk(set(named.values())) if named else {}
        for request, key in named.items():
            if key in rows:
                text = f"{model._meta.verbose_name} {key}: {rows[key]}"
                found[request] = text, reverse(f"admin:core_{kind}_change", args=[key])
    return found


class WritingMixin(HistoryMixin):
    """Write forms in a transaction that tells PostgreSQL who acts and when."""

    change_form_template = "ui/settings.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction(now=timezone.now()):
            if object_id is not None:
                key = self.model._meta.pk.to_python(unquote(object_id))
                lock(self.model, [key])
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        context["bo_seen"] = self._newest(obj) if obj is not None else ""
        return super().render_change_form(request, context, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        seen = request.POST.get(SEEN, "")
        if obj is None or not (seen.isascii() and seen.isdigit()):
            return form
        return _refusing_stale(form, obj, int(seen))

    def _newest(self, obj: Any) -> Any:
        if not hasattr(self.model, "history"):
            return ""
        return obj.history.order_by("-history_id").values_list("history_id", flat=True).first()


def _refusing_stale(form: Any, obj: Any, seen: int) -> Any:
    """Return a form that refuses fields which somebody else changed since it was opened."""

    class Fresh(form):  # type: ignore[misc]
        def clean(self) -> Any:
            cleaned = super().clean()
            given = self.cleaned_data if cleaned is None else cleaned
            rows = obj.history.order_by("history_id")
            old = rows.filter(history_id=seen).first()
            new = rows.filter(history_id__gt=seen).last()
            if old is None or new is None:
                return cleaned
            edited = [name for name in self.changed_data if name in given]
            (changed,) = differences([(new, old)], only=edited)
            if changed:
                text = _("%(who)s changed this meanwhile: %(what)s. Save again to overwrite it.")
                words = {"who": new.history_user, "what": "; ".join(changed)}
                raise ValidationError(text % words)
            return cleaned

    return Fresh
