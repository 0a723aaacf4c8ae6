"""Screens that tell the database who writes, show history and refuse stale forms."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.admin import SimpleHistoryAdmin

from backoffice.core.actor import transaction
from backoffice.core.locks import lock
from backoffice.ui.timeline import differences

SEEN = "_seen"


class HistoryMixin(SimpleHistoryAdmin):
    """Show what changed, when, by whom and why."""

    object_history_list_template = "ui/history.html"

    def get_urls(self) -> list[Any]:
        # Old versions are not opened in a form: the list of changes tells all.
        return super(SimpleHistoryAdmin, self).get_urls()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        # The history's own page would show what the list does not.
        if self.get_object(request, unquote(object_id)) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if hasattr(self.model, "history"):
            return super().history_view(request, object_id, extra_context)
        return admin.ModelAdmin.history_view(self, request, object_id, extra_context)

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, foreign_keys_are_objs: bool = True
    ) -> None:
        rows = list(historical_records)
        for new, old in zip(rows, rows[1:], strict=False):
            new.history_delta_changes = differences(new, old)


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
            changed = differences(new, old, only=edited)
            if changed:
                text = _("%(who)s changed this meanwhile: %(what)s. Save again to overwrite it.")
                words = {"who": new.history_user, "what": "; ".join(changed)}
                raise ValidationError(text % words)
            return cleaned

    return Fresh
